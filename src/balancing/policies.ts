/**
 * The register of policies: one line a policy.
 *
 * Everything that lists policies reads this list: config validation, `--help`, the dashboard's
 * menu, the documentation, the shared test-suite and the pick benchmark. A new policy is one new
 * file and one new line at the end. The order is fixed, since shared memory holds the index and
 * each policy's turn counter lies at it: never sort, never remove, add at the end.
 */
import { leastConnections } from './least-connections.ts';
import type { Policy } from './policy.ts';
import { roundRobin } from './round-robin.ts';
import { weightedRoundRobin } from './weighted-round-robin.ts';

export const POLICIES: readonly Policy[] = [
  // A place in this list is a cell in shared memory: add at the end only.
  roundRobin,
  weightedRoundRobin,
  leastConnections,
];

/** The policy of this name, or null where there is none. */
export function policyNamed(name: string): Policy | null {
  return POLICIES[policyIndex(name)] ?? null;
}

/** The place of the policy in the register, or -1 where there is none of this name. */
export function policyIndex(name: string): number {
  return POLICIES.findIndex((policy) => policy.name === name);
}
