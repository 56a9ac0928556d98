/**
 * Panic, for people: whether a pool is in it, and the words. Called by the roster only. Workers
 * decide the same by the same function, from the words in shared memory.
 */
import { rotationOf } from '../balancing/rotation.ts';
import { isAvailable, type RosterPool, standingOf } from './roster-model.ts';

export interface PanicJudgement {
  readonly isPanic: boolean;
  readonly text: string;
}

/** How the pool stands now. A removed one has no rotation any more. */
export function judgePanic(pool: RosterPool): PanicJudgement {
  const present = pool.backends.filter(({ isRemoved }) => !isRemoved);
  const { panicPercent } = pool.config;
  const { candidates, isPanic } = rotationOf(present.map(standingOf), panicPercent);
  const ready = present.filter((backend) => standingOf(backend).isReady).length;
  const available = `${present.filter(isAvailable).length} of ${ready} ready backends are available`;
  if (!isPanic) return { isPanic, text: `panic is over: ${available}` };
  const used = `requests go to ${candidates.length}, whatever is known of them`;
  const cause = panicPercent > 0 ? `${available}, and ${panicPercent} % must be` : available;
  return { isPanic, text: `panic: ${cause}; ${used}` };
}
