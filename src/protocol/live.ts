/**
 * The live channel `WS /api/v1/live`: what the server pushes to the dashboard.
 *
 * The page says `hello` with the topics that its screen shows, and gets one `snapshot` of them;
 * then one `delta` a second with what has changed in them, and each `event` at once. It may name
 * other topics at any time, on the same channel. So what is sent is as large as what is looked at,
 * not as what there is.
 *
 * Messages of one connection are numbered by `seq`; a page that misses a number asks for a new
 * snapshot by `resync`. For a page that reads too slowly the server leaves deltas out and sends a
 * fresh snapshot when it can be sent: nothing is ever queued for it. A client that says nothing
 * for a moment is a script: it gets `status`, `totals` and `events`, which is everything.
 *
 * | topic | what it is |
 * |---|---|
 * | `totals` | figures over all pools, and how all of them are in a word |
 * | `system` | version, config revision, policies, listeners: what hardly ever changes |
 * | `workers` | the data-plane threads |
 * | `process` | the process: its main thread, what it holds and may hold |
 * | `pools?…` | pools without their backends: a window of rows |
 * | `pool:NAME?…` | one pool with a window of its backends |
 * | `backend:POOL/NAME` | one backend |
 * | `listeners` | where clients are accepted, by all workers together |
 * | `routes?…` | a window of the routes, in the order in which they are asked |
 * | `attention?limit=8` | pools and backends that somebody should look at |
 * | `search?q=…&limit=20` | pools and backends in which all words occur, the best match first |
 * | `events?limit=20` | the latest events |
 * | `chart:TOPIC?…` | the last second of what `GET /api/v1/history?topic=TOPIC` gives, for `totals`, `pool:NAME` and `backend:POOL/NAME`; `backends=a,b` adds their requests a second, `bands=1` the counts of a heat map |
 * | `tap?…` | single requests as they end, while somebody looks: see `tap.ts` |
 * | `status` | what `GET /api/v1/status` answers, whole: for scripts |
 *
 * Names are percent-encoded where they hold one of `/ ? % ,`. A window takes `offset`, `limit`
 * (100, at most 200), `sort` (a column, `-` before it for descending) and `q` (words that all occur, those after `!` not);
 * the server sorts and filters, so that of 1,000 backends a page is sent the 100 that it shows.
 */
import type {
  BackendState,
  BackendStatus,
  LatencyMs,
  ListenerStatus,
  PoolStatus,
  RouteStatus,
  WorkerStatus,
} from './admin-api.ts';
import type { LiveEvent, PolicyInfo } from './dashboard.ts';
import type { HistoryColumn } from './history.ts';

/** Version of this channel; a page that speaks another one reloads itself. */
export const LIVE_VERSION = 2;

/** How bad it is. Decides the shape and the colour beside the words. */
export type Severity = 'up' | 'unchecked' | 'degraded' | 'down';

/** The state of a pool: that of its worst backend, in the same words everywhere. */
export interface RollUp {
  readonly severity: Severity;
  /** `all up`, `degraded 2 of 3`, `down`, `unchecked`, `no backends`. */
  readonly words: string;
  readonly upCount: number;
  /** Without those that are leaving. */
  readonly count: number;
}

/** What a topic is: fields of its own, and rows that are told apart by `name`. */
export interface Topic<Fields extends object = object, Row extends NamedRow = NamedRow> {
  readonly fields: Fields;
  readonly rows?: readonly Row[];
}

export interface NamedRow {
  readonly name: string;
}

/**
 * What has changed in a topic: the named fields, whole. A row that is new comes with all its
 * fields. `order`, where present, says which rows there are now and how they stand.
 */
export interface TopicChange<Fields extends object = object, Row extends NamedRow = NamedRow> {
  readonly fields?: Partial<Fields>;
  readonly rows?: readonly (Partial<Row> & NamedRow)[];
  readonly order?: readonly string[];
}

