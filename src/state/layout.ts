/**
 * The memory that all threads share: every cell, declared once.
 *
 * One `SharedArrayBuffer`, made by the control plane at start and never resized. It holds five
 * regions, told apart by who may write them.
 *
 * | region | cells | who writes | how |
 * |---|---|---|---|
 * | board | what the workers must obey: policy, weight, mode, health, ejection, ramp | control plane only | `Atomics.store`, then the pool's `VERSION` is raised |
 * | shared | words that must be exact over all workers: in-flight, turns | any worker | `Atomics.add`, `Atomics.store` |
 * | counters | what has happened, since the process began | the one worker that owns the row | plain store of a float64 |
 * | gauges | what is so now, in this worker | the one worker that owns the row | plain store of an int32 |
 * | histograms | latency counts | the one worker that owns the row | plain store of a uint32 |
 *
 * What is never true:
 * - Two threads never write the same plain cell. A cell written by more than one is only ever
 *   written through `Atomics`. It may be read plainly where a value that is old by a moment does no
 *   harm: an aligned 32-bit read is never torn, and costs 1 ns where `Atomics.load` costs 18, which
 *   a policy that reads 1,000 in-flight words would feel.
 * - A counter never goes down while its slot is in use. A histogram cell may wrap at 2^32:
 *   readers take differences modulo 2^32.
 * - A slot is never given to another backend or pool before every worker has applied a plan
 *   without it and its in-flight is 0; the control plane clears its cells then.
 * - The sum of the workers' `IN_FLIGHT` gauges of a backend equals its shared `IN_FLIGHT` word
 *   when all threads are at rest. A dead worker's share is subtracted by the supervisor.
 *
 * An aligned 64-bit store is one store on every platform that Node runs on, so a reader of
 * `counters` never sees half a number.
 */
import { FAILURES } from '../protocol/failures.ts';
import { HISTOGRAM_BUCKETS } from './histogram.ts';

/** How many of each thing the memory has room for. Fixed for the life of the process. */
export interface Capacity {
  readonly workers: number;
  readonly pools: number;
  readonly backends: number;
  readonly routes: number;
}

/** Policies that a pool can hold state for. The register is checked against it in a test. */
export const MAX_POLICIES = 16;

/** Board words of a pool (int32, written by the control plane). */
export const POOL_BOARD = {
  /** Raised by one after any change to the pool's other words or to those of its backends. */
  VERSION: 0,
  /** Index of the policy in the register. */
  POLICY: 1,
} as const;

/** Board words of a backend (int32, written by the control plane). */
export const BACKEND_BOARD = {
  /** One of `HEALTH`. */
  HEALTH: 0,
  /** One of `MODE`. */
  MODE: 1,
  /** 1 while ejected by outlier detection. */
  IS_EJECTED: 2,
  /** 1..256. */
  WEIGHT: 3,
  /** Tenths of its share and of its connection limit that it may have: 1..10, less than 10 in its slow start. */
  RAMP: 4,
} as const;

/** `RAMP` of a backend that has its whole share. */
export const FULL_RAMP = 10;

export const HEALTH = { UNKNOWN: 0, HEALTHY: 1, UNHEALTHY: 2 } as const;
export const MODE = { READY: 0, DRAIN: 1, MAINTENANCE: 2 } as const;

/** Shared words of a pool (int32, `Atomics` by workers). */
export const POOL_SHARED = {
  /** First of one turn counter a policy. */
  FIRST_TURN: 0,
  /** Requests that wait for a place, over all workers. */
  QUEUED: MAX_POLICIES,
  /** Raised, with a notification, when a place has become free that another worker's requests wait for. */
  FREED: MAX_POLICIES + 1,
} as const;

