/**
 * Latency histograms of fixed, log-linear buckets, after HdrHistogram (Gil Tene).
 *
 * A value is a whole number of microseconds. Below 64 each value has a bucket of its own; above,
 * every power of two is cut into 32 equal buckets, so that a bucket is never wider than 1/32 of
 * its lower bound (3.1 %) and its middle is within 1.6 % of every value in it. Values above
 * about 134 s count in the last bucket.
 *
 * Histograms over the same buckets are merged by adding them up, which is why percentiles over
 * all workers are exact to the bucket. Averages of percentiles are never taken.
 */

const SUB_BUCKET_BITS = 5;
const SUB_BUCKETS = 1 << SUB_BUCKET_BITS;
const MAX_VALUE_BITS = 27;

/** Cells in one histogram. */
export const HISTOGRAM_BUCKETS = SUB_BUCKETS * (MAX_VALUE_BITS - SUB_BUCKET_BITS + 1);

/** The largest value told apart, in microseconds. */
export const HISTOGRAM_MAX_MICROS = 2 ** MAX_VALUE_BITS - 1;

/** The bucket of a latency in microseconds. Fractions are cut; negative values count as 0. */
export function bucketOf(micros: number): number {
  if (micros >= HISTOGRAM_MAX_MICROS) return HISTOGRAM_BUCKETS - 1;
  const value = micros > 0 ? micros | 0 : 0;
  if (value < SUB_BUCKETS * 2) return value;
  const shift = 31 - Math.clz32(value) - SUB_BUCKET_BITS;
  return (shift << SUB_BUCKET_BITS) + (value >> shift);
}

/** The smallest value of a bucket, in microseconds. */
export function bucketStart(bucket: number): number {
  if (bucket < SUB_BUCKETS * 2) return bucket;
  const shift = (bucket >> SUB_BUCKET_BITS) - 1;
  return (bucket - (shift << SUB_BUCKET_BITS)) * 2 ** shift;
}

/** The value that stands for a bucket: the middle of it, in microseconds. */
export function bucketMiddle(bucket: number): number {
  const start = bucketStart(bucket);
  return start + (bucketStart(bucket + 1) - start - 1) / 2;
}

/** Anything with counts by bucket. */
export type Counts = ArrayLike<number>;

/**
 * The value at each of `quantiles` (0..1, ascending) in microseconds, or null where nothing has
 * been counted. The value at q is the middle of the bucket that holds the observation of rank
 * ceil(q × total), at least 1.
 */
export function quantilesOf(counts: Counts, quantiles: readonly number[]): (number | null)[] {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) total += counts[bucket] ?? 0;
  if (total === 0) return quantiles.map(() => null);
  const values: number[] = [];
  let seen = 0;
  let bucket = -1;
  for (const quantile of quantiles) {
    const rank = Math.max(1, Math.ceil(quantile * total));
    while (seen < rank) seen += counts[++bucket] ?? 0;
    values.push(bucketMiddle(bucket));
  }
  return values;
}
