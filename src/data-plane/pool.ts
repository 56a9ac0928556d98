/**
 * A pool and its backends as one worker sees them: the plan's words beside the cells in shared
 * memory that belong to them.
 *
 * Everything counted about a request is counted here, so that a counter and the moment at which
 * it moves stand on one page.
 */
import type { Failure } from '../protocol/failures.ts';
import type { PlanBackend, PlanPool } from '../protocol/worker.ts';
import { bucketOf } from '../state/histogram.ts';
import {
  BACKEND_BOARD,
  BACKEND_COUNTERS,
  BACKEND_GAUGES,
  BACKEND_SHARED,
  FULL_RAMP,
  POOL_COUNTERS,
  type State,
} from '../state/layout.ts';
import { Availability } from './availability.ts';
import type { PlaceQueue } from './place-queue.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { UpstreamConnection } from './upstream/connection.ts';
import { IdleConnections } from './upstream/idle-connections.ts';
import type { UpstreamCount } from './upstream/upstream-count.ts';

/** A live view of one backend: made once a slot, kept over reloads for as long as it is used. */
export class Backend {
  readonly slot: number;
  readonly idle = new IdleConnections<UpstreamConnection>();
  /** What the plan in force says of it. */
  plan: PlanBackend;
  readonly #state: State;
  readonly #upstreams: UpstreamCount;
  readonly #counters: number;
  readonly #gauges: number;
  readonly #shared: number;
  readonly #board: number;
  readonly #histogram: number;

  constructor(state: State, worker: number, plan: PlanBackend, upstreams: UpstreamCount) {
    this.slot = plan.slot;
    this.#upstreams = upstreams;
    this.plan = plan;
    this.#state = state;
    this.#counters = state.backendCounters(worker, plan.slot);
    this.#gauges = state.backendGauges(worker, plan.slot);
    this.#shared = state.backendShared(plan.slot);
    this.#board = state.backendBoard(plan.slot);
    this.#histogram = state.backendHistogram(worker, plan.slot);
  }