/** Shared words of a backend (int32, `Atomics` by workers). */
export const BACKEND_SHARED = {
  /** Attempts begun and not finished, over all workers. */
  IN_FLIGHT: 0,
  /** Failures in live traffic since the last success. */
  CONSECUTIVE_FAILURES: 1,
  /** Answers 502, 503 and 504 since the last other answer. */
  CONSECUTIVE_GATEWAY_ERRORS: 2,
} as const;

const FAILURE_COUNT = FAILURES.length;

/** Counters of a worker that belong to no pool (float64). */
export const WORKER_COUNTERS = {
  /** Client connections accepted. */
  CONNECTIONS_ACCEPTED: 0,
  /** Requests that ended before a pool was found: malformed, or no route. */
  REQUESTS_WITHOUT_POOL: 1,
  /** Lines of the access log that were dropped because the disk was slower than the traffic. */
  LOG_LINES_DROPPED: 2,
  /** Processor time of its threads, seconds. */
  CPU_SECONDS: 3,
  /** Of that and of waiting, what its threads stood still for collecting garbage, seconds. */
  GC_SECONDS: 4,
  /** First of one counter a failure code, for those requests and for connections not taken. */
  FIRST_FAILURE: 5,
} as const;

/** Counters of a pool in one worker (float64): exchanges, as the client saw them. */
export const POOL_COUNTERS = {
  /** Exchanges finished, whatever their end. */
  REQUESTS: 0,
  /** Finished exchanges by class of the status sent; index + status class (1..5). */
  STATUS_CLASS: 0, // 1..5: cells 1 to 5
  /** Exchanges that Ballast answered itself or had to cut, for any failure code. */
  FAILURES: 6,
  /** Attempts beyond the first of their exchange. */
  RETRIES: 7,
  /** Body bytes received from clients. */
  BYTES_IN: 8,
  /** Body bytes sent to clients. */
  BYTES_OUT: 9,
  /** Exchanges that have waited for a place. */
  QUEUED: 10,
  /** Attempts that were not made because the retry budget was used up. */
  RETRIES_DENIED: 11,
  /** First of one counter a failure code, by the code that ended the exchange. */
  FIRST_FAILURE: 12,
} as const;

/** Counters of a backend in one worker (float64): attempts, as the backend saw them. */
export const BACKEND_COUNTERS = {
  /** Attempts finished, whatever their end. */
  REQUESTS: 0,
  /** Attempts answered, by class of the status received; index + status class (1..5). */
  STATUS_CLASS: 0, // 1..5: cells 1 to 5
  /** Attempts that failed, for any failure code that blames the backend. */
  FAILURES: 6,
  /** Connections opened. */
  CONNECTS: 7,
  /** Body bytes sent to the backend. */
  BYTES_OUT: 8,
  /** Body bytes received from the backend. */
  BYTES_IN: 9,
  /** First of one counter a failure code, by the code that ended the attempt. */
  FIRST_FAILURE: 10,
} as const;

/** Gauges of a worker (int32). */
export const WORKER_GAUGES = {
  /** Open client connections. */
  CLIENT_CONNECTIONS: 0,
  /** Exchanges begun and not finished. */
  EXCHANGES: 1,
  /** Longest turn of the event loop in the last second, microseconds. */
  LOOP_DELAY_MICROS: 2,
  /** Share of the last second that the thread was busy, in 1/10,000. */
  LOOP_BUSY: 3,
  /** Bytes of the thread's JavaScript heap in use, in KiB. */
  HEAP_KIB: 4,
  /** Raised once a second: a worker whose beat stands still is stuck. */
  BEAT: 5,
  /** 99th percentile of the delays of the event loop in the last second, microseconds. */
  LOOP_DELAY_P99_MICROS: 6,
  /** Processor time of the thread in the last second as a share of one core, in 1/10,000. */
  CPU_SHARE: 7,
  /** Share of the last second that the thread stood still for collecting garbage, in 1/10,000. */
  GC_SHARE: 8,
  /** One of `SOCKETS`. */
  SOCKETS: 9,
  /** Taps that it shows requests to. */
  TAPS: 10,
} as const;

