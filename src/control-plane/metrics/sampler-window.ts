/**
 * What one row of shared memory (a pool or a backend) did in the last ten seconds.
 *
 * Called by the sampler only, once a second. A window never reads a clock: it is told how long
 * the second was. Rates are differences of counters; percentiles come from merged histogram
 * buckets, over all workers and all seconds, and never from averages of percentiles.
 *
 * The buckets of a second are kept sparse, since one second fills a few dozen of the 736, and are
 * merged when somebody asks: of 1,000 backends a page shows 100.
 */
import type { LatencyMs } from '../../protocol/admin-api.ts';
import { bucketMiddle, HISTOGRAM_BUCKETS, quantilesOf } from '../../state/histogram.ts';
import type { State } from '../../state/layout.ts';

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

/** The growth of a histogram cell, which wraps at 2^32, between two readings; signs do not matter. */
export function cellGrowth(now: number, before: number): number {
  const growth = (now - before) >>> 0;
  return growth < CLEARED ? growth : now >>> 0;
}

/** Counts of the last ten seconds and the time that they took. */
export class RateWindow {
  readonly #counts = new Float64Array(WINDOW_SECONDS);
  readonly #elapsedMs = new Float64Array(WINDOW_SECONDS);
  #next = 0;
  /** Over the window. */
  #count = 0;
  #windowMs = 0;

  add(count: number, elapsedMs: number): void {
    const next = this.#next;
    this.#count += count - (this.#counts[next] as number);
    this.#windowMs += elapsedMs - (this.#elapsedMs[next] as number);
    this.#counts[next] = count;
    this.#elapsedMs[next] = elapsedMs;
    this.#next = (next + 1) % WINDOW_SECONDS;
  }

  /** Counts a second over as much of the window as has been seen; 0 before the first second. */
  perSecond(): number {
    return this.#windowMs <= 0 ? 0 : (this.#count * 1000) / this.#windowMs;
  }
}

/** Growth by bucket while one row is read, and where it lies; all 0 in between. */
const grown = new Float64Array(HISTOGRAM_BUCKETS);
let lowest = HISTOGRAM_BUCKETS;
let highest = -1;

/** The buckets that one second filled, ascending. Grows to what was needed and keeps that. */
export class SparseCounts {
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

/** The percentiles of one second; all null where nothing was counted. */
export function sparseLatencyOf(second: SparseCounts | null): LatencyMs {
  if (second === null || second.length === 0) return NOT_MEASURED;
  const { length, buckets, counts } = second;
  let total = 0;
  for (let i = 0; i < length; i++) total += counts[i] as number;
  const found: (number | null)[] = [null, null, null, null];
  let seen = 0;
  let next = 0;
  for (let i = 0; i < length && next < QUANTILES.length; i++) {
    seen += counts[i] as number;
    while (next < QUANTILES.length && seen >= Math.ceil((QUANTILES[next] as number) * total)) {
      found[next++] = toMs(bucketMiddle(buckets[i] as number));
    }
  }
  return { p50: found[0] ?? null, p90: found[1] ?? null, p95: found[2] ?? null, p99: found[3] ?? null };
}

/** Dense counts while a window is read; all 0 in between. */
const merged = new Uint32Array(HISTOGRAM_BUCKETS);

/** The window, the second that has begun meanwhile, and one to spare. */
const KEPT_SECONDS = WINDOW_SECONDS + 2;

/** Counts by bucket of the last seconds, second by second. */
export class LatencySeconds {
  readonly #seconds = Array.from({ length: KEPT_SECONDS }, () => new SparseCounts());
  #current = 0;
  #begun = 0;
  #latency: LatencyMs | null = NOT_MEASURED;

  /** How many seconds have begun. */
  get begun(): number {
    return this.#begun;
  }

  /** The second that has ended last. */
  get last(): SparseCounts {
    return this.#seconds[this.#current] as SparseCounts;
  }

  /** Begins a second, empty, and answers it to be filled; the one of ten seconds ago leaves the window. */
  begin(): SparseCounts {
    this.#begun++;
    this.#current = (this.#current + 1) % KEPT_SECONDS;
    const second = this.last;
    second.length = 0;
    if (this.#latency !== NOT_MEASURED) this.#latency = null;
    return second;
  }

  /** To be called when the second that has begun holds something. */
  touch(): void {
    this.#latency = null;
  }

  /** Percentiles over the window, merged when they are asked for; the same object until they can have changed. */
  latency(): LatencyMs {
    this.#latency ??= this.#merge();
    return this.#latency;
  }

  /** Adds the counts of `seconds` (at most 10) that ended before the last `before` to `into`, as far as they are kept. */
  addTo(into: Uint32Array, seconds: number, before = 0): void {
    for (let back = before; back < Math.min(before + seconds, KEPT_SECONDS); back++) {
      const { length, buckets, counts } = this.#seconds[
        (this.#current + KEPT_SECONDS - back) % KEPT_SECONDS
      ] as SparseCounts;
      for (let i = 0; i < length; i++) {
        const bucket = buckets[i] as number;
        into[bucket] = (into[bucket] as number) + (counts[i] as number);
      }
    }
  }

  /** The mean over the window; null where nothing was counted. */
  meanMs(): number | null {
    this.addTo(merged, WINDOW_SECONDS);
    let count = 0;
    let micros = 0;
    for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
      const own = merged[bucket] as number;
      if (own === 0) continue;
      count += own;
      micros += own * bucketMiddle(bucket);
    }
    merged.fill(0);
    return count === 0 ? null : toMs(micros / count);
  }

