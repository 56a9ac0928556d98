/**
 * Who of a pool could be given a request now, why the others could not, and the share of each.
 *
 * Called by the admin API for people who ask. The rotation is that of the workers
 * (`balancing/rotation.ts`), the shares are the policy's own (`pool-shares.ts`), and a backend at
 * its limit is passed over as `data-plane/placement.ts` does it. It changes nothing.
 */
import { isAvailable as isInGoodStanding, rotationOf } from '../../balancing/rotation.ts';
import type { ExplainedBackend, ExplainedPool } from '../../protocol/admin-api.ts';
import { FULL_RAMP } from '../../state/layout.ts';
import { type LoadNow, sharesAmong } from '../roster/pool-shares.ts';
import { type RosterBackend, type RosterPool, standingOf, stateOf } from '../roster/roster-model.ts';

/** Where the pool would leave a request: with a backend, in its queue, or with a failure. */
export type Placing = 'forwarded' | 'queued' | 'POOL_FULL' | 'POOL_UNAVAILABLE';

export interface PoolAnswer {
  readonly pool: ExplainedPool;
  readonly placing: Placing;
}

/** `requestsPerSecond`: what the pool gets now, for policies that follow load. */
export function explainPool(
  pool: RosterPool,
  requestsPerSecond: number,
  loadOf: (backend: RosterBackend) => LoadNow,
): PoolAnswer {
  const present = pool.backends.filter(({ isRemoved }) => !isRemoved);
  const loads = new Map(present.map((backend) => [backend.slot, loadOf(backend)]));
  const { candidates, reserves, isPanic } = rotationOf(present.map(standingOf), pool.config.panicPercent);
  const isFree = (backend: RosterBackend): boolean => !isFull(backend, loads.get(backend.slot)?.inFlight ?? 0);
  const freeOf = (slots: readonly number[]): RosterBackend[] => {
    const asked = new Set(slots);
    return present.filter((backend) => asked.has(backend.slot) && isFree(backend));
  };
  const front = freeOf(candidates);
  const takers = front.length > 0 ? front : freeOf(reserves);
  const taking = new Set(takers);
  const shares = sharesAmong(takers, pool.policy, requestsPerSecond, loadOf);
  const rotating = new Set([...candidates, ...reserves]);

  const backends = pool.backends.map((backend): ExplainedBackend => {
    const isCandidate = taking.has(backend);
    const isAsked = rotating.has(backend.slot) && !backend.isRemoved;
    const reason = isCandidate
      ? whyTaken(backend)
      : isAsked && !isFree(backend)
        ? `full: ${loads.get(backend.slot)?.inFlight ?? 0} in flight, ${placesOf(backend)} allowed`
        : whyNot(backend);
    const share = isCandidate ? (shares.get(backend.id) ?? null) : 0;
    return {
      name: backend.name,
      url: backend.url,
      state: stateOf(backend),
      isBackup: backend.isBackup,
      weight: backend.weight,
      isCandidate,
      reason,
      share: share === null ? null : Math.round(share * 10_000) / 10_000,
    };
  });
  const outOf = pool.config.queue.size > 0 ? 'queued' : 'POOL_FULL';
  return {
    pool: { name: pool.name, policy: pool.policy, isPanic, backends },
    placing: takers.length > 0 ? 'forwarded' : rotating.size > 0 ? outOf : 'POOL_UNAVAILABLE',
  };
}

/** Empty where there is nothing to say: it is in order, and has its whole share. */
function whyTaken(backend: RosterBackend): string {
  if (!isInGoodStanding(standingOf(backend))) return `panic: asked although ${inWords(backend)}`;
  if (backend.ramp < FULL_RAMP) return `slow start: ${(100 * backend.ramp) / FULL_RAMP} % of its share`;
  return '';
}

function whyNot(backend: RosterBackend): string {
  if (!backend.isRemoved && isInGoodStanding(standingOf(backend))) return 'backup: primaries are available';
  return inWords(backend);
}

/** Why a backend was not in rotation a moment ago, as far as that still holds. */
export function whyOut(pools: readonly RosterPool[], pool: string, name: string): string {
  const backends = pools.find((one) => one.name === pool && !one.isRemoved)?.backends ?? [];
  const backend = backends.find((one) => one.name === name);
  if (backend === undefined) return 'removed';
  const isBackAgain = !backend.isRemoved && isInGoodStanding(standingOf(backend));
  return isBackAgain ? 'it was out, and is available again' : inWords(backend);
}

function inWords(backend: RosterBackend): string {
  const state = stateOf(backend);
  return backend.reason === '' ? state : `${state}: ${backend.reason}`;
}

/** Whether its limit over all workers is reached; in its slow start it has a part of it. */
function isFull(backend: RosterBackend, inFlight: number): boolean {
  return backend.maxConnections > 0 && inFlight >= placesOf(backend);
}

function placesOf({ maxConnections, ramp }: RosterBackend): number {
  return Math.ceil((maxConnections * ramp) / FULL_RAMP);
}
