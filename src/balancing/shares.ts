/**
 * What each candidate may have of a pool's requests: its weight, lowered during its slow start.
 *
 * Asked by the policies when they make a picker, never while picking. Whole numbers, so that
 * shares stay exact: a weight times the tenths of the ramp, in lowest terms, which are the plain
 * weights again once every ramp is full. Where all ramp alike, they share as if none did.
 *
 * A cycle is as long as the sum of the shares, and each step of a ramp lays out a new one in every
 * worker. A thousand backends of uneven weights would take 60 to 130 ms for it, ten times a slow
 * start; beyond `EXACT_SUM_MAX` the ramped weights are therefore rounded to whole weights, which
 * keeps the cycle as long as it is without a ramp.
 */
import type { Loads } from './policy.ts';
import { greatestCommonDivisor } from './smooth-sequence.ts';

/** `Loads.ramp` of a backend that has its whole share. */
const FULL_RAMP = 10;
const EXACT_SUM_MAX = 200_000;

/** @param usesWeights false where only the ramps count */
export function sharesOf(candidates: readonly number[], loads: Loads, usesWeights: boolean): number[] {
  const exact = candidates.map((backend) => (usesWeights ? loads.weight(backend) : 1) * loads.ramp(backend));
  const divisor = exact.reduce(greatestCommonDivisor, 0);
  const sum = exact.reduce((whole, share) => whole + share / divisor, 0);
  if (sum <= EXACT_SUM_MAX) return exact.map((share) => share / divisor);
  return exact.map((share) => Math.max(1, Math.round(share / FULL_RAMP)));
}
