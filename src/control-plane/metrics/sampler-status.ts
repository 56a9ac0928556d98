/**
 * Counters and gauges of shared memory, added up over all workers at the moment of the call.
 *
 * Used by the sampler (status, live channel) and the Prometheus writer, so that the two can never
 * disagree. Pure reads: nothing here writes a cell, keeps a copy or looks at a clock.
 */
import { FAILURES, type Failure } from '../../protocol/failures.ts';
import {
  BACKEND_COUNTER_CELLS,
  BACKEND_COUNTERS,
  BACKEND_GAUGES,
  BACKEND_SHARED,
  POOL_COUNTER_CELLS,
  POOL_COUNTERS,
  POOL_SHARED,
  type State,
  WORKER_COUNTER_CELLS,
  WORKER_COUNTERS,
  WORKER_GAUGES,
} from '../../state/layout.ts';

/** Counts by class of status. */
export type StatusClasses = Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>;

/**
 * The counters of a pool whose sum is the number of exchanges that ended in a failure or a 5xx.
 * A failure that Ballast answered with a 5xx is among the 5xx already and must not count twice:
 * added are only the failures that were answered otherwise, or cut after the answer had begun.
 */
export const POOL_ERROR_CELLS: readonly number[] = [
  POOL_COUNTERS.STATUS_CLASS + 5,
  ...FAILURES.filter(isApartFrom5xx).map(({ index }) => POOL_COUNTERS.FIRST_FAILURE + index),
];

function isApartFrom5xx({ status, stage }: Failure): boolean {
  return status < 500 || stage === 'body';
}

/** The same from what was read: see `POOL_ERROR_CELLS`. */
export function poolErrors({ statuses, failuresByCode, requests }: PoolCounts): number {
  const apart = FAILURES.filter(isApartFrom5xx).map(({ code }) => failuresByCode[code] ?? 0);
  return Math.min(
    requests,
    apart.reduce((sum, count) => sum + count, statuses['5xx']),
  );
}

/**
 * The same for the attempts on a backend. One that has failed has no status, or was cut after it;
 * the sampler never takes more errors than attempts.
 */
export const BACKEND_ERROR_CELLS: readonly number[] = [BACKEND_COUNTERS.STATUS_CLASS + 5, BACKEND_COUNTERS.FAILURES];

/** The same from what was read: see `BACKEND_ERROR_CELLS`. */
export function backendErrors({ statuses, failures, requests }: BackendCounts): number {
  return Math.min(requests, statuses['5xx'] + failures);
}

/** What is so at this moment. */
export interface Gauges {
  readonly inFlight: number;
  readonly connections: number;
  readonly idleConnections: number;
  readonly queued: number;
}

export const NO_GAUGES: Gauges = { inFlight: 0, connections: 0, idleConnections: 0, queued: 0 };

export interface PoolCounts {
  readonly requests: number;
  readonly failures: number;
  readonly failuresByCode: Readonly<Record<string, number>>;
  readonly statuses: StatusClasses;
  readonly retries: number;
  readonly retriesDenied: number;
  /** Requests that wait for a place now, and exchanges that ever have. */
  readonly queued: number;
  readonly queuedTotal: number;
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

const scratch = new Float64Array(Math.max(WORKER_COUNTER_CELLS, POOL_COUNTER_CELLS, BACKEND_COUNTER_CELLS));

/**
 * A whole row of counters, added up over all workers. One pass over cells that lie side by side:
 * with 1,000 backends this is most of what a status costs. Valid until the next call.
 */
function sumRow(state: State, cells: number, first: (worker: number) => number): Float64Array {
  const { counters, capacity } = state;
  scratch.fill(0);
  for (let worker = 0; worker < capacity.workers; worker++) {
    const start = first(worker);
    for (let cell = 0; cell < cells; cell++)
      scratch[cell] = (scratch[cell] as number) + (counters[start + cell] as number);
  }
  return scratch;
}

/** Only the codes that were counted, so that the object stays small. */
function byCode(row: Float64Array, firstFailure: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let index = 0; index < FAILURES.length; index++) {
    const count = row[firstFailure + index] as number;
    if (count !== 0) counts[(FAILURES[index] as Failure).code] = count;
  }
  return counts;
}

function byClass(row: Float64Array, statusClass: number): StatusClasses {
  const count = (digit: number): number => row[statusClass + digit] ?? 0;
  return { '1xx': count(1), '2xx': count(2), '3xx': count(3), '4xx': count(4), '5xx': count(5) };
}