  #merge(): LatencyMs {
    this.addTo(merged, WINDOW_SECONDS);
    const latency = latencyOf(merged);
    merged.fill(0);
    return latency;
  }
}

const signedViews = new WeakMap<Uint32Array, Int32Array>();

function signedView(cells: Uint32Array): Int32Array {
  let view = signedViews.get(cells);
  if (view === undefined) {
    signedViews.set(cells, (view = new Int32Array(cells.buffer, cells.byteOffset, cells.length)));
  }
  return view;
}

/** The latencies of one row: of the last second, of the last ten, and since the row was taken. */
export class LatencyWindow {
  readonly seconds = new LatencySeconds();
  /** As signed numbers: they are read a million times a second, and small ones are read in half the time. */
  readonly #cells: Int32Array;
  /** First cell of the row's histogram, by worker. */
  readonly #starts: readonly number[];
  /** The cells as last read, by worker and bucket. */
  readonly #previous: Int32Array;
  readonly #total = new Float64Array(HISTOGRAM_BUCKETS);
  readonly #counters: Float64Array;
  /** The counter of what has finished, by worker: each of those has one place in the histogram. */
  readonly #finished: readonly number[];
  /** How many of them have been found in the histogram, by worker. */
  readonly #found: Float64Array;

  /** The cells are taken to have been 0 before: a slot is cleared before it is given away. */
  constructor(state: Pick<State, 'histograms' | 'counters'>, starts: readonly number[], finished: readonly number[]) {
    this.#cells = signedView(state.histograms);
    this.#counters = state.counters;
    this.#starts = starts;
    this.#finished = finished;
    this.#previous = new Int32Array(starts.length * HISTOGRAM_BUCKETS);
    this.#found = new Float64Array(starts.length);
  }

  /** Ends a second. */
  advance(): void {
    const second = this.seconds.begin();
    if (!this.#takeGrowth()) return;
    for (let bucket = lowest; bucket <= highest; bucket++) {
      const growth = grown[bucket] as number;
      if (growth === 0) continue;
      second.push(bucket, growth);
      grown[bucket] = 0;
      this.#total[bucket] = (this.#total[bucket] as number) + growth;
    }
    this.seconds.touch();
  }

  /** Ends a second in which nothing was counted; the cells are left unread. */
  pass(): void {
    this.seconds.begin();
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

  /**
   * Adds the growth of the cells to `grown`, from `lowest` to `highest`; false where there was none.
   * Of each worker's cells it reads no more than it must to find all that has finished: most
   * latencies are in the lower half. What is stored meanwhile beyond that is found the next time.
   */
  #takeGrowth(): boolean {
    lowest = HISTOGRAM_BUCKETS;
    highest = -1;
    for (let worker = 0; worker < this.#starts.length; worker++) {
      const finished = this.#counters[this.#finished[worker] ?? 0] ?? 0;
      const wanted = finished - (this.#found[worker] ?? 0);
      if (wanted <= 0) continue;
      const left = takeCells(
        this.#cells,
        this.#starts[worker] ?? 0,
        this.#previous,
        worker * HISTOGRAM_BUCKETS,
        wanted,
      );
      this.#found[worker] = finished - left;
    }
    return highest >= 0;
  }
}

/**
 * One worker's cells of one row; answers how many of `wanted` were not found. The innermost loop of
 * the sampler: four cells at a time, since nearly all of them stand still.
 */
function takeCells(cells: Int32Array, start: number, previous: Int32Array, base: number, wanted: number): number {
  let left = wanted;
  for (let bucket = 0; bucket < HISTOGRAM_BUCKETS && left > 0; bucket += 4) {
    const now = start + bucket;
    const before = base + bucket;
    const changes =
      ((cells[now] as number) ^ (previous[before] as number)) |
      ((cells[now + 1] as number) ^ (previous[before + 1] as number)) |
      ((cells[now + 2] as number) ^ (previous[before + 2] as number)) |
      ((cells[now + 3] as number) ^ (previous[before + 3] as number));
    if (changes === 0) continue;
    for (let cell = 0; cell < 4; cell++) left -= takeCell(cells, now + cell, previous, before + cell, bucket + cell);
  }
  return left;
}

function takeCell(cells: Int32Array, at: number, previous: Int32Array, before: number, bucket: number): number {
  const now = cells[at] as number;
  const growth = cellGrowth(now, previous[before] as number);
  if (growth === 0) return 0;
  grown[bucket] = (grown[bucket] as number) + growth;
  previous[before] = now;
  if (bucket < lowest) lowest = bucket;
  if (bucket > highest) highest = bucket;
  return growth;
}

/** The window of a row in which nothing has been counted yet. */
export function notMeasured(): LatencyMs {
  return NOT_MEASURED;
}
