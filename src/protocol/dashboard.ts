/**
 * The live channel `WS /api/v1/live`: what the server pushes to the dashboard.
 *
 * On connection the server sends one `snapshot`: all that a fresh page needs, history included.
 * Then one `delta` a second: only what has changed, and the second's figures. An `event` comes at
 * once. Messages are numbered by `seq`; a page that misses a number asks for a new snapshot by
 * sending `{"op":"resync"}`. For a page that reads too slowly the server leaves deltas out and
 * sends a fresh snapshot when it can be sent: nothing is ever queued for it.
 */
import type { BackendStatus, PoolStatus, Status } from './admin-api.ts';

/** Version of this channel; a page that speaks another one reloads itself. */
export const LIVE_VERSION = 1;

/** How many seconds of history a snapshot carries. */
export const HISTORY_SECONDS = 15 * 60;

export type EventLevel = 'info' | 'good' | 'warning' | 'bad';

/** Something that happened, in words. */
export interface LiveEvent {
  /** Ascending, without gaps, since the start of the process. */
  readonly id: number;
  readonly atMs: number;
  readonly level: EventLevel;
  /** Stable kind, such as `backend-down`, `policy-changed`, `worker-replaced`. */
  readonly kind: string;
  /** `pool/backend`, `pool`, `worker 1`, or empty for the whole. */
  readonly subject: string;
  readonly text: string;
  /** `health check`, `live traffic`, `admin API`, `config file`, `supervisor`, `signal` */
  readonly origin: string;
}

/** One second of a pool's figures. Null where nothing was measured in it. */
export interface PoolSecond {
  readonly rps: number;
  /** Exchanges that ended in a failure or a 5xx, a second. */
  readonly errorsPerSecond: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Requests a second by backend, in the order of the pool's backends in this message. */
  readonly backendRps: Readonly<Record<string, number>>;
}

/** The last seconds of a pool, oldest first, as columns: one entry a second in every array. */
export interface PoolHistory {
  /** Seconds since the epoch. A missing second is a gap. */
  readonly at: readonly number[];
  readonly rps: readonly number[];
  readonly errorsPerSecond: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  /** By the backend's name; null for the seconds in which it did not exist. */
  readonly backendRps: Readonly<Record<string, readonly (number | null)[]>>;
}

/** Figures over all pools. */
export interface Totals {
  readonly rps: number;
  readonly errorsPerSecond: number;
  readonly clientConnections: number;
  readonly upstreamConnections: number;
  readonly inFlight: number;
}

export interface PolicyInfo {
  readonly name: string;
  readonly summary: string;
  readonly usesWeights: boolean;
}

export interface SnapshotMessage {
  readonly type: 'snapshot';
  readonly version: typeof LIVE_VERSION;
  readonly seq: number;
  readonly atMs: number;
  readonly policies: readonly PolicyInfo[];
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  readonly status: Status;
  readonly totals: Totals;
  /** By pool name. */
  readonly history: Readonly<Record<string, PoolHistory>>;
  /** The latest ones, oldest first. */
  readonly events: readonly LiveEvent[];
}

/** A backend or pool as it changed: the named fields, whole. */
export type BackendChange = { readonly name: string } & Partial<BackendStatus>;
export type PoolChange = { readonly name: string } & Partial<Omit<PoolStatus, 'backends'>> & {
    readonly backends?: readonly BackendChange[];
    /** Present when backends came or went: the order in which they now stand. */
    readonly order?: readonly string[];
  };

export interface DeltaMessage {
  readonly type: 'delta';
  readonly seq: number;
  readonly atMs: number;
  readonly revision: number;
  readonly uptimeMs: number;
  readonly isDraining: boolean;
  readonly totals: Totals;
  readonly workers: Status['workers'];
  readonly pools: readonly PoolChange[];
  /** Present when pools came or went: the order in which they now stand. */
  readonly order?: readonly string[];
  /** The second that just ended, by pool name. */
  readonly seconds: Readonly<Record<string, PoolSecond>>;
}

export interface EventMessage {
  readonly type: 'event';
  readonly seq: number;
  readonly event: LiveEvent;
}

/** Server to page. */
export type ServerMessage = SnapshotMessage | DeltaMessage | EventMessage;

/** Page to server. */
export type ClientMessage = { readonly op: 'resync' };
