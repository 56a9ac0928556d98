/** Where the labels and lines of an axis are: at round values, as close as there is room for. Pure. */

/** Seconds: what people count time in. */
const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
] as const;
const VALUE_STEPS = [1, 2, 2.5, 5, 10] as const;

/** `offsetAt`: how far the clocks of the place are ahead of UTC, in seconds, at a moment. */
export function timeTicks(from: number, to: number, most: number, offsetAt: (at: number) => number): number[] {
  const least = (to - from) / Math.max(1, most);
  const step = TIME_STEPS.find((own) => own >= least) ?? TIME_STEPS[TIME_STEPS.length - 1] ?? 1;
  const ticks: number[] = [];
  // Round by the clock of the reader, also where it is put forward or back in between.
  for (let local = Math.ceil((from + offsetAt(from)) / step) * step; ; local += step) {
    const at = local - offsetAt(local - offsetAt(from));
    if (at > to) return ticks;
    if (at >= from && at !== ticks.at(-1)) ticks.push(at);
  }
}

/** How far the clocks of this computer are ahead of UTC, in seconds. */
export function localOffset(at: number): number {
  return -60 * new Date(at * 1000).getTimezoneOffset();
}

/** From zero to `top`, both included where it is round. */
export function valueTicks(top: number, most: number): number[] {
  const least = top / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(least));
  const wide = VALUE_STEPS.filter((own) => own * power >= least * (1 - 1e-9));
  // The head of the axis has a line where that is possible.
  const even = wide.find((own) => Math.abs(top / (own * power) - Math.round(top / (own * power))) < 1e-6);
  const step = (even ?? wide[0] ?? 10) * power;
  const count = Math.floor(top / step + 1e-9);
  // Fractions come out as 0.30000000000000004.
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}
