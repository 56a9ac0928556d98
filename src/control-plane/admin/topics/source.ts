/**
 * What topics are made of. The control plane is one such source (`sampler-source.ts`); the fake
 * balancer that the page is developed with is another.
 *
 * Everything here is what is so at the moment of the call, but for figures of seconds, which are
 * those of the last sample. Nothing is worked out before somebody asks for it.
 */
import type {
  AdminMode,
  BackendState,
  BackendStatus,
  LatencyMs,
  PoolStatus,
  Status,
  WorkerStatus,
} from '../../../protocol/admin-api.ts';
import type { LiveEvent } from '../../../protocol/dashboard.ts';
import type { ListenerRow, PoolSettings, RouteRow, SystemFields, Topic } from '../../../protocol/live.ts';
import type { ProcessStatus } from '../../../protocol/process.ts';
import type { TapFields, TapFilter, TappedRequest } from '../../../protocol/tap.ts';
import type { Figures } from '../../history/figures.ts';

/** Figures of all, a pool or a backend: of the last second, and over the last ten. */
export interface RowFigures extends Figures {
  /** Finished, and of those ended badly, a second, over the last 10 s. */
  readonly rps: number;
  readonly errorsPerSecond: number;
  readonly idleConnections: number;
  /** Over the last 10 s. */
  latency(): LatencyMs;
}

export interface BackendSource {
  readonly name: string;
  readonly url: string;
  readonly state: BackendState;
  readonly reason: string;
  readonly sinceMs: number;
  readonly nextCheckMs: number | null;
  readonly weight: number;
  readonly mode: AdminMode;
  readonly isRemoved: boolean;
  readonly figures: RowFigures;
  status(): BackendStatus;
}

export interface PoolSource {
  readonly name: string;
  readonly policy: string;
  readonly isPanic: boolean;
  readonly backends: readonly BackendSource[];
  readonly figures: RowFigures;
  readonly settings: PoolSettings;
  /** The pool's own counters, without its backends. */
  status(): Omit<PoolStatus, 'backends' | 'policies'>;
}

/** A route with its figures of the moment; nothing of it is worked out before it is read. */
export type RouteSource = Omit<RouteRow, 'name' | 'severity' | 'words'>;

/** Single requests, for those who look. */
export interface TapSource {
  /** One more looks at it, until it calls what this answers. */
  open(filter: TapFilter): () => void;
  /** What has been shown; of one that nobody has opened, that it is not on. */
  read(filter: TapFilter): Topic<TapFields, TappedRequest>;
}

export interface TopicSource {
  /** Another process has another one. */
  readonly instance: string;
  /** The second that was sampled last, seconds since the epoch, and how long it took. */
  readonly second: number;
  readonly elapsedMs: number;
  readonly totals: RowFigures;
  /** The same objects as long as the source is for one moment. */
  readonly pools: readonly PoolSource[];
  readonly workers: readonly WorkerStatus[];
  readonly listeners: readonly ListenerRow[];
  /** In the order in which they are asked. */
  readonly routes: readonly RouteSource[];
  /** What no route took: since the start, and a second over the last ten. */
  readonly unrouted: { readonly requests: number; readonly rps: number };
  readonly system: SystemFields;
  process(): ProcessStatus;
  /** The latest events, oldest first. */
  events(count: number): readonly LiveEvent[];
  status(): Status;
  readonly taps: TapSource;
}