  /**
   * Takes a place on this backend for an attempt.
   * @returns false if its limit over all workers is reached
   */
  tryBegin(): boolean {
    const { shared, gauges } = this.#state;
    const limit = this.plan.maxConnections;
    if (limit === 0) Atomics.add(shared, this.#shared + BACKEND_SHARED.IN_FLIGHT, 1);
    else if (!this.#countIn((limit * this.#ramp()) / FULL_RAMP)) return false;
    gauges[this.#gauges + BACKEND_GAUGES.IN_FLIGHT] = this.#gauge(BACKEND_GAUGES.IN_FLIGHT) + 1;
    return true;
  }

  /**
   * Raises in-flight by one where it is below `limit`. It is never above it, not even for a moment:
   * two workers that back out of a last place at the same time would both wait for it.
   */
  #countIn(limit: number): boolean {
    const { shared } = this.#state;
    const word = this.#shared + BACKEND_SHARED.IN_FLIGHT;
    // A plain read will do for a first guess; that it is full must be certain.
    let inFlight = shared[word] ?? 0;
    if (inFlight >= limit) inFlight = Atomics.load(shared, word);
    while (inFlight < limit) {
      const found = Atomics.compareExchange(shared, word, inFlight, inFlight + 1);
      if (found === inFlight) return true;
      inFlight = found;
    }
    return false;
  }

  /** Gives the place back. */
  leave(): void {
    const { shared, gauges } = this.#state;
    Atomics.sub(shared, this.#shared + BACKEND_SHARED.IN_FLIGHT, 1);
    gauges[this.#gauges + BACKEND_GAUGES.IN_FLIGHT] = this.#gauge(BACKEND_GAUGES.IN_FLIGHT) - 1;
  }

  /** Tenths of its limit, rounded up, that it may have now. */
  #ramp(): number {
    return this.#state.board[this.#board + BACKEND_BOARD.RAMP] ?? FULL_RAMP;
  }

  /** An attempt has ended: gives its place back and counts it. */
  finish(status: number, failure: Failure | null, latencyMs: number, bytesOut: number, bytesIn: number): void {
    const { histograms } = this.#state;
    this.leave();
    this.#count(BACKEND_COUNTERS.REQUESTS, 1);
    if (status > 0) this.#count(BACKEND_COUNTERS.STATUS_CLASS + Math.floor(status / 100), 1);
    if (bytesOut > 0) this.#count(BACKEND_COUNTERS.BYTES_OUT, bytesOut);
    if (bytesIn > 0) this.#count(BACKEND_COUNTERS.BYTES_IN, bytesIn);
    const bucket = this.#histogram + bucketOf(latencyMs * 1000);
    histograms[bucket] = (histograms[bucket] ?? 0) + 1;
    if (failure !== null) {
      if (failure.blamesBackend) this.#count(BACKEND_COUNTERS.FAILURES, 1);
      this.#count(BACKEND_COUNTERS.FIRST_FAILURE + failure.index, 1);
    }
  }

  /**
   * The backend has answered: its failures in a row are over. An answer 502, 503 or 504 counts as
   * a gateway error; any other one ends their row. A failure of the connection leaves that row as
   * it is, so that a backend that now resets and now answers 503 is found out as well.
   * @returns the gateway errors in a row, this one included; 0 where this is none
   */
  answered(status: number): number {
    const { shared } = this.#state;
    const failures = this.#shared + BACKEND_SHARED.CONSECUTIVE_FAILURES;
    const errors = this.#shared + BACKEND_SHARED.CONSECUTIVE_GATEWAY_ERRORS;
    // Read first: a store for every answer would keep the line moving between the cores.
    if (shared[failures] !== 0) Atomics.store(shared, failures, 0);
    if (status >= 502 && status <= 504) return Atomics.add(shared, errors, 1) + 1;
    if (shared[errors] !== 0) Atomics.store(shared, errors, 0);
    return 0;
  }

  /** @returns the failures in a row, this one included */
  failed(): number {
    return Atomics.add(this.#state.shared, this.#shared + BACKEND_SHARED.CONSECUTIVE_FAILURES, 1) + 1;
  }

  connectionOpened(): void {
    this.#upstreams.open++;
    this.#count(BACKEND_COUNTERS.CONNECTS, 1);
    this.#state.gauges[this.#gauges + BACKEND_GAUGES.CONNECTIONS] = this.#gauge(BACKEND_GAUGES.CONNECTIONS) + 1;
  }

  connectionClosed(): void {
    this.#upstreams.open--;
    this.#state.gauges[this.#gauges + BACKEND_GAUGES.CONNECTIONS] = this.#gauge(BACKEND_GAUGES.CONNECTIONS) - 1;
  }

  /** An idle connection that was used after `usedSinceMs`; undefined where there is none. */
  takeIdle(usedSinceMs: number): UpstreamConnection | undefined {
    const connection = this.idle.take(usedSinceMs);
    if (connection !== undefined) this.showIdle();
    return connection;
  }

  /** Shows how many of the connections lie idle. */
  showIdle(): void {
    this.#state.gauges[this.#gauges + BACKEND_GAUGES.IDLE] = this.idle.size;
  }

  #gauge(index: number): number {
    return this.#state.gauges[this.#gauges + index] ?? 0;
  }

  #count(index: number, by: number): void {
    const { counters } = this.#state;
    const cell = this.#counters + index;
    counters[cell] = (counters[cell] ?? 0) + by;
  }
}

/** What a pool keeps over its plans. */
export type PoolKeeps = Pick<Pool, 'queue' | 'budget'>;

/** A pool under one plan. */
export class Pool {
  readonly plan: PlanPool;
  readonly availability: Availability;
  readonly queue: PlaceQueue;
  readonly budget: RetryBudget;
  readonly #bySlot: ReadonlyMap<number, Backend>;
  readonly #state: State;
  readonly #counters: number;
  readonly #histogram: number;

  constructor(state: State, worker: number, plan: PlanPool, backends: readonly Backend[], keeps: PoolKeeps) {
    this.plan = plan;
    this.queue = keeps.queue;
    this.queue.isLimited = plan.backends.some(({ maxConnections }) => maxConnections > 0);
    this.budget = keeps.budget;
    this.#bySlot = new Map(backends.map((backend) => [backend.slot, backend]));
    this.#state = state;
    this.#counters = state.poolCounters(worker, plan.slot);
    this.#histogram = state.poolHistogram(worker, plan.slot);
    this.availability = new Availability(state, plan);
  }

  /** A backend of this pool by its slot. */
  backend(slot: number): Backend | undefined {
    return this.#bySlot.get(slot);
  }

  retried(): void {
    this.#count(POOL_COUNTERS.RETRIES, 1);
  }

  /** Takes a further attempt out of the budget. @returns false, and counts it, where that is used up */
  takeRetry(nowMs: number): boolean {
    if (this.budget.take(this.plan.retry, nowMs)) return true;
    this.#count(POOL_COUNTERS.RETRIES_DENIED, 1);
    return false;
  }

  /** Whether an answer with this status is to be tried again elsewhere. */
  refuses(status: number): boolean {
    return this.plan.retry.statuses.some(([from, to]) => status >= from && status <= to);
  }

  /** An exchange waits for a place, for the first time. */
  queued(): void {
    this.#count(POOL_COUNTERS.QUEUED, 1);
  }

  /**
   * An exchange has ended. Called before its last bytes go out, so that a client that has its
   * answer finds it counted.
   * @param status sent to the client; 0 where none was
   */
  finish(status: number, failure: Failure | null, latencyMs: number, bytesIn: number, bytesOut: number): void {
    const { histograms } = this.#state;
    this.#count(POOL_COUNTERS.REQUESTS, 1);
    if (status > 0) this.#count(POOL_COUNTERS.STATUS_CLASS + Math.floor(status / 100), 1);
    if (bytesIn > 0) this.#count(POOL_COUNTERS.BYTES_IN, bytesIn);
    if (bytesOut > 0) this.#count(POOL_COUNTERS.BYTES_OUT, bytesOut);
    if (failure !== null) {
      this.#count(POOL_COUNTERS.FAILURES, 1);
      this.#count(POOL_COUNTERS.FIRST_FAILURE + failure.index, 1);
    }
    const bucket = this.#histogram + bucketOf(latencyMs * 1000);
    histograms[bucket] = (histograms[bucket] ?? 0) + 1;
  }

  #count(index: number, by: number): void {
    const { counters } = this.#state;
    const cell = this.#counters + index;
    counters[cell] = (counters[cell] ?? 0) + by;
  }
}
