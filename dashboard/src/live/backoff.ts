/**
 * How long to wait before the next attempt to reach the server. Pure. Each attempt doubles the
 * wait up to a limit, and half of it is random, so that a hundred open pages do not all come back
 * in the same instant.
 */
const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** `failures` in a row, 1 or more; `random` is 0..1. */
export function backoffMs(failures: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return Math.round(full * (0.5 + random / 2));
}
