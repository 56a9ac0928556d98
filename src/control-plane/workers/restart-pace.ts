/**
 * How soon a dead worker is replaced, and when that has become a loop: pure.
 *
 * The first death costs nothing: it was some rare request, and the new thread will do. Threads
 * that die within their first second of work die of their start, or of what every client sends;
 * they are replaced ever more slowly, so that the rest of the machine can go on, but never more
 * slowly than once a second. Whatever age they come to, so many deaths in half a minute are a
 * loop, which is told once and is over when a thread has lived for as long.
 */

/** A thread that has worked longer than this has started well. */
const YOUNG_MS = 1_000;
const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 1_000;
const LOOP_DEATHS = 5;
const LOOP_MS = 30_000;

/** A thread that has worked for so long has got over the loop that it was born in. */
export const RECOVERED_MS = LOOP_MS;

export interface Deaths {
  /** Young deaths in a row. */
  readonly inRow: number;
  /** When the latest ones were, at most as many as make a loop. */
  readonly timesMs: readonly number[];
  /** Told, and not over. */
  readonly isLoop: boolean;
}

export const NO_DEATHS: Deaths = { inRow: 0, timesMs: [], isLoop: false };

export interface NextStart {
  readonly deaths: Deaths;
  /** How long to wait. */
  readonly delayMs: number;
  /** The loop begins with this death. */
  readonly isLoopNew: boolean;
}

/** After one more death. `workedMs`: for how long the thread had accepted clients; 0 if it never did. */
export function afterDeath(before: Deaths, workedMs: number, nowMs: number): NextStart {
  const inRow = workedMs < YOUNG_MS ? before.inRow + 1 : 0;
  const delayMs = inRow <= 1 ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (inRow - 2));
  const timesMs = [...before.timesMs, nowMs].slice(-LOOP_DEATHS);
  const isManyNow = timesMs.length === LOOP_DEATHS && nowMs - (timesMs[0] ?? nowMs) <= LOOP_MS;
  const isLoop = before.isLoop || isManyNow;
  return { deaths: { inRow, timesMs, isLoop }, delayMs, isLoopNew: isLoop && !before.isLoop };
}
