/** An axis by the logarithm, for latencies: its ends, its lines, and what to do with a zero. Pure. */
import type { Cell } from '../history.ts';

/** Nothing is drawn below it: less than this is not measured. */
const LEAST = 0.01;
/** Labels between the powers of ten as long as the axis is not longer than this. */
const FINE_UP_TO = 1000;
const STEPS = [1, 2, 5, 10] as const;

/** A logarithm knows no zero. */
export function clampedForLog(values: readonly Cell[]): Cell[] {
  return values.map((value) => (value === null ? null : Math.max(LEAST, value)));
}

/** From the round number (1, 2, 5) below the least value to the one above the most. */
export function logRange(least: number | null, most: number | null): [number, number] {
  const low = Math.max(LEAST, least ?? 1);
  const high = Math.max(low, most ?? 10);
  const start = roundDown(low);
  const end = roundUp(high);
  return end > start ? [start, end] : [start, start * 10];
}

const powerOf = (value: number): number => 10 ** Math.floor(Math.log10(value * (1 + 1e-9)));

function roundDown(value: number): number {
  const power = powerOf(value);
  return (STEPS.findLast((step) => step * power <= value * (1 + 1e-9)) ?? 1) * power;
}

function roundUp(value: number): number {
  const power = powerOf(value);
  return (STEPS.find((step) => step * power >= value * (1 - 1e-9)) ?? 10) * power;
}

export function logSplits(least: number, most: number): number[] {
  const steps = most / least > FINE_UP_TO ? [1] : [1, 2, 5];
  const splits: number[] = [];
  for (let power = powerOf(least); power <= most; power *= 10) {
    for (const step of steps) {
      // Powers below 1 come out as 0.30000000000000004.
      const split = Number((step * power).toPrecision(3));
      if (split >= least * (1 - 1e-9) && split <= most * (1 + 1e-9)) splits.push(split);
    }
  }
  return splits;
}
