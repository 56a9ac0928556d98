/** The counters of shared memory as objects with names, summed over all workers. */
import { FAILURES, type FailureCode } from '../../src/protocol/failures.ts';
import type { State } from '../../src/state/layout.ts';
import {
  BACKEND_COUNTERS,
  BACKEND_GAUGES,
  BACKEND_SHARED,
  POOL_COUNTERS,
  POOL_GAUGES,
  POOL_SHARED,
  WORKER_COUNTERS,
  WORKER_GAUGES,
} from '../../src/state/layout.ts';

/** Counts by failure code; a code that never came up is absent. */
export type ByCode = Partial<Record<FailureCode, number>>;

export interface PoolFigures {
  readonly requests: number;
  /** By class: `[0, 1xx, 2xx, 3xx, 4xx, 5xx]`. */
  readonly statusClasses: readonly number[];
  readonly failures: number;
  readonly retries: number;
  readonly retriesDenied: number;
  /** Exchanges that have waited for a place. */
  readonly queued: number;
  /** Those that wait now: the shared word, and the sum of the workers' gauges. */
  readonly waiting: number;
  readonly waitingByWorkers: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly byCode: ByCode;
}

export interface BackendFigures {
  readonly requests: number;
  readonly statusClasses: readonly number[];
  readonly failures: number;
  readonly connects: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly byCode: ByCode;
  /** The shared word, and the sum of the workers' gauges. */
  readonly inFlight: number;
  readonly inFlightByWorkers: number;
  readonly consecutiveFailures: number;
  readonly gatewayErrors: number;
  readonly connections: number;
  readonly idle: number;
}

export interface WorkerFigures {
  readonly accepted: number;
  readonly requestsWithoutPool: number;
  readonly byCode: ByCode;
  readonly clientConnections: number;
  readonly exchanges: number;
}

function readCodes(read: (offset: number) => number, first: number): ByCode {
  const counts: ByCode = {};
  for (const failure of FAILURES) {
    const count = read(first + failure.index);
    if (count !== 0) counts[failure.code as FailureCode] = count;
  }
  return counts;
}

const CLASSES = [1, 2, 3, 4, 5];

/** Sums cell `offset` of rows that begin where `row` says, over the workers. */
function summer(state: State, cells: ArrayLike<number>, row: (worker: number) => number): (offset: number) => number {
  const workers = Array.from({ length: state.capacity.workers }, (_, worker) => row(worker));
  return (offset) => workers.reduce((sum, start) => sum + (cells[start + offset] ?? 0), 0);
}

export function readPool(state: State, pool: number): PoolFigures {
  const read = summer(state, state.counters, (worker) => state.poolCounters(worker, pool));
  const gauge = summer(state, state.gauges, (worker) => state.poolGauges(worker, pool));
  return {
    requests: read(POOL_COUNTERS.REQUESTS),
    statusClasses: [0, ...CLASSES.map((digit) => read(POOL_COUNTERS.STATUS_CLASS + digit))],
    failures: read(POOL_COUNTERS.FAILURES),
    retries: read(POOL_COUNTERS.RETRIES),
    retriesDenied: read(POOL_COUNTERS.RETRIES_DENIED),
    queued: read(POOL_COUNTERS.QUEUED),
    waiting: Atomics.load(state.shared, state.poolShared(pool) + POOL_SHARED.QUEUED),
    waitingByWorkers: gauge(POOL_GAUGES.QUEUED),
    bytesIn: read(POOL_COUNTERS.BYTES_IN),
    bytesOut: read(POOL_COUNTERS.BYTES_OUT),
    byCode: readCodes(read, POOL_COUNTERS.FIRST_FAILURE),
  };
}

export function readBackend(state: State, backend: number): BackendFigures {
  const read = summer(state, state.counters, (worker) => state.backendCounters(worker, backend));
  const gauge = summer(state, state.gauges, (worker) => state.backendGauges(worker, backend));
  const shared = state.backendShared(backend);
  return {
    requests: read(BACKEND_COUNTERS.REQUESTS),
    statusClasses: [0, ...CLASSES.map((digit) => read(BACKEND_COUNTERS.STATUS_CLASS + digit))],
    failures: read(BACKEND_COUNTERS.FAILURES),
    connects: read(BACKEND_COUNTERS.CONNECTS),
    bytesIn: read(BACKEND_COUNTERS.BYTES_IN),
    bytesOut: read(BACKEND_COUNTERS.BYTES_OUT),
    byCode: readCodes(read, BACKEND_COUNTERS.FIRST_FAILURE),
    inFlight: Atomics.load(state.shared, shared + BACKEND_SHARED.IN_FLIGHT),
    inFlightByWorkers: gauge(BACKEND_GAUGES.IN_FLIGHT),
    consecutiveFailures: Atomics.load(state.shared, shared + BACKEND_SHARED.CONSECUTIVE_FAILURES),
    gatewayErrors: Atomics.load(state.shared, shared + BACKEND_SHARED.CONSECUTIVE_GATEWAY_ERRORS),
    connections: gauge(BACKEND_GAUGES.CONNECTIONS),
    idle: gauge(BACKEND_GAUGES.IDLE),
  };
}

/** The figures of all workers together that belong to no pool. */
export function readWorkers(state: State): WorkerFigures {
  const read = summer(state, state.counters, (worker) => state.workerCounters(worker));
  const gauge = summer(state, state.gauges, (worker) => state.workerGauges(worker));
  return {
    accepted: read(WORKER_COUNTERS.CONNECTIONS_ACCEPTED),
    requestsWithoutPool: read(WORKER_COUNTERS.REQUESTS_WITHOUT_POOL),
    byCode: readCodes(read, WORKER_COUNTERS.FIRST_FAILURE),
    clientConnections: gauge(WORKER_GAUGES.CLIENT_CONNECTIONS),
    exchanges: gauge(WORKER_GAUGES.EXCHANGES),
  };
}
