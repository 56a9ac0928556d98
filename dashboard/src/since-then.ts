/** How a figure stands against what it was: in words that keep their width. Pure; for the tiles. */
import type { Cell } from './history.ts';

/** Less is noise. */
const SAME_BELOW = 0.01;
/** From here on per cent are hard to read. */
const TIMES_FROM = 10;

/**
 * `+12 %`, `−8 %`, `×14`, `no change`; null where there is nothing to compare: it was not measured, or
 * the balancer was not there.
 */
export function sinceThen(now: Cell, then: Cell): string | null {
  if (now === null || then === null) return null;
  if (now === then) return 'no change';
  if (then === 0) return 'from 0';
  const ratio = now / then;
  const change = ratio - 1;
  if (Math.abs(change) < SAME_BELOW) return 'no change';
  if (ratio >= TIMES_FROM) return `×${Math.min(999, Math.round(ratio))}`;
  const percent = `${Math.round(Math.abs(change) * 100)}\u202f%`;
  return change > 0 ? `+${percent}` : `−${percent}`;
}
