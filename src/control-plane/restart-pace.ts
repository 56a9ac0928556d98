/**
 * How soon a dead worker is replaced: pure.
 *
 * The first death costs nothing: it was some rare request, and the new thread will do. Threads
 * that die within their first second die of their start, or of what every client sends; they are
 * replaced ever more slowly, so that the rest of the machine can go on, but never more slowly
 * than once a second.
 */

/** A thread that has lived longer than this has started well. */
const YOUNG_MS = 1_000;
const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 1_000;
/** So many young deaths in a row are told as a crash loop; once a loop. */
const LOOP_DEATHS = 5;

export interface Deaths {
  /** Young deaths in a row. */
  readonly inRow: number;
}

export const NO_DEATHS: Deaths = { inRow: 0 };

/** After one more death at the age of `livedMs`: how long to wait, and whether to say that this is a loop. */
export function afterDeath(
  before: Deaths,
  livedMs: number,
): { readonly deaths: Deaths; readonly delayMs: number; readonly isLoop: boolean } {
  if (livedMs >= YOUNG_MS) return { deaths: NO_DEATHS, delayMs: 0, isLoop: false };
  const inRow = before.inRow + 1;
  const delayMs = inRow === 1 ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (inRow - 2));
  return { deaths: { inRow }, delayMs, isLoop: inRow === LOOP_DEATHS };
}
