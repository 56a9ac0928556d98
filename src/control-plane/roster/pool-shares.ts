/**
 * Shares of a pool's backends, for people: what its policy promises them, and what they would get
 * under another one. The policy itself is asked (`balancing/simulate-shares.ts`), so a new policy
 * is right here and on the page from its first day.
 *
 * Called by the sampler for every status and by the admin API for a preview. It changes nothing.
 */
import { policyNamed } from '../../balancing/policies.ts';
import { rotationOf } from '../../balancing/rotation.ts';
import { type Conditions, promisedShares, simulatedShares } from '../../balancing/simulate-shares.ts';
import { POOL_BOARD, type State } from '../../state/layout.ts';
import { type RosterBackend, type RosterPool, standingOf } from './roster-model.ts';

/** What is known of a backend's load now. */
export interface LoadNow {
  readonly inFlight: number;
  /** How long an attempt takes on it, on average; null where nothing was measured. */
  readonly serviceMs: number | null;
}

/** By the backend's id, 0..1; null where the policy promises nothing. Those out of rotation have 0. */
export type Shares = ReadonlyMap<number, number | null>;

interface Known {
  readonly key: string;
  readonly shares: Shares;
}

const NO_LOAD: LoadNow = { inFlight: 0, serviceMs: null };

const NO_SHARES: Shares = new Map();

export class PromisedShares {
  readonly #state: State;
  readonly #roster: { readonly pools: readonly RosterPool[]; readonly revision: number };
  readonly #known = new WeakMap<RosterPool, Known>();

  constructor(state: State, roster: { readonly pools: readonly RosterPool[]; readonly revision: number }) {
    this.#state = state;
    this.#roster = roster;
  }

  /** Worked out anew only when a word of the pool or the plan has changed. */
  of(poolId: number): Shares {
    const pool = this.#roster.pools.find(({ id }) => id === poolId);
    if (pool === undefined) return NO_SHARES;
    const version = Atomics.load(this.#state.board, this.#state.poolBoard(pool.slot) + POOL_BOARD.VERSION);
    const key = `${version} ${this.#roster.revision} ${pool.policy}`;
    const known = this.#known.get(pool);
    if (known?.key === key) return known.shares;
    const shares = sharesBy(pool, (candidates) => {
      const policy = policyNamed(pool.policy);
      return policy === null
        ? null
        : promisedShares(
            policy,
            conditionsOf(candidates, () => NO_LOAD),
          );
    });
    this.#known.set(pool, { key, shares });
    return shares;
  }
}

/** What each backend would get under this policy if it were applied now. */
export function sharesUnder(
  pool: RosterPool,
  policyName: string,
  requestsPerSecond: number,
  loadOf: (backend: RosterBackend) => LoadNow,
): Shares {
  return sharesBy(pool, (candidates) => asked(candidates, policyName, requestsPerSecond, loadOf));
}

/** What each of these would get under this policy if the choice were among them and nobody else. */
export function sharesAmong(
  candidates: readonly RosterBackend[],
  policyName: string,
  requestsPerSecond: number,
  loadOf: (backend: RosterBackend) => LoadNow,
): Shares {
  const shares = asked(candidates, policyName, requestsPerSecond, loadOf);
  return new Map(candidates.map(({ id }, index) => [id, shares?.[index] ?? null]));
}

function asked(
  candidates: readonly RosterBackend[],
  policyName: string,
  requestsPerSecond: number,
  loadOf: (backend: RosterBackend) => LoadNow,
): readonly number[] | null {
  const policy = policyNamed(policyName);
  return policy === null ? null : simulatedShares(policy, conditionsOf(candidates, loadOf), requestsPerSecond);
}

function sharesBy(pool: RosterPool, ask: (candidates: readonly RosterBackend[]) => readonly number[] | null): Shares {
  const present = pool.backends.filter(({ isRemoved }) => !isRemoved);
  const { candidates } = rotationOf(present.map(standingOf), pool.config.panicPercent);
  const bySlot = new Map(present.map((backend) => [backend.slot, backend]));
  const inRotation = candidates.flatMap((slot) => bySlot.get(slot) ?? []);
  const shares = ask(inRotation);
  const byId = new Map<number, number | null>();
  for (const { id } of pool.backends) byId.set(id, inRotation.length === 0 ? null : 0);
  for (const [index, { id }] of inRotation.entries()) byId.set(id, shares?.[index] ?? null);
  return byId;
}

function conditionsOf(
  candidates: readonly RosterBackend[],
  loadOf: (backend: RosterBackend) => LoadNow,
): readonly Conditions[] {
  return candidates.map((backend) => ({ weight: backend.weight, ramp: backend.ramp, ...loadOf(backend) }));
}
