/**
 * The state of a pool, and of everything, in one word: the worst case, in words that the page, its
 * title and its icon take from here. Pure; called for the topics of the live channel.
 */
import type { BackendState } from '../../protocol/admin-api.ts';
import type { RollUp, Severity } from '../../protocol/live.ts';

interface Standing {
  readonly state: BackendState;
  readonly isRemoved: boolean;
}

/** How many backends are in which state. Those that are on their way out count no more. */
export type StateCounts = Readonly<Partial<Record<BackendState, number>>>;

export function countStates(backends: readonly Standing[]): StateCounts {
  const counts: Partial<Record<BackendState, number>> = {};
  for (const { state, isRemoved } of backends) if (!isRemoved) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

export function rollUpPool(states: StateCounts): RollUp {
  const count = Object.values(states).reduce((sum, own) => sum + own, 0);
  const upCount = states.up ?? 0;
  const counts = { upCount, count };
  if (count === 0) return { severity: 'down', words: 'no backends', ...counts };
  if (upCount === count) return { severity: 'up', words: 'all up', ...counts };
  if (upCount > 0) return { severity: 'degraded', words: `degraded ${upCount} of ${count}`, ...counts };
  if ((states.unknown ?? 0) > 0) return { severity: 'unchecked', words: 'unchecked', ...counts };
  return { severity: 'down', words: 'down', ...counts };
}

/** Worst last. */
const ORDER: readonly Severity[] = ['up', 'unchecked', 'degraded', 'down'];

/** The worst pool speaks for all: `all up`, `2 of 5 pools degraded`, `api down`. */
export function rollUpAll(pools: readonly (RollUp & { readonly name: string })[]): Pick<RollUp, 'severity' | 'words'> {
  if (pools.length === 0) return { severity: 'unchecked', words: 'no pools' };
  const severity = pools.reduce<Severity>(
    (worst, pool) => (ORDER.indexOf(pool.severity) > ORDER.indexOf(worst) ? pool.severity : worst),
    'up',
  );
  if (severity === 'up') return { severity, words: 'all up' };
  const affected = pools.filter((pool) => pool.severity === severity);
  const only = affected.length === 1 ? affected[0] : undefined;
  if (only !== undefined) return { severity, words: pools.length === 1 ? only.words : `${only.name} ${only.words}` };
  return { severity, words: `${affected.length} of ${pools.length} pools ${severity}` };
}

/** Worst first, for sorting pools by state. */
export function severityRank(severity: Severity): number {
  return ORDER.length - 1 - ORDER.indexOf(severity);
}

/** Worst first, for sorting backends by state. */
export const STATE_RANK: Readonly<Record<BackendState, number>> = {
  down: 0,
  unresolved: 1,
  ejected: 2,
  unknown: 3,
  draining: 4,
  maintenance: 5,
  up: 6,
};

/** Whether an operator should look at it: a fault, as against something that was asked for. */
export function needsAttention({ state, isRemoved }: Standing): boolean {
  return !isRemoved && (state === 'down' || state === 'ejected' || state === 'unresolved');
}

/** Whether new requests can go to it, while the pool is not in panic. */
export function takesRequests({ state, isRemoved }: Standing): boolean {
  return !isRemoved && (state === 'up' || state === 'unknown');
}
