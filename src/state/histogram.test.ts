import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as hdr from 'hdr-histogram-js';
import {
  bucketMiddle,
  bucketOf,
  bucketStart,
  HISTOGRAM_BUCKETS,
  HISTOGRAM_MAX_MICROS,
  quantilesOf,
} from './histogram.ts';

const QUANTILES = [0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];
const micros = fc.oneof(
  fc.nat(200),
  fc.nat(100_000),
  fc.integer({ min: 0, max: HISTOGRAM_MAX_MICROS - 1 }),
  fc.nat(26).map((bits) => 2 ** bits),
  fc.nat(26).map((bits) => 2 ** bits - 1),
);

function countsOf(values: readonly number[]): Uint32Array {
  const counts = new Uint32Array(HISTOGRAM_BUCKETS);
  for (const value of values) {
    const bucket = bucketOf(value);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

/** The value of rank ceil(q × n), at least 1, of the values themselves. */
function exactQuantile(values: readonly number[], quantile: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(quantile * values.length)) - 1] ?? Number.NaN;
}

describe('buckets', () => {
  it('lie end to end from 0 to the largest value told apart, none wider than 3.2 % of its start', () => {
    assert.equal(bucketStart(0), 0);
    for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
      const start = bucketStart(bucket);
      const end = bucketStart(bucket + 1) - 1;
      assert.equal(bucketOf(start), bucket);
      assert.equal(bucketOf(end), bucket);
      const width = end - start + 1;
      assert.ok(width === 1 || width <= start * 0.032, `bucket ${bucket}: ${start} to ${end}`);
    }
    assert.equal(bucketStart(HISTOGRAM_BUCKETS) - 1, HISTOGRAM_MAX_MICROS);
  });

  it('have each value within their bounds and near their middle', () => {
    fc.assert(
      fc.property(micros, (value) => {
        const bucket = bucketOf(value);
        assert.ok(bucketStart(bucket) <= value && value < bucketStart(bucket + 1));
        assert.ok(Math.abs(bucketMiddle(bucket) - value) <= value * 0.016);
      }),
    );
  });

  it('take values that are no whole number in range', () => {
    assert.equal(bucketOf(12.9), 12);
    assert.equal(bucketOf(0.4), 0);
    assert.equal(bucketOf(-5), 0);
    assert.equal(bucketOf(Number.NaN), 0);
    assert.equal(bucketOf(HISTOGRAM_MAX_MICROS), HISTOGRAM_BUCKETS - 1);
    assert.equal(bucketOf(2 ** 40), HISTOGRAM_BUCKETS - 1);
    assert.equal(bucketOf(Number.POSITIVE_INFINITY), HISTOGRAM_BUCKETS - 1);
  });
});

describe('quantilesOf', () => {
  it('answers null where nothing was counted', () => {
    assert.deepEqual(quantilesOf(new Uint32Array(HISTOGRAM_BUCKETS), [0.5, 0.99]), [null, null]);
    assert.deepEqual(quantilesOf([], [0.5]), [null]);
  });

  it('is within 1.6 % of the value of that rank', () => {
    fc.assert(
      fc.property(fc.array(micros, { minLength: 1, maxLength: 300 }), (values) => {
        quantilesOf(countsOf(values), QUANTILES).forEach((found, index) => {
          const exact = exactQuantile(values, QUANTILES[index] ?? 0);
          assert.ok(found !== null && Math.abs(found - exact) <= exact * 0.016, `${found} for ${exact}`);
        });
      }),
    );
  });

  it('agrees with HdrHistogram', () => {
    fc.assert(
      fc.property(fc.array(micros, { minLength: 1, maxLength: 300 }), (values) => {
        const peer = hdr.build({ highestTrackableValue: 2 ** 28, numberOfSignificantValueDigits: 3 });
        for (const value of values) peer.recordValue(value);
        const found = quantilesOf(countsOf(values), QUANTILES);
        QUANTILES.forEach((quantile, index) => {
          const theirs = peer.getValueAtPercentile(quantile * 100);
          const ours = found[index] ?? Number.NaN;
          // 1.6 % of ours and 0.1 % of theirs.
          assert.ok(Math.abs(ours - theirs) <= theirs * 0.017 + 1, `p${quantile * 100}: ${ours} for ${theirs}`);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('gives for the sum of two histograms what it gives for all values in one', () => {
    fc.assert(
      fc.property(fc.array(micros, { minLength: 1 }), fc.array(micros), (first, second) => {
        const merged = countsOf(first);
        countsOf(second).forEach((count, bucket) => {
          merged[bucket] = (merged[bucket] ?? 0) + count;
        });
        assert.deepEqual(quantilesOf(merged, QUANTILES), quantilesOf(countsOf([...first, ...second]), QUANTILES));
      }),
    );
  });
});