/** What a worker's connections are made of; unknown before its first second. */
export const SOCKETS = { UNKNOWN: 0, HANDLES: 1, PLAIN: 2 } as const;

/** Gauges of a pool in one worker (int32). */
export const POOL_GAUGES = {
  /** This worker's share of the requests that wait for a place. */
  QUEUED: 0,
} as const;

/** Gauges of a backend in one worker (int32). */
export const BACKEND_GAUGES = {
  /** This worker's share of the backend's in-flight. */
  IN_FLIGHT: 0,
  /** Open connections to the backend, in use or idle. */
  CONNECTIONS: 1,
  /** Of those, idle ones. */
  IDLE: 2,
} as const;

// Sizes in cells. Words that different threads write lie at least 64 bytes apart (a cache line).
const LINE_WORDS = 16;
const roundUp = (cells: number, unit: number): number => Math.ceil(cells / unit) * unit;

export const POOL_BOARD_CELLS = LINE_WORDS;
export const BACKEND_BOARD_CELLS = 8;
export const POOL_SHARED_CELLS = roundUp(POOL_SHARED.FREED + 1, LINE_WORDS);
export const BACKEND_SHARED_CELLS = LINE_WORDS;
export const WORKER_COUNTER_CELLS = roundUp(WORKER_COUNTERS.FIRST_FAILURE + FAILURE_COUNT, 8);
export const POOL_COUNTER_CELLS = roundUp(POOL_COUNTERS.FIRST_FAILURE + FAILURE_COUNT, 8);
export const BACKEND_COUNTER_CELLS = roundUp(BACKEND_COUNTERS.FIRST_FAILURE + FAILURE_COUNT, 8);
export const WORKER_GAUGE_CELLS = LINE_WORDS;
export const POOL_GAUGE_CELLS = 4;
export const BACKEND_GAUGE_CELLS = 4;

/** The shared memory with its typed views and the arithmetic of its rows. */
export class State {
  readonly buffer: SharedArrayBuffer;
  readonly capacity: Capacity;
  readonly board: Int32Array;
  readonly shared: Int32Array;
  readonly counters: Float64Array;
  readonly gauges: Int32Array;
  readonly histograms: Uint32Array;

  readonly #countersPerWorker: number;
  readonly #gaugesPerWorker: number;