/** Topic `totals`. Rates and percentiles are of the last 10 s. */
export interface TotalsFields {
  readonly severity: Severity;
  /** `all up`, `2 of 5 pools degraded`, `api down`. */
  readonly words: string;
  readonly poolCount: number;
  /** Pools by how they are. */
  readonly pools: Readonly<Record<Severity, number>>;
  /** Backends, by their state; those that are leaving are not counted. */
  readonly states: Readonly<Partial<Record<BackendState, number>>>;
  readonly upCount: number;
  readonly count: number;
  /** Exchanges finished since the start. */
  readonly requests: number;
  readonly rps: number;
  /** Exchanges that ended in a failure or a 5xx, a second. */
  readonly errorsPerSecond: number;
  /** Of all exchanges of all pools together. */
  readonly latencyMs: LatencyMs;
  /** The pool with the highest p99; null where nothing was measured. */
  readonly slowestPool: string | null;
  readonly inFlight: number;
  readonly queued: number;
  readonly clientConnections: number;
  readonly upstreamConnections: number;
  readonly idleConnections: number;
}

/** Topic `system`. */
export interface SystemFields {
  readonly version: string;
  /** The name of the machine, or of the container. */
  readonly node: string;
  /** `ui.environment` with its colour; null where there is none. */
  readonly environment: { readonly name: string; readonly color: string } | null;
  readonly revision: number;
  readonly startedAtMs: number;
  readonly isDraining: boolean;
  readonly workerCount: number;
  readonly runningWorkers: number;
  readonly policies: readonly PolicyInfo[];
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
}

/** Rows of topic `workers`, named by their number. */
export interface WorkerRow extends NamedRow, WorkerStatus {}

/** What a window shows of how many. */
export interface WindowFields {
  /** Rows that match the filter. */
  readonly matchingCount: number;
  /** The place of the first row among them; less than was asked for where there are not so many. */
  readonly offset: number;
}

/** Rows of topic `pools`. */
export interface PoolRow extends NamedRow, RollUp {
  readonly policy: string;
  readonly isPanic: boolean;
  /** Backends by their state; those that are leaving are not counted. */
  readonly states: Readonly<Partial<Record<BackendState, number>>>;
  readonly requests: number;
  readonly rps: number;
  readonly errorsPerSecond: number;
  readonly latencyMs: LatencyMs;
  readonly inFlight: number;
  readonly queued: number;
}

export type PoolsFields = WindowFields;

/** Topic `pool:NAME`. Its rows are `BackendStatus`. */
export interface PoolFields extends Omit<PoolStatus, 'backends' | 'policies'>, RollUp, WindowFields {
  /** Backends that new requests can go to. */
  readonly availableCount: number;
  readonly states: Readonly<Partial<Record<BackendState, number>>>;
  readonly errorsPerSecond: number;
  readonly inFlight: number;
  readonly connections: number;
  readonly settings: PoolSettings;
}

/** Of a pool's settings what explains its figures. */
export interface PoolSettings {
  /** Attempts in all for one request. */
  readonly attempts: number;
  /** Further attempts that it may make, in percent of its requests of the last 10 s, and a second beside that. */
  readonly budgetPercent: number;
  readonly budgetPerSecond: number;
  /** Most requests that wait for a place, and for how long. */
  readonly queueSize: number;
  readonly queueTimeoutMs: number;
  /** After which what a leaving backend has in flight is cut; 0 for never. */
  readonly drainTimeoutMs: number;
  /** Routes that lead to it. */
  readonly routeCount: number;
}

/** Topic `backend:POOL/NAME`. */
export interface BackendFields extends BackendStatus {
  readonly pool: string;
  readonly errorsPerSecond: number;
}

/** Rows of topic `listeners`. */
export interface ListenerRow extends NamedRow, ListenerStatus {}

/** Rows of topic `routes`, named by their number. */
export interface RouteRow extends NamedRow, RouteStatus, Pick<RollUp, 'severity' | 'words'> {
  /** A request that it takes, for people to try; an empty host is any. Of one that never matches, what is in its way. */
  readonly example: { readonly host: string; readonly path: string };
}

/** Topic `routes`. */
export interface RoutesFields extends WindowFields {
  /** How many there are in all. */
  readonly routeCount: number;
  /** Requests that no route took, since the start, and a second over the last 10 s. */
  readonly unroutedRequests: number;
  readonly unroutedRps: number;
}