export function readPoolCounts(state: State, slot: number): PoolCounts {
  const row = sumRow(state, POOL_COUNTER_CELLS, (worker) => state.poolCounters(worker, slot));
  return {
    requests: row[POOL_COUNTERS.REQUESTS] ?? 0,
    failures: row[POOL_COUNTERS.FAILURES] ?? 0,
    failuresByCode: byCode(row, POOL_COUNTERS.FIRST_FAILURE),
    statuses: byClass(row, POOL_COUNTERS.STATUS_CLASS),
    retries: row[POOL_COUNTERS.RETRIES] ?? 0,
    retriesDenied: row[POOL_COUNTERS.RETRIES_DENIED] ?? 0,
    queued: readQueued(state, slot),
    queuedTotal: row[POOL_COUNTERS.QUEUED] ?? 0,
    bytesIn: row[POOL_COUNTERS.BYTES_IN] ?? 0,
    bytesOut: row[POOL_COUNTERS.BYTES_OUT] ?? 0,
  };
}

export function readBackendCounts(state: State, slot: number): BackendCounts {
  const { workers } = state.capacity;
  const row = sumRow(state, BACKEND_COUNTER_CELLS, (worker) => state.backendCounters(worker, slot));
  const gauge = (offset: number): number =>
    sumOf(state.gauges, workers, (worker) => state.backendGauges(worker, slot), offset);
  return {
    inFlight: Atomics.load(state.shared, state.backendShared(slot) + BACKEND_SHARED.IN_FLIGHT),
    connections: gauge(BACKEND_GAUGES.CONNECTIONS),
    idleConnections: gauge(BACKEND_GAUGES.IDLE),
    requests: row[BACKEND_COUNTERS.REQUESTS] ?? 0,
    failures: row[BACKEND_COUNTERS.FAILURES] ?? 0,
    failuresByCode: byCode(row, BACKEND_COUNTERS.FIRST_FAILURE),
    statuses: byClass(row, BACKEND_COUNTERS.STATUS_CLASS),
    bytesIn: row[BACKEND_COUNTERS.BYTES_IN] ?? 0,
    bytesOut: row[BACKEND_COUNTERS.BYTES_OUT] ?? 0,
  };
}

export function readBackendGauges(state: State, slot: number): Gauges {
  const { gauges } = state;
  let connections = 0;
  let idleConnections = 0;
  for (let worker = 0; worker < state.capacity.workers; worker++) {
    const first = state.backendGauges(worker, slot);
    connections += gauges[first + BACKEND_GAUGES.CONNECTIONS] ?? 0;
    idleConnections += gauges[first + BACKEND_GAUGES.IDLE] ?? 0;
  }
  const inFlight = Atomics.load(state.shared, state.backendShared(slot) + BACKEND_SHARED.IN_FLIGHT);
  return { inFlight, connections, idleConnections, queued: 0 };
}

/** Requests of a pool that wait for a place now. */
export function readQueued(state: State, slot: number): number {
  return Atomics.load(state.shared, state.poolShared(slot) + POOL_SHARED.QUEUED);
}

/** Connections opened to a backend since the start, over all workers. */
export function readBackendConnects(state: State, slot: number): number {
  const first = (worker: number): number => state.backendCounters(worker, slot);
  return sumOf(state.counters, state.capacity.workers, first, BACKEND_COUNTERS.CONNECTS);
}

export interface WorkerCounts {
  readonly connectionsAccepted: number;
  readonly withoutPool: number;
  readonly cpuSeconds: number;
  readonly gcSeconds: number;
  /** Taps that it shows requests to, now. */
  readonly taps: number;
}

/** What one worker has counted by itself, outside of any pool. */
export function readWorkerCounts(state: State, worker: number): WorkerCounts {
  const first = state.workerCounters(worker);
  return {
    connectionsAccepted: state.counters[first + WORKER_COUNTERS.CONNECTIONS_ACCEPTED] ?? 0,
    withoutPool: state.counters[first + WORKER_COUNTERS.REQUESTS_WITHOUT_POOL] ?? 0,
    cpuSeconds: state.counters[first + WORKER_COUNTERS.CPU_SECONDS] ?? 0,
    gcSeconds: state.counters[first + WORKER_COUNTERS.GC_SECONDS] ?? 0,
    taps: state.gauges[state.workerGauges(worker) + WORKER_GAUGES.TAPS] ?? 0,
  };
}

/** Connections of one worker to all backends together, in use or idle. */
export function readUpstreamConnections(state: State, worker: number): number {
  const { gauges, capacity } = state;
  let connections = 0;
  for (let backend = 0; backend < capacity.backends; backend++) {
    connections += gauges[state.backendGauges(worker, backend) + BACKEND_GAUGES.CONNECTIONS] ?? 0;
  }
  return connections;
}

/** Requests that never reached a pool, by failure code, over all workers. */
export function readFailuresWithoutPool(state: State): Record<string, number> {
  const row = sumRow(state, WORKER_COUNTER_CELLS, (worker) => state.workerCounters(worker));
  return byCode(row, WORKER_COUNTERS.FIRST_FAILURE);
}

/** Open client connections over all workers. */
export function readClientConnections(state: State): number {
  const first = (worker: number): number => state.workerGauges(worker);
  return sumOf(state.gauges, state.capacity.workers, first, WORKER_GAUGES.CLIENT_CONNECTIONS);
}
