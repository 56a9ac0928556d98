/**
 * What the page knows, and how each message of the live channel changes it.
 *
 * Pure: a message and the old model give the new model. Whatever a message does not touch keeps
 * its identity, so a row is painted again only when its own backend has changed. Called by
 * `live/session.ts` for every message; read by every screen. It must never invent a figure: what
 * the server has not said stays as it was, and the connection banner tells its age.
 *
 * History is the one thing kept apart (`history.ts`): 900 seconds of every series are too much to
 * copy once a second.
 */
import type { BackendStatus, PoolStatus, Status } from '../../src/protocol/admin-api.ts';
import type {
  BackendChange,
  DeltaMessage,
  LiveEvent,
  PolicyInfo,
  PoolChange,
  ServerMessage,
  SnapshotMessage,
  Totals,
} from '../../src/protocol/dashboard.ts';

/** How many events the page keeps. Older ones are in the log of the balancer. */
export const EVENTS_KEPT = 1000;

export interface Listener {
  readonly name: string;
  readonly address: string;
}

export interface Model {
  /** Number of the last message applied; 0 after a poll, since a poll is not numbered. */
  readonly seq: number;
  /** The server's clock at the last message, milliseconds since the epoch. Ages count from it. */
  readonly atMs: number;
  readonly status: Status;
  readonly totals: Totals;
  readonly policies: readonly PolicyInfo[];
  readonly listeners: readonly Listener[];
  /** Oldest first. */
  readonly events: readonly LiveEvent[];
}

/** What became of a message. `resync`: ask for a fresh snapshot, and apply nothing before it. */
export type Outcome =
  | { readonly kind: 'applied'; readonly model: Model }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'resync' };

/**
 * Applies one message.
 *
 * A snapshot always applies. A delta or an event applies only as the direct successor of the last
 * one: an older number is a repetition and is ignored, a newer one means that something was
 * missed. A process that has been up for a shorter time than before is another process.
 */
export function applyMessage(model: Model | null, message: ServerMessage): Outcome {
  if (message.type === 'snapshot') return { kind: 'applied', model: fromSnapshot(message) };
  if (model === null) return { kind: 'resync' };
  if (message.seq <= model.seq) return { kind: 'ignored' };
  if (message.seq !== model.seq + 1) return { kind: 'resync' };
  if (message.type === 'event') {
    return { kind: 'applied', model: { ...model, seq: message.seq, events: addEvent(model.events, message.event) } };
  }
  if (message.uptimeMs < model.status.uptimeMs) return { kind: 'resync' };
  return { kind: 'applied', model: applyDelta(model, message) };
}

function fromSnapshot(message: SnapshotMessage): Model {
  return {
    seq: message.seq,
    atMs: message.atMs,
    status: message.status,
    totals: message.totals,
    policies: message.policies,
    listeners: message.listeners,
    events: message.events.slice(-EVENTS_KEPT),
  };
}

function applyDelta(model: Model, delta: DeltaMessage): Model {
  const pools = mergeNamed(model.status.pools, delta.pools, delta.order, applyPoolChange, asPool);
  return {
    ...model,
    seq: delta.seq,
    atMs: delta.atMs,
    totals: delta.totals,
    status: {
      ...model.status,
      revision: delta.revision,
      uptimeMs: delta.uptimeMs,
      isDraining: delta.isDraining,
      workers: delta.workers,
      pools,
    },
  };
}

function applyPoolChange(pool: PoolStatus, change: PoolChange): PoolStatus {
  const { backends: changes, order, ...fields } = change;
  const backends = mergeNamed<BackendStatus, BackendChange>(
    pool.backends,
    changes ?? [],
    order,
    (backend, backendChange) => ({ ...backend, ...backendChange }),
    asBackend,
  );
  return { ...pool, ...fields, backends };
}

/**
 * Lays changes over a list by name. `order`, where present, says which names remain and how they
 * stand; a name that is new must have come with all its fields.
 */
function mergeNamed<Item extends { readonly name: string }, Change extends { readonly name: string }>(
  items: readonly Item[],
  changes: readonly Change[],
  order: readonly string[] | undefined,
  merge: (item: Item, change: Change) => Item,
  fresh: (change: Change) => Item | null,
): readonly Item[] {
  if (changes.length === 0 && order === undefined) return items;
  const byName = new Map(items.map((item) => [item.name, item]));
  for (const change of changes) {
    const old = byName.get(change.name);
    const next = old === undefined ? fresh(change) : merge(old, change);
    if (next !== null) byName.set(change.name, next);
  }
  const names = order ?? [...byName.keys()];
  return names.flatMap((name) => byName.get(name) ?? []);
}

/** A backend that was not there before, or null while its fields are not complete. */
function asBackend(change: BackendChange): BackendStatus | null {
  return change.state !== undefined && change.latencyMs !== undefined && change.statuses !== undefined
    ? (change as BackendStatus)
    : null;
}

function asPool(change: PoolChange): PoolStatus | null {
  if (change.policy === undefined || change.policies === undefined || change.latencyMs === undefined) return null;
  const { order: _order, ...fields } = change;
  return { ...fields, backends: (change.backends ?? []).flatMap((backend) => asBackend(backend) ?? []) } as PoolStatus;
}

function addEvent(events: readonly LiveEvent[], event: LiveEvent): readonly LiveEvent[] {
  const last = events.at(-1);
  if (last !== undefined && event.id <= last.id) return events;
  return events.length < EVENTS_KEPT ? [...events, event] : [...events.slice(1 - EVENTS_KEPT), event];
}

/**
 * The model after `GET /api/v1/status`, for the time in which the live channel is blocked. What
 * only the channel carries (events, policies' summaries, listeners) stays as last heard, unless
 * the process is another one by now.
 */
export function applyStatus(model: Model | null, status: Status, atMs: number): Model {
  const isSameProcess = model !== null && status.uptimeMs >= model.status.uptimeMs;
  const seconds = status.pools;
  return {
    seq: 0,
    atMs,
    status,
    totals: {
      rps: sum(seconds.map((pool) => pool.rps)),
      errorsPerSecond: isSameProcess ? errorRate(model, status, atMs) : 0,
      clientConnections: sum(status.workers.map((worker) => worker.clientConnections)),
      upstreamConnections: sum(status.pools.flatMap((pool) => pool.backends.map((backend) => backend.connections))),
      inFlight: sum(status.workers.map((worker) => worker.exchanges)),
    },
    policies: model?.policies ?? [],
    listeners: model?.listeners ?? [],
    events: isSameProcess ? model.events : [],
  };
}

/** Errors a second between two polls: exchanges that ended in a failure or a 5xx. */
function errorRate(model: Model, status: Status, atMs: number): number {
  const seconds = (atMs - model.atMs) / 1000;
  if (seconds <= 0) return model.totals.errorsPerSecond;
  return Math.max(0, (errorCount(status) - errorCount(model.status)) / seconds);
}

/** A failure that Ballast answered itself is among the 5xx already. */
function errorCount(status: Status): number {
  return sum(status.pools.map((pool) => Math.max(pool.statuses['5xx'], pool.failures)));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function poolOf(model: Model | null, name: string): PoolStatus | null {
  return model?.status.pools.find((pool) => pool.name === name) ?? null;
}