/** Rows of topic `attention`, named `pool/backend` or `pool`; pools in panic first, then worst first. */
export interface AttentionRow extends NamedRow {
  readonly pool: string;
  /** Null for the pool itself, which is in panic then. */
  readonly backend: string | null;
  readonly state: BackendState | Severity;
  readonly reason: string;
  /** Null where it is not known. */
  readonly sinceMs: number | null;
  readonly nextCheckMs: number | null;
}

/** Of topic `attention`. */
export interface AttentionFields {
  /** How many there are in all. */
  readonly count: number;
}

/** Of topic `search`. */
export interface SearchFields {
  /** How many match in all. */
  readonly matchingCount: number;
}

/** Rows of topic `search`, named as in an address: `web`, `web/b1`. */
export interface SearchRow extends NamedRow {
  readonly pool: string;
  /** Null for the pool itself. */
  readonly backend: string | null;
  readonly state: BackendState | Severity;
  /** Of a pool how it is, of a backend that is up its address, of another one why it is not. */
  readonly words: string;
  /** How far it is from what was looked for; 0 is nearest. */
  readonly distance: number;
}

/** Topic `events`: oldest first. It changes by `event` messages only. */
export interface EventsFields {
  readonly events: readonly LiveEvent[];
}

/** Topic `chart:…`: the figures of the last second, by the names of the history's columns. */
export type ChartFields = {
  readonly [Column in HistoryColumn]?: number | null;
} & {
  /** Requests a second of the backends that were asked for; null for one that is not there. */
  readonly backends?: Readonly<Record<string, number | null>>;
  /** Counts by latency band. */
  readonly bands?: readonly number[];
};

export interface SnapshotMessage {
  readonly type: 'snapshot';
  readonly version: typeof LIVE_VERSION;
  /** Another process has another one: nothing that was known of the old one holds. */
  readonly instance: string;
  readonly seq: number;
  /** All topics of the page, or those only that it has asked for since. */
  readonly isWhole: boolean;
  readonly atMs: number;
  /** The second that the figures belong to, seconds since the epoch. */
  readonly second: number;
  /**
   * After `hello` and `resync` all topics asked for, after `topics` those that are new. Null where
   * there is no such thing; if it comes, a delta tells it whole.
   */
  readonly topics: Readonly<Record<string, Topic | null>>;
}

export interface DeltaMessage {
  readonly type: 'delta';
  readonly seq: number;
  readonly atMs: number;
  /** The second that the figures belong to, seconds since the epoch. */
  readonly second: number;
  /** Null where the thing has gone. */
  readonly topics: Readonly<Record<string, TopicChange | null>>;
}

export interface EventMessage {
  readonly type: 'event';
  readonly seq: number;
  readonly event: LiveEvent;
}

/** The page speaks another version; the channel is closed after it. */
export interface OutdatedMessage {
  readonly type: 'outdated';
  readonly version: number;
}

/** Server to page. */
export type ServerMessage = SnapshotMessage | DeltaMessage | EventMessage | OutdatedMessage;

/** Page to server. */
export type ClientMessage =
  | { readonly op: 'hello'; readonly version: number; readonly topics: readonly string[] }
  /** From now on these topics and no others. */
  | { readonly op: 'topics'; readonly topics: readonly string[] }
  /** Something was missed: all of it again. */
  | { readonly op: 'resync' };

/** More topics at once than any screen needs. */
export const MAX_TOPICS = 32;

/** Columns that a window of pools can be sorted by. */
export type PoolSort = 'name' | 'state' | 'rps' | 'errors' | 'p99' | 'inFlight';
/** Columns that a window of routes can be sorted by. */
export type RouteSort = 'number' | 'pool' | 'rps' | 'requests';
/** Columns that a window of backends can be sorted by. */
export type BackendSort =
  | 'name'
  | 'state'
  | 'weight'
  | 'rps'
  | 'inFlight'
  | 'connections'
  | 'p99'
  | 'errors'
  | 'failures';
