/**
 * What one row of shared memory (a pool or a backend) did in the last ten seconds.
 *
 * Called by the sampler only, once a second. A window never reads a clock: it is told how long
 * the second was. Rates are differences of counters; percentiles come from merged histogram
 * buckets, over all workers and all seconds, and never from averages of percentiles.
 *
 * The buckets of a second are kept sparse, since one second fills a few dozen of the 736; the
 * running sum of the window is dense. Both are whole numbers, so nothing drifts.
 */
import type { LatencyMs } from '../protocol/admin-api.ts';
import { HISTOGRAM_BUCKETS, quantilesOf } from '../state/histogram.ts';

/** Samples of one second each that make a window. */
export const WINDOW_SECONDS = 10;

const NOT_MEASURED: LatencyMs = Object.freeze({ p50: null, p90: null, p95: null, p99: null });
const QUANTILES = [0.5, 0.9, 0.95, 0.99] as const;

/** No bucket grows by this much in a second: such a difference means that the row was cleared. */
const CLEARED = 2 ** 31;

const toMs = (micros: number | null | undefined): number | null =>
  micros === null || micros === undefined ? null : Math.round(micros) / 1000;

/** The percentiles of dense bucket counts in milliseconds. */
export function latencyOf(counts: ArrayLike<number>): LatencyMs {
  const [p50, p90, p95, p99] = quantilesOf(counts, QUANTILES);
  if (p50 === null) return NOT_MEASURED;
  return { p50: toMs(p50), p90: toMs(p90), p95: toMs(p95), p99: toMs(p99) };
}

/** The growth of a histogram cell, which wraps at 2^32, between two readings. */
export function cellGrowth(now: number, before: number): number {
  const growth = (now - before) >>> 0;
  return growth < CLEARED ? growth : now;
}

/** Counts of the last ten seconds and the time that they took. */
export class RateWindow {
  readonly #counts = new Float64Array(WINDOW_SECONDS);
  readonly #elapsedMs = new Float64Array(WINDOW_SECONDS);
  #next = 0;

  add(count: number, elapsedMs: number): void {
    this.#counts[this.#next] = count;
    this.#elapsedMs[this.#next] = elapsedMs;
    this.#next = (this.#next + 1) % WINDOW_SECONDS;
  }

  /** Counts a second over as much of the window as has been seen; 0 before the first second. */
  perSecond(): number {
    let count = 0;
    let elapsedMs = 0;
    for (let i = 0; i < WINDOW_SECONDS; i++) {
      count += this.#counts[i] ?? 0;
      elapsedMs += this.#elapsedMs[i] ?? 0;
    }
    return elapsedMs === 0 ? 0 : (count * 1000) / elapsedMs;
  }
}

/** Growth by bucket while one row is read; all 0 in between. */
const grown = new Float64Array(HISTOGRAM_BUCKETS);

/** The buckets that one second filled, ascending. Grows to what was needed and keeps that. */
class SparseCounts {
  length = 0;
  buckets = new Uint16Array(8);
  counts = new Uint32Array(8);

  push(bucket: number, count: number): void {
    if (this.length === this.buckets.length) {
      const buckets = new Uint16Array(this.length * 2);
      const counts = new Uint32Array(this.length * 2);
      buckets.set(this.buckets);
      counts.set(this.counts);
      this.buckets = buckets;
      this.counts = counts;
    }
    this.buckets[this.length] = bucket;
    this.counts[this.length] = count;
    this.length++;
  }
}

/** The latencies of one row: of the last second, of the last ten, and since the row was taken. */
export class LatencyWindow {
  readonly #cells: Uint32Array;
  /** First cell of the row's histogram, by worker. */
  readonly #starts: readonly number[];
  /** The cells as last read, by worker and bucket. */
  readonly #previous: Uint32Array;
  readonly #total = new Float64Array(HISTOGRAM_BUCKETS);
  readonly #window = new Uint32Array(HISTOGRAM_BUCKETS);
  readonly #seconds = Array.from({ length: WINDOW_SECONDS }, () => new SparseCounts());
  #current = 0;
  #latency: LatencyMs | null = NOT_MEASURED;

  /** The cells are taken to have been 0 before: a slot is cleared before it is given away. */
  constructor(cells: Uint32Array, starts: readonly number[]) {
    this.#cells = cells;
    this.#starts = starts;
    this.#previous = new Uint32Array(starts.length * HISTOGRAM_BUCKETS);
  }

  /** Ends a second. Without `shouldScan` the cells are left unread: nothing was counted. */
  advance(shouldScan: boolean): void {
    this.#current = (this.#current + 1) % WINDOW_SECONDS;
    const second = this.#second();
    for (let i = 0; i < second.length; i++) {
      const bucket = second.buckets[i] ?? 0;
      this.#window[bucket] = (this.#window[bucket] ?? 0) - (second.counts[i] ?? 0);
    }
    if (second.length > 0) this.#latency = null;
    second.length = 0;
    if (!shouldScan || !this.#takeGrowth()) return;
    for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
      const growth = grown[bucket] as number;
      if (growth === 0) continue;
      second.push(bucket, growth);
      this.#window[bucket] = (this.#window[bucket] as number) + growth;
      this.#total[bucket] = (this.#total[bucket] as number) + growth;
    }
    grown.fill(0);
    this.#latency = null;
  }

  /** Percentiles over the window; the same object until they change. */
  latency(): LatencyMs {
    this.#latency ??= latencyOf(this.#window);
    return this.#latency;
  }

  /** Percentiles of the last second alone. `scratch` is dense, all 0, and is left so. */
  secondLatency(scratch: Uint32Array): LatencyMs {
    const { length, buckets, counts } = this.#second();
    if (length === 0) return NOT_MEASURED;
    for (let i = 0; i < length; i++) scratch[buckets[i] ?? 0] = counts[i] ?? 0;
    const latency = latencyOf(scratch);
    for (let i = 0; i < length; i++) scratch[buckets[i] ?? 0] = 0;
    return latency;
  }

  /** Adds all counts since the row was taken to `into`, up to this moment. */
  addTotals(into: Float64Array): void {
    for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
      into[bucket] = (into[bucket] as number) + (this.#total[bucket] as number);
    }
    for (let worker = 0; worker < this.#starts.length; worker++) {
      const start = this.#starts[worker] ?? 0;
      const base = worker * HISTOGRAM_BUCKETS;
      for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        const now = this.#cells[start + bucket] as number;
        const before = this.#previous[base + bucket] as number;
        if (now !== before) into[bucket] = (into[bucket] as number) + cellGrowth(now, before);
      }
    }
  }

  #second(): SparseCounts {
    return this.#seconds[this.#current] as SparseCounts;
  }

  /** Adds the growth of all cells to `grown`; false where there was none. Cell by cell as they lie in memory. */
  #takeGrowth(): boolean {
    const cells = this.#cells;
    const previous = this.#previous;
    let hasGrown = false;
    for (let worker = 0; worker < this.#starts.length; worker++) {
      const start = this.#starts[worker] ?? 0;
      const base = worker * HISTOGRAM_BUCKETS;
      for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        const now = cells[start + bucket] as number;
        const before = previous[base + bucket] as number;
        if (now === before) continue;
        grown[bucket] = (grown[bucket] as number) + cellGrowth(now, before);
        previous[base + bucket] = now;
        hasGrown = true;
      }
    }
    return hasGrown;
  }
}

/** The window of a row in which nothing has been counted yet. */
export function notMeasured(): LatencyMs {
  return NOT_MEASURED;
}