  private constructor(buffer: SharedArrayBuffer, capacity: Capacity) {
    const { workers, pools, backends } = capacity;
    this.buffer = buffer;
    this.capacity = capacity;
    this.#countersPerWorker = countersPerWorker(capacity);
    this.#gaugesPerWorker = gaugesPerWorker(capacity);
    let offset = 0;
    const take = (cells: number, bytesPerCell: number): [number, number] => {
      const start = offset;
      offset = roundUp(offset + cells * bytesPerCell, 64);
      return [start, cells];
    };
    this.counters = new Float64Array(buffer, ...take(workers * this.#countersPerWorker, 8));
    this.board = new Int32Array(
      buffer,
      ...take(roundUp(pools * POOL_BOARD_CELLS + backends * BACKEND_BOARD_CELLS, LINE_WORDS), 4),
    );
    this.shared = new Int32Array(buffer, ...take(pools * POOL_SHARED_CELLS + backends * BACKEND_SHARED_CELLS, 4));
    this.gauges = new Int32Array(buffer, ...take(workers * this.#gaugesPerWorker, 4));
    this.histograms = new Uint32Array(buffer, ...take(workers * (pools + backends) * HISTOGRAM_BUCKETS, 4));
  }

  /** Makes fresh memory, all cells 0. */
  static create(capacity: Capacity): State {
    return new State(new SharedArrayBuffer(bytesFor(capacity)), capacity);
  }

  /** Opens the memory that another thread has made. */
  static open(buffer: SharedArrayBuffer, capacity: Capacity): State {
    return new State(buffer, capacity);
  }

  /** First board word of a pool. */
  poolBoard(pool: number): number {
    return pool * POOL_BOARD_CELLS;
  }

  /** First board word of a backend. */
  backendBoard(backend: number): number {
    return this.capacity.pools * POOL_BOARD_CELLS + backend * BACKEND_BOARD_CELLS;
  }

  /** First shared word of a pool. */
  poolShared(pool: number): number {
    return pool * POOL_SHARED_CELLS;
  }

  /** First shared word of a backend. */
  backendShared(backend: number): number {
    return this.capacity.pools * POOL_SHARED_CELLS + backend * BACKEND_SHARED_CELLS;
  }

  /** First counter of a worker itself. */
  workerCounters(worker: number): number {
    return worker * this.#countersPerWorker;
  }

  /** First counter of a pool in a worker. */
  poolCounters(worker: number, pool: number): number {
    return this.workerCounters(worker) + WORKER_COUNTER_CELLS + pool * POOL_COUNTER_CELLS;
  }

  /** First counter of a backend in a worker. */
  backendCounters(worker: number, backend: number): number {
    return (
      this.workerCounters(worker) +
      WORKER_COUNTER_CELLS +
      this.capacity.pools * POOL_COUNTER_CELLS +
      backend * BACKEND_COUNTER_CELLS
    );
  }

  /** The one counter of a route in a worker: requests that it has taken. */
  routeCounter(worker: number, route: number): number {
    return this.backendCounters(worker, this.capacity.backends) + route;
  }

  /** First gauge of a worker itself. */
  workerGauges(worker: number): number {
    return worker * this.#gaugesPerWorker;
  }

  /** First gauge of a pool in a worker. */
  poolGauges(worker: number, pool: number): number {
    return this.workerGauges(worker) + WORKER_GAUGE_CELLS + pool * POOL_GAUGE_CELLS;
  }

  /** First gauge of a backend in a worker. */
  backendGauges(worker: number, backend: number): number {
    return this.poolGauges(worker, this.capacity.pools) + backend * BACKEND_GAUGE_CELLS;
  }

  /** First bucket of a pool's latency histogram in a worker: whole exchanges. */
  poolHistogram(worker: number, pool: number): number {
    const perWorker = this.capacity.pools + this.capacity.backends;
    return (worker * perWorker + pool) * HISTOGRAM_BUCKETS;
  }

  /** First bucket of a backend's latency histogram in a worker: single attempts. */
  backendHistogram(worker: number, backend: number): number {
    const perWorker = this.capacity.pools + this.capacity.backends;
    return (worker * perWorker + this.capacity.pools + backend) * HISTOGRAM_BUCKETS;
  }
}

function countersPerWorker({ pools, backends, routes }: Capacity): number {
  const rows = pools * POOL_COUNTER_CELLS + backends * BACKEND_COUNTER_CELLS;
  return WORKER_COUNTER_CELLS + rows + roundUp(routes, 8);
}

function gaugesPerWorker({ pools, backends }: Capacity): number {
  return roundUp(WORKER_GAUGE_CELLS + pools * POOL_GAUGE_CELLS + backends * BACKEND_GAUGE_CELLS, LINE_WORDS);
}

function bytesFor(capacity: Capacity): number {
  const { workers, pools, backends } = capacity;
  const counters = countersPerWorker(capacity);
  const gauges = gaugesPerWorker(capacity);
  const board = roundUp(pools * POOL_BOARD_CELLS + backends * BACKEND_BOARD_CELLS, LINE_WORDS);
  const shared = pools * POOL_SHARED_CELLS + backends * BACKEND_SHARED_CELLS;
  const histograms = workers * (pools + backends) * HISTOGRAM_BUCKETS;
  return [workers * counters * 8, board * 4, shared * 4, workers * gauges * 4, histograms * 4].reduce(
    (sum, bytes) => sum + roundUp(bytes, 64),
    0,
  );
}
