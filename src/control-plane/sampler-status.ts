/**
 * Counters and gauges of shared memory, added up over all workers at the moment of the call.
 *
 * Used by the sampler (status, live channel) and the Prometheus writer, so that the two can never
 * disagree. Pure reads: nothing here writes a cell, keeps a copy or looks at a clock.
 */
import { FAILURES } from '../protocol/failures.ts';
import {
  BACKEND_COUNTERS,
  BACKEND_GAUGES,
  BACKEND_SHARED,
  POOL_COUNTERS,
  type State,
  WORKER_COUNTERS,
  WORKER_GAUGES,
} from '../state/layout.ts';

/** Counts by class of status. */
export type StatusClasses = Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>;

/**
 * The counters of a pool whose sum is the number of exchanges that ended in a failure or a 5xx.
 * A failure that Ballast answered with a 5xx is among the 5xx already and must not count twice:
 * added are only the failures that were answered otherwise, or cut after the answer had begun.
 */
export const POOL_ERROR_CELLS: readonly number[] = [
  POOL_COUNTERS.STATUS_CLASS + 5,
  ...FAILURES.filter(({ status, stage }) => status < 500 || stage === 'body').map(
    ({ index }) => POOL_COUNTERS.FIRST_FAILURE + index,
  ),
];

export interface PoolCounts {
  readonly requests: number;
  readonly failures: number;
  readonly failuresByCode: Readonly<Record<string, number>>;
  readonly statuses: StatusClasses;
  readonly retries: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface BackendCounts {
  readonly inFlight: number;
  readonly connections: number;
  readonly idleConnections: number;
  readonly requests: number;
  readonly failures: number;
  readonly failuresByCode: Readonly<Record<string, number>>;
  readonly statuses: StatusClasses;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** The sum over all workers of the cell `offset` in the row that begins at `first(worker)`. */
function sumOf(cells: ArrayLike<number>, workers: number, first: (worker: number) => number, offset: number): number {
  let sum = 0;
  for (let worker = 0; worker < workers; worker++) sum += cells[first(worker) + offset] ?? 0;
  return sum;
}

/** Only the codes that were counted, so that the object stays small. */
function byCode(sum: (offset: number) => number, firstFailure: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code, index } of FAILURES) {
    const count = sum(firstFailure + index);
    if (count !== 0) counts[code] = count;
  }
  return counts;
}

function byClass(sum: (offset: number) => number, statusClass: number): StatusClasses {
  return {
    '1xx': sum(statusClass + 1),
    '2xx': sum(statusClass + 2),
    '3xx': sum(statusClass + 3),
    '4xx': sum(statusClass + 4),
    '5xx': sum(statusClass + 5),
  };
}

export function readPoolCounts(state: State, slot: number): PoolCounts {
  const sum = (offset: number): number =>
    sumOf(state.counters, state.capacity.workers, (worker) => state.poolCounters(worker, slot), offset);
  return {
    requests: sum(POOL_COUNTERS.REQUESTS),
    failures: sum(POOL_COUNTERS.FAILURES),
    failuresByCode: byCode(sum, POOL_COUNTERS.FIRST_FAILURE),
    statuses: byClass(sum, POOL_COUNTERS.STATUS_CLASS),
    retries: sum(POOL_COUNTERS.RETRIES),
    bytesIn: sum(POOL_COUNTERS.BYTES_IN),
    bytesOut: sum(POOL_COUNTERS.BYTES_OUT),
  };
}

export function readBackendCounts(state: State, slot: number): BackendCounts {
  const { workers } = state.capacity;
  const sum = (offset: number): number =>
    sumOf(state.counters, workers, (worker) => state.backendCounters(worker, slot), offset);
  const gauge = (offset: number): number =>
    sumOf(state.gauges, workers, (worker) => state.backendGauges(worker, slot), offset);
  return {
    inFlight: Atomics.load(state.shared, state.backendShared(slot) + BACKEND_SHARED.IN_FLIGHT),
    connections: gauge(BACKEND_GAUGES.CONNECTIONS),
    idleConnections: gauge(BACKEND_GAUGES.IDLE),
    requests: sum(BACKEND_COUNTERS.REQUESTS),
    failures: sum(BACKEND_COUNTERS.FAILURES),
    failuresByCode: byCode(sum, BACKEND_COUNTERS.FIRST_FAILURE),
    statuses: byClass(sum, BACKEND_COUNTERS.STATUS_CLASS),
    bytesIn: sum(BACKEND_COUNTERS.BYTES_IN),
    bytesOut: sum(BACKEND_COUNTERS.BYTES_OUT),
  };
}

/** Connections opened to a backend since the start, over all workers. */
export function readBackendConnects(state: State, slot: number): number {
  const first = (worker: number): number => state.backendCounters(worker, slot);
  return sumOf(state.counters, state.capacity.workers, first, BACKEND_COUNTERS.CONNECTS);
}

/** What one worker has counted by itself, outside of any pool. */
export function readWorkerCounts(state: State, worker: number): { connectionsAccepted: number; withoutPool: number } {
  const first = state.workerCounters(worker);
  return {
    connectionsAccepted: state.counters[first + WORKER_COUNTERS.CONNECTIONS_ACCEPTED] ?? 0,
    withoutPool: state.counters[first + WORKER_COUNTERS.REQUESTS_WITHOUT_POOL] ?? 0,
  };
}

/** Requests that never reached a pool, by failure code, over all workers. */
export function readFailuresWithoutPool(state: State): Record<string, number> {
  const first = (worker: number): number => state.workerCounters(worker);
  const sum = (offset: number): number => sumOf(state.counters, state.capacity.workers, first, offset);
  return byCode(sum, WORKER_COUNTERS.FIRST_FAILURE);
}

/** Open client connections over all workers. */
export function readClientConnections(state: State): number {
  const first = (worker: number): number => state.workerGauges(worker);
  return sumOf(state.gauges, state.capacity.workers, first, WORKER_GAUGES.CLIENT_CONNECTIONS);
}
