/**
 * Each listener of the config as all workers together see it: pure. Called for the admin API and
 * the live channel; what the workers say comes from the supervisor.
 */
import { formatAddress } from '../../config/addresses.ts';
import type { Config } from '../../config/schema.ts';
import type { ListenerStatus, WorkerStatus } from '../../protocol/admin-api.ts';
import type { WorkerListeners } from '../../protocol/worker.ts';

/** A worker with what it accepts at. */
export interface ListeningSeat extends WorkerListeners {
  readonly state: WorkerStatus['state'];
}

type Listener = Config['listeners'][number];

export function listenerStatuses(
  listeners: readonly Listener[],
  seats: readonly ListeningSeat[],
  isStopping: boolean,
): ListenerStatus[] {
  return listeners.map((listener) => statusOf(listener, seats, isStopping));
}

function statusOf({ name, address }: Listener, seats: readonly ListeningSeat[], isStopping: boolean): ListenerStatus {
  const { host, port } = address;
  const own = seats.flatMap(({ open }) => open.filter((one) => one.host === host && one.port === port));
  const failures = seats.flatMap(({ failed }) => failed.filter(({ listener }) => listener === name));
  const why = failures[0]?.error ?? null;
  return {
    name,
    address: formatAddress(address),
    ...stateOf(own.length, seats, why, isStopping),
    acceptingWorkers: own.length,
    workers: seats.length,
    clientConnections: own.reduce((sum, { connections }) => sum + connections, 0),
  };
}

/** `why`: what a worker has said that could not listen; null where none has. */
function stateOf(
  accepting: number,
  seats: readonly ListeningSeat[],
  why: string | null,
  isStopping: boolean,
): Pick<ListenerStatus, 'state' | 'reason'> {
  if (accepting === seats.length && accepting > 0) return { state: 'listening', reason: '' };
  if (isStopping) return { state: 'closed', reason: 'the balancer is stopping' };
  if (accepting > 0) return { state: 'partly', reason: why ?? othersOf(seats) };
  if (why !== null) return { state: 'failed', reason: why };
  const isStarting = seats.some(({ state }) => state === 'starting');
  return { state: isStarting ? 'starting' : 'failed', reason: isStarting ? '' : 'no worker is running' };
}

/** What is with the workers that do not accept: `1 worker is starting`. */
function othersOf(seats: readonly ListeningSeat[]): string {
  const absent = seats.filter(({ open }) => open.length === 0);
  const [first] = absent;
  if (first === undefined) return 'a worker has not opened it yet';
  return absent.length === 1 ? `a worker is ${first.state}` : `${absent.length} workers are ${first.state}`;
}
