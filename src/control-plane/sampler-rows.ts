/**
 * What the sampler remembers of each row of shared memory from one second to the next.
 *
 * Used by the sampler only. A row belongs to one pool or backend by its `id`, which is never
 * given twice, so a slot that goes to another backend begins a new row here. A row whose request
 * counter stands still costs one read a worker and no look at its histogram, which is what makes
 * a thousand backends cheap.
 */
import type { LatencyMs } from '../protocol/admin-api.ts';
import { HISTOGRAM_BUCKETS } from '../state/histogram.ts';
import { BACKEND_COUNTERS, POOL_COUNTERS, type State } from '../state/layout.ts';
import { POOL_ERROR_CELLS } from './sampler-status.ts';
import { LatencyWindow, notMeasured, RateWindow, WINDOW_SECONDS } from './sampler-window.ts';

/** The window, and the settling second, and the second that takes that one out of the window. */
const SECONDS_TO_EMPTY = WINDOW_SECONDS + 2;

/** Where a row lies: its first cells, by worker. */
interface Place {
  /** The counter of what has finished, relative to the first counter. */
  readonly requests: number;
  readonly counters: readonly number[];
  readonly histograms: readonly number[];
}

const byWorker = (state: State, first: (worker: number) => number): number[] =>
  Array.from({ length: state.capacity.workers }, (_, worker) => first(worker));

export class SampledRow {
  readonly #state: State;
  readonly #place: Place;
  /** Cells whose sum is the number of errors, relative to the first counter. */
  readonly #errorCells: readonly number[];
  readonly #rate = new RateWindow();
  #window: LatencyWindow | null = null;
  #requests = 0;
  #errors = 0;
  /** A worker stores its counter and its buckets one after the other: look once more afterwards. */
  #isSettling = false;
  /** Seconds until the window is known to be empty. */
  #secondsToEmpty = 0;
  #rps = 0;
  #lastRps = 0;
  #lastErrorsPerSecond = 0;

  constructor(state: State, place: Place, errorCells: readonly number[]) {
    this.#state = state;
    this.#place = place;
    this.#errorCells = errorCells;
  }

  static ofPool(state: State, slot: number): SampledRow {
    const place = {
      requests: POOL_COUNTERS.REQUESTS,
      counters: byWorker(state, (worker) => state.poolCounters(worker, slot)),
      histograms: byWorker(state, (worker) => state.poolHistogram(worker, slot)),
    };
    return new SampledRow(state, place, POOL_ERROR_CELLS);
  }

  static ofBackend(state: State, slot: number): SampledRow {
    const place = {
      requests: BACKEND_COUNTERS.REQUESTS,
      counters: byWorker(state, (worker) => state.backendCounters(worker, slot)),
      histograms: byWorker(state, (worker) => state.backendHistogram(worker, slot)),
    };
    return new SampledRow(state, place, []);
  }

  /** Ends a second that took `elapsedMs`. */
  advance(elapsedMs: number): void {
    const requests = this.#sum(this.#place.requests);
    const finished = Math.max(0, requests - this.#requests);
    const hasChanged = requests !== this.#requests;
    this.#requests = requests;
    this.#lastRps = (finished * 1000) / elapsedMs;
    this.#advanceErrors(hasChanged, finished, elapsedMs);
    this.#rate.add(finished, elapsedMs);
    if (hasChanged) this.#secondsToEmpty = SECONDS_TO_EMPTY;
    else if (this.#secondsToEmpty > 0) this.#secondsToEmpty--;
    this.#rps = this.#secondsToEmpty === 0 ? 0 : this.#rate.perSecond();
    const shouldScan = hasChanged || this.#isSettling;
    this.#isSettling = hasChanged;
    if (shouldScan) this.#window ??= new LatencyWindow(this.#state.histograms, this.#place.histograms);
    if (this.#secondsToEmpty > 0 || shouldScan) this.#window?.advance(shouldScan);
  }

  /** Finished a second, over the last ten seconds. */
  get rps(): number {
    return this.#rps;
  }

  /** Finished a second, in the last second. */
  get lastRps(): number {
    return this.#lastRps;
  }

  /** Errors a second, in the last second. */
  get lastErrorsPerSecond(): number {
    return this.#lastErrorsPerSecond;
  }

  /** Over the last ten seconds; the same object until it changes. */
  latency(): LatencyMs {
    return this.#window?.latency() ?? notMeasured();
  }

  /** Of the last second alone. `scratch` is dense, all 0, and is left so. */
  lastLatency(scratch: Uint32Array): LatencyMs {
    return this.#secondsToEmpty === 0 ? notMeasured() : (this.#window?.secondLatency(scratch) ?? notMeasured());
  }

  /** All latencies counted since the row was taken, by fine bucket, up to this moment. */
  latencyTotals(): Float64Array {
    const totals = new Float64Array(HISTOGRAM_BUCKETS);
    if (this.#window === null && this.#sum(this.#place.requests) === 0) return totals;
    this.#window ??= new LatencyWindow(this.#state.histograms, this.#place.histograms);
    this.#window.addTotals(totals);
    return totals;
  }

  #advanceErrors(hasChanged: boolean, finished: number, elapsedMs: number): void {
    this.#lastErrorsPerSecond = 0;
    if (!hasChanged) return;
    let errors = 0;
    for (const cell of this.#errorCells) errors += this.#sum(cell);
    // The cells of one exchange are stored one after the other: never more errors than requests.
    this.#lastErrorsPerSecond = (Math.min(finished, Math.max(0, errors - this.#errors)) * 1000) / elapsedMs;
    this.#errors = errors;
  }

  #sum(cell: number): number {
    let sum = 0;
    for (const first of this.#place.counters) sum += this.#state.counters[first + cell] ?? 0;
    return sum;
  }
}
