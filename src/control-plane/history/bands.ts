/**
 * Latency bands: the buckets of a histogram gathered into a few steps of a heat map, five to each
 * power of ten, from 0.25 ms to 10 s. Counts may be added up over any time, so that a heat map of
 * any step is exact.
 */
import { bucketMiddle, HISTOGRAM_BUCKETS } from '../../state/histogram.ts';

/** Where one band ends and the next begins, in milliseconds. */
export const BAND_EDGES_MS: readonly number[] = [
  0.25, 0.4, 0.63, 1, 1.6, 2.5, 4, 6.3, 10, 16, 25, 40, 63, 100, 160, 250, 400, 630, 1000, 1600, 2500, 4000, 6300,
  10_000,
];

export const BAND_COUNT = BAND_EDGES_MS.length + 1;

const BAND_OF_BUCKET = Uint8Array.from({ length: HISTOGRAM_BUCKETS }, (_, bucket) => {
  const middleMs = bucketMiddle(bucket) / 1000;
  const band = BAND_EDGES_MS.findIndex((edge) => middleMs < edge);
  return band === -1 ? BAND_EDGES_MS.length : band;
});

/** The band of a bucket of `state/histogram.ts`. */
export function bandOf(bucket: number): number {
  return BAND_OF_BUCKET[bucket] ?? 0;
}
