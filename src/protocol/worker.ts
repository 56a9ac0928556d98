/**
 * Every message between the control plane and a worker, and the plan that a worker carries out.
 *
 * All of it crosses threads by structured clone, so it is plain data. What changes from one
 * second to the next (policy, weight, mode, health) is not in the plan but in shared memory: see
 * `state/layout.ts`.
 */
import type { Capacity } from '../state/layout.ts';
import type { FailureCode } from './failures.ts';
import type { ListeningSocket } from './handover.ts';
import type { TapFilter, TappedRequest } from './tap.ts';

/** One address to accept clients on. */
export interface PlanListener {
  readonly name: string;
  /** IP address; `::` accepts IPv4 as well. */
  readonly host: string;
  readonly port: number;
}

/** One row of the route table; the first that matches wins. */
export interface PlanRoute {
  /** Lower-case host without port; `*.example.com` matches any depth below; null matches all. */
  readonly host: string | null;
  /** Path prefix that ends at a segment boundary: `/v1` matches `/v1` and `/v1/x`, not `/v10`. */
  readonly path: string | null;
  /** Slot of the pool. */
  readonly pool: number;
  /** Row of this route in shared memory. */
  readonly slot: number;
}

/** One server at one address. */
export interface PlanBackend {
  /** Row of this backend in shared memory. */
  readonly slot: number;
  readonly name: string;
  /** `host:port` as configured, for messages. */
  readonly authority: string;
  /** IP address to connect to; null while the name does not resolve. */
  readonly address: string | null;
  readonly port: number;
  /** In-flight limit over all workers; 0 is none. */
  readonly maxConnections: number;
  /** Serves only while no other backend of the pool can. */
  readonly isBackup: boolean;
}

/** A named set of interchangeable backends. */
export interface PlanPool {
  /** Row of this pool in shared memory. */
  readonly slot: number;
  readonly name: string;
  readonly backends: readonly PlanBackend[];
  /** Live failures in a row after which a worker reports the backend. */
  readonly fall: number;
  readonly retry: {
    /** Attempts in all, the first one included. */
    readonly attempts: number;
    /** Largest request body that is kept for another attempt, bytes. */
    readonly bodyBytes: number;
    /** Within which all attempts after the first must have their answer; 0 is no limit. */
    readonly timeoutMs: number;
    /** From the start of an attempt to the head of its answer; 0 is no limit. */
    readonly attemptTimeoutMs: number;
    /** Answers that are tried again, as ranges with both ends. */
    readonly statuses: readonly (readonly [from: number, to: number])[];
    /** Further attempts, in percent of the requests of the last 10 s … */
    readonly budgetPercent: number;
    /** … and so many a second beside that, over all workers. */
    readonly budgetPerSecond: number;
  };
  readonly queue: {
    /** Most requests that wait for a place, over all workers; 0 is none. */
    readonly size: number;
    readonly timeoutMs: number;
  };
  /** Answers 502, 503 and 504 in a row after which a worker reports the backend; 0 is never. */
  readonly gatewayErrors: number;
  /** Percentage of the pool that must be available, or all of it is used; 0 is never. */
  readonly panicPercent: number;
  readonly timeouts: {
    /** From the start of the connection to its being open. */
    readonly connectMs: number;
    /** From the end of the request to the head of the answer. */
    readonly responseHeadMs: number;
    /** Between two pieces of the answer's body. */
    readonly bodyIdleMs: number;
    /** Without a byte in either direction of a tunnel. */
    readonly tunnelIdleMs: number;
  };
  readonly idleConnections: {
    /** Kept-alive connections to each backend, a worker. */
    readonly max: number;
    /** How long one may stay unused. */
    readonly timeoutMs: number;
  };
}

/** What a worker does: the whole of it, for one revision of the config. */
export interface Plan {
  /** Raised by one with every plan. */
  readonly revision: number;
  readonly listeners: readonly PlanListener[];
  readonly routes: readonly PlanRoute[];
  readonly pools: readonly PlanPool[];
  /** The name in `Via`, and what tells a loop. */
  readonly viaName: string;
  readonly client: {
    /** Whole head, from its first byte. */
    readonly requestHeadTimeoutMs: number;
    /** Between two pieces of the request's body. */
    readonly bodyIdleTimeoutMs: number;
    /** Between two requests on a connection. */
    readonly keepAliveTimeoutMs: number;
    /** Without progress in sending the answer to a client that does not read. */
    readonly writeIdleTimeoutMs: number;
    /** Least pace of a request's body; 0 is any. */
    readonly bodyBytesPerSecond: number;
  };
  readonly limits: {
    readonly headBytes: number;
    readonly fields: number;
    readonly targetBytes: number;
    /** 0 is none. */
    readonly bodyBytes: number;
    /** Bytes of later requests read ahead while one is being answered. */
    readonly pipelineBytes: number;
    /** Extensions of the chunks of one body. */
    readonly chunkExtensionBytes: number;
    readonly trailerBytes: number;
    /** Client connections in this worker; 0 is no limit. */
    readonly connections: number;
    /** The same from one address. */
    readonly connectionsPerClient: number;
  };
  /** Networks, `address/bits`, whose `X-Forwarded-*` are believed. */
  readonly trust: readonly string[];
  readonly accessLog: { readonly path: string; readonly format: 'json' | 'combined' } | null;
  /** Field for the failure code in answers of our own. */
  readonly failureField: string | null;
}

