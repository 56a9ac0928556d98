/**
 * Panic, for people: whether a pool is in it, and the words. Called by the roster only. Workers
 * decide the same by the same function, from the words in shared memory.
 */
import { rotationOf } from '../../balancing/rotation.ts';
import type { EventLevel } from '../../protocol/dashboard.ts';
import { isAvailable, type RosterPool, standingOf } from './roster-model.ts';

export interface PanicJudgement {
  readonly isPanic: boolean;
  readonly level: EventLevel;
  readonly kind: 'pool-panic' | 'pool-panic-over';
  readonly text: string;
}

/** How the pool stands now. A removed one has no rotation any more. */
export function judgePanic(pool: RosterPool): PanicJudgement {
  const present = pool.backends.filter(({ isRemoved }) => !isRemoved);
  const { panicPercent } = pool.config;
  const { candidates, isPanic } = rotationOf(present.map(standingOf), panicPercent);
  const ready = present.filter((backend) => standingOf(backend).isReady).length;
  const available = `${present.filter(isAvailable).length} of ${ready} ready backends are available`;
  if (!isPanic) {
    // Panic also ends where what was used for want of better is found dead.
    const isServed = candidates.length > 0;
    const text = isServed ? `panic is over: ${available}` : 'panic is over: no backend is left';
    return { isPanic, level: isServed ? 'good' : 'bad', kind: 'pool-panic-over', text };
  }
  const used = `requests go to ${candidates.length}, whatever is known of them`;
  const cause = panicPercent > 0 ? `${available}, and ${panicPercent} % must be` : available;
  return { isPanic, level: 'bad', kind: 'pool-panic', text: `panic: ${cause}; ${used}` };
}
