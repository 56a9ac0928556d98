/**
 * Latency histograms for Prometheus, folded from the fine buckets of shared memory.
 *
 * Each bound lies exactly between two fine buckets, the ones nearest to the round number that
 * people expect, so that every cumulative count is exact and nothing is interpolated. That is why
 * a bound reads 0.001008 and not 0.001.
 */
import { bucketMiddle, bucketOf, bucketStart, HISTOGRAM_BUCKETS } from '../../state/histogram.ts';
import type { Labels, MetricsText } from './metrics-text.ts';

/** From a static file on the same machine to a request that people give up on. */
const WISHED_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface Bound {
  /** First fine bucket above the bound. */
  readonly bucket: number;
  readonly seconds: number;
}

/** The bounds of every latency histogram, ascending; the last one, +Inf, is left out. */
export const BOUNDS: readonly Bound[] = WISHED_SECONDS.map((seconds) => {
  const micros = seconds * 1e6;
  const below = bucketOf(micros);
  const bucket = micros - bucketStart(below) < bucketStart(below + 1) - micros ? below : below + 1;
  return { bucket, seconds: bucketStart(bucket) / 1e6 };
});

/** The sum of all observations in seconds: each stands in the middle of its bucket, within 1.6 %. */
export function sumSeconds(counts: Float64Array): number {
  let micros = 0;
  for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
    const count = counts[bucket] ?? 0;
    if (count !== 0) micros += count * bucketMiddle(bucket);
  }
  return micros / 1e6;
}

/** Writes one histogram into the open family of `text`. */
export function writeHistogram(text: MetricsText, labels: Labels, counts: Float64Array): void {
  let cumulative = 0;
  let bucket = 0;
  const countUpTo = (end: number): number => {
    for (; bucket < end; bucket++) cumulative += counts[bucket] ?? 0;
    return cumulative;
  };
  for (const bound of BOUNDS) {
    text.sample([...labels, ['le', String(bound.seconds)]], countUpTo(bound.bucket), '_bucket');
  }
  const total = countUpTo(HISTOGRAM_BUCKETS);
  text.sample([...labels, ['le', '+Inf']], total, '_bucket');
  text.sample(labels, sumSeconds(counts), '_sum');
  text.sample(labels, total, '_count');
}
