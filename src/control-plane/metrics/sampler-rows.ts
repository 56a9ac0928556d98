/**
 * What the sampler remembers of each row of shared memory from one second to the next.
 *
 * Used by the sampler only. A row belongs to one pool or backend by its `id`, which is never
 * given twice, so a slot that goes to another backend begins a new row here. A row whose request
 * counter stands still costs one read a worker and no look at its histogram, which is what makes
 * a thousand backends cheap.
 */
import type { LatencyMs } from '../../protocol/admin-api.ts';
import { HISTOGRAM_BUCKETS } from '../../state/histogram.ts';
import { BACKEND_COUNTERS, POOL_COUNTERS, type State } from '../../state/layout.ts';
import type { Figures } from '../history/figures.ts';
import { BACKEND_ERROR_CELLS, type Gauges, NO_GAUGES, POOL_ERROR_CELLS } from './sampler-status.ts';
import { type LatencySeconds, LatencyWindow, notMeasured, RateWindow, WINDOW_SECONDS } from './sampler-window.ts';

/** The window, and the settling second, and those that take that one out of what is kept. */
const SECONDS_TO_EMPTY = WINDOW_SECONDS + 4;

/** Where a row lies: its first cells, by worker. */
interface Place {
  /** The counter of what has finished, relative to the first counter. */
  readonly requests: number;
  readonly counters: readonly number[];
  readonly histograms: readonly number[];
}

const byWorker = (state: State, first: (worker: number) => number): number[] =>
  Array.from({ length: state.capacity.workers }, (_, worker) => first(worker));

export class SampledRow implements Figures {
  readonly #state: State;
  readonly #place: Place;
  /** Cells whose sum is the number of errors, relative to the first counter. */
  readonly #errorCells: readonly number[];
  /** The counter of retries, relative to the first counter; null where there is none. */
  readonly #retryCell: number | null;
  readonly #rate = new RateWindow();
  readonly #errorRate = new RateWindow();
  #window: LatencyWindow | null = null;
  #requests = 0;
  #errors = 0;
  #retries = 0;
  #gauges: Gauges = NO_GAUGES;
  /** A worker stores its counter and its buckets one after the other: look once more afterwards. */
  #isSettling = false;
  /** Seconds until the window is known to be empty. */
  #secondsToEmpty = 0;
  #rps = 0;
  #errorsPerSecond = 0;
  #lastFinished = 0;
  #lastErrors = 0;
  #lastRetries = 0;

  constructor(state: State, place: Place, errorCells: readonly number[], retryCell: number | null) {
    this.#state = state;
    this.#place = place;
    this.#errorCells = errorCells;
    this.#retryCell = retryCell;
  }

  static ofPool(state: State, slot: number): SampledRow {
    const place = {
      requests: POOL_COUNTERS.REQUESTS,
      counters: byWorker(state, (worker) => state.poolCounters(worker, slot)),
      histograms: byWorker(state, (worker) => state.poolHistogram(worker, slot)),
    };
    return new SampledRow(state, place, POOL_ERROR_CELLS, POOL_COUNTERS.RETRIES);
  }

  static ofBackend(state: State, slot: number): SampledRow {
    const place = {
      requests: BACKEND_COUNTERS.REQUESTS,
      counters: byWorker(state, (worker) => state.backendCounters(worker, slot)),
      histograms: byWorker(state, (worker) => state.backendHistogram(worker, slot)),
    };
    return new SampledRow(state, place, BACKEND_ERROR_CELLS, null);
  }

  /** Ends a second that took `elapsedMs`. */
  advance(elapsedMs: number, gauges: Gauges): void {
    this.#gauges = gauges;
    const requests = this.#sum(this.#place.requests);
    const hasChanged = requests !== this.#requests;
    this.#lastFinished = Math.max(0, requests - this.#requests);
    this.#requests = requests;
    this.#advanceErrors(hasChanged);
    this.#rate.add(this.#lastFinished, elapsedMs);
    this.#errorRate.add(this.#lastErrors, elapsedMs);
    if (hasChanged) this.#secondsToEmpty = SECONDS_TO_EMPTY;
    else if (this.#secondsToEmpty > 0) this.#secondsToEmpty--;
    this.#rps = this.#secondsToEmpty === 0 ? 0 : this.#rate.perSecond();
    this.#errorsPerSecond = this.#secondsToEmpty === 0 ? 0 : this.#errorRate.perSecond();
    const shouldScan = hasChanged || this.#isSettling;
    this.#isSettling = hasChanged;
    if (shouldScan) this.#madeWindow().advance();
    else if (this.#secondsToEmpty > 0) this.#window?.pass();
  }

  /** Finished a second, over the last ten seconds. */
  get rps(): number {
    return this.#rps;
  }

  /** Ended badly, a second, over the last ten seconds. */
  get errorsPerSecond(): number {
    return this.#errorsPerSecond;
  }

  get finished(): number {
    return this.#lastFinished;
  }

  get errors(): number {
    return this.#lastErrors;
  }

  get retries(): number {
    return this.#lastRetries;
  }

  get inFlight(): number {
    return this.#gauges.inFlight;
  }

  get connections(): number {
    return this.#gauges.connections;
  }

  get idleConnections(): number {
    return this.#gauges.idleConnections;
  }

  get queued(): number {
    return this.#gauges.queued;
  }

  get clientConnections(): number {
    return 0;
  }

  /** Second by second; all empty once nothing has been counted for as long as they go back. */
  get latencies(): LatencySeconds | null {
    return this.#window?.seconds ?? null;
  }

  /** Over the last ten seconds; the same object until it changes. */
  latency(): LatencyMs {
    return this.#window?.seconds.latency() ?? notMeasured();
  }

  /** All latencies counted since the row was taken, by fine bucket, up to this moment. */
  latencyTotals(): Float64Array {
    const totals = new Float64Array(HISTOGRAM_BUCKETS);
    if (this.#window === null && this.#sum(this.#place.requests) === 0) return totals;
    this.#madeWindow().addTotals(totals);
    return totals;
  }

  /** Made when the first request has finished. */
  #madeWindow(): LatencyWindow {
    const { requests, counters, histograms } = this.#place;
    this.#window ??= new LatencyWindow(
      this.#state,
      histograms,
      counters.map((first) => first + requests),
    );
    return this.#window;
  }

  #advanceErrors(hasChanged: boolean): void {
    this.#lastErrors = 0;
    this.#lastRetries = 0;
    // What goes with an exchange that has not finished is taken up when it has.
    if (!hasChanged) return;
    let errors = 0;
    for (const cell of this.#errorCells) errors += this.#sum(cell);
    // The cells of one exchange are stored one after the other: never more errors than requests.
    this.#lastErrors = Math.min(this.#lastFinished, Math.max(0, errors - this.#errors));
    this.#errors = errors;
    if (this.#retryCell === null) return;
    const retries = this.#sum(this.#retryCell);
    this.#lastRetries = Math.max(0, retries - this.#retries);
    this.#retries = retries;
  }

  #sum(cell: number): number {
    let sum = 0;
    for (const first of this.#place.counters) sum += this.#state.counters[first + cell] ?? 0;
    return sum;
  }
}