/** `workerData` of a worker thread. */
export interface WorkerStart {
  readonly worker: number;
  /** Of an old process, to be accepted from once the plan has their listeners. */
  readonly inherited?: readonly ListeningSocket[];
  readonly memory: SharedArrayBuffer;
  readonly capacity: Capacity;
  readonly plan: Plan;
  /** File descriptors allow this worker so many client connections, and so many to backends; may be infinite. */
  readonly connectionCeiling: number;
}

/** What a worker shows of the requests that it serves, while somebody looks: see `tap.ts`. */
export interface WorkerTap {
  /** Never given twice in a process. */
  readonly id: number;
  readonly filter: TapFilter;
  /** Requests that this worker may show. */
  readonly perSecond: number;
}

/** A request as its worker tells it: without a name, and without the reasons of those that are out. */
export type TappedStory = Omit<TappedRequest, 'name' | 'worker'>;

/** What a worker's taps have found since they were last told of. */
export interface TapReport {
  /** Requests that a filter has let through, shown or not. */
  readonly counts: readonly { readonly tap: number; readonly matched: number }[];
  readonly requests: readonly { readonly taps: readonly number[]; readonly request: TappedStory }[];
}

/** Control plane to worker. */
export type ToWorker =
  /** Requests that begin after `applied` follow this plan; those under way end by their own. */
  | { readonly type: 'apply'; readonly plan: Plan }
  /**
   * Listen on exactly these until the next plan, and answer `listens`: a reload asks all workers
   * before it changes anything.
   */
  | { readonly type: 'listen'; readonly listeners: readonly PlanListener[] }
  /** Cut what this worker still has in flight on a backend: its time to finish is used up. */
  | { readonly type: 'cut'; readonly backend: number }
  /** Show requests to exactly these taps from now on; none costs nothing. */
  | { readonly type: 'tap'; readonly taps: readonly WorkerTap[] }
  /**
   * Stop accepting, finish what is in flight, cut it after `timeoutMs`, answer `drained`. Clients
   * between two requests are not hurried where another process has taken over.
   */
  | { readonly type: 'drain'; readonly timeoutMs: number; readonly isHandedOver: boolean };

/** A listener that could not be opened. */
export interface ListenFailure {
  readonly listener: string;
  readonly error: string;
}

/** An address that a worker accepts at. */
export interface OpenListener {
  readonly host: string;
  readonly port: number;
  /** Client connections that came in there and are open. */
  readonly connections: number;
}

/** What a worker accepts at now. */
export interface WorkerListeners {
  readonly open: readonly OpenListener[];
  /** What it was asked for last and could not open. */
  readonly failed: readonly ListenFailure[];
}

/** Worker to control plane. */
export type FromWorker =
  /** All listeners of the first plan accept. */
  | { readonly type: 'listening' }
  /** A listener could not be opened; sent once for each, at start or after an `apply`. */
  | ({ readonly type: 'listen-failed' } & ListenFailure)
  /** What it listens on now; sent before the answer to whatever has changed it. */
  | { readonly type: 'sockets'; readonly sockets: readonly ListeningSocket[] }
  /** Sent when that has changed, and once a second where the connections have. */
  | ({ readonly type: 'listeners' } & WorkerListeners)
  /** The answer to `listen`. */
  | { readonly type: 'listens'; readonly failed: readonly ListenFailure[] }
  /** The access log could not be opened: exchanges go unlogged until the next plan. */
  | { readonly type: 'log-failed'; readonly path: string; readonly error: string }
  | { readonly type: 'applied'; readonly revision: number }
  /** Failures in a row in live traffic have reached the pool's `fall`, or gateway errors their limit. */
  | {
      readonly type: 'failing';
      readonly backend: number;
      /** Null for gateway errors: answers 502, 503 or 504. */
      readonly code: FailureCode | null;
      /** `status 503`, or the system's word for it, such as `ECONNREFUSED`; empty where there is none. */
      readonly detail: string;
    }
  /** Sent a few times a second where there is something to show. */
  | ({ readonly type: 'tapped' } & TapReport)
  /** Every connection has ended; the worker exits by itself after this. */
  | { readonly type: 'drained'; readonly cutExchanges: number };
