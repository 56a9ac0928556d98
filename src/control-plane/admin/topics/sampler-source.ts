/**
 * What topics are made of, from the running control plane: one object for one moment. Made by the
 * live channel for each second and each new topic; it only reads.
 */
import os from 'node:os';
import type { Config } from '../../../config/schema.ts';
import type {
  AdminMode,
  BackendState,
  BackendStatus,
  ListenerStatus,
  PoolStatus,
  Status,
  WorkerStatus,
} from '../../../protocol/admin-api.ts';
import type { LiveEvent, PolicyInfo } from '../../../protocol/dashboard.ts';
import type { PoolSettings, SystemFields } from '../../../protocol/live.ts';
import type { ProcessStatus } from '../../../protocol/process.ts';
import type { Journal } from '../../journal.ts';
import type { RouteCounts } from '../../metrics/route-counts.ts';
import type { PoolShares, Sampler } from '../../metrics/sampler.ts';
import { notMeasured } from '../../metrics/sampler-window.ts';
import type { Roster } from '../../roster/roster.ts';
import type { RosterBackend, RosterPool } from '../../roster/roster-model.ts';
import type { BackendSource, PoolSource, RouteSource, RowFigures, TapSource, TopicSource } from './source.ts';

/** What does not change from one moment to the next. */
export interface SourceParts {
  readonly taps: TapSource;
  readonly instance: string;
  readonly version: string;
  readonly sampler: Sampler;
  readonly roster: Roster;
  readonly journal: Journal;
  readonly workers: () => readonly WorkerStatus[];
  readonly routes: RouteCounts;
  readonly listenerStatuses: () => readonly ListenerStatus[];
  readonly isDraining: () => boolean;
  readonly policies: readonly PolicyInfo[];
  readonly listeners: () => SystemFields['listeners'];
  readonly process: { status(): ProcessStatus };
}

export class SamplerSource implements TopicSource {
  readonly #parts: SourceParts;
  #pools: readonly PoolSource[] | null = null;

  constructor(parts: SourceParts) {
    this.#parts = parts;
  }

  get instance(): string {
    return this.#parts.instance;
  }

  get second(): number {
    return this.#parts.sampler.history.second;
  }

  get elapsedMs(): number {
    return this.#parts.sampler.elapsedMs;
  }

  get totals(): RowFigures {
    return this.#parts.sampler.totalsRow;
  }

  get pools(): readonly PoolSource[] {
    this.#pools ??= this.#parts.roster.pools.map((pool) => new LivePool(this.#parts, pool));
    return this.#pools;
  }

  get workers(): readonly WorkerStatus[] {
    return this.#parts.workers();
  }

  get listeners(): readonly ListenerStatus[] {
    return this.#parts.listenerStatuses();
  }

  get routes(): readonly RouteSource[] {
    return this.#parts.routes.routes;
  }

  get unrouted(): RouteCounts['unrouted'] {
    return this.#parts.routes.unrouted;
  }

  get system(): SystemFields {
    const { version, roster, sampler, isDraining, policies, listeners } = this.#parts;
    const { environment, color } = roster.config.ui;
    const { workers } = this;
    return {
      version,
      node: os.hostname(),
      environment: environment === null ? null : { name: environment, color },
      revision: roster.revision,
      startedAtMs: sampler.startedAtMs,
      isDraining: isDraining(),
      workerCount: workers.length,
      runningWorkers: workers.filter(({ state }) => state === 'running').length,
      policies,
      listeners: listeners(),
    };
  }

  process(): ProcessStatus {
    return this.#parts.process.status();
  }

  get taps(): TapSource {
    return this.#parts.taps;
  }

  events(count: number): readonly LiveEvent[] {
    return this.#parts.journal.latest(count);
  }

  status(): Status {
    return this.#parts.sampler.status();
  }
}

class LivePool implements PoolSource {
  readonly backends: readonly BackendSource[];
  readonly #sampler: Sampler;
  readonly #roster: Roster;
  readonly #pool: RosterPool;
  #shares: PoolShares | null = null;

  constructor({ sampler, roster }: SourceParts, pool: RosterPool) {
    this.#sampler = sampler;
    this.#roster = roster;
    this.#pool = pool;
    const shares = (): PoolShares => (this.#shares ??= sampler.sharesOf(pool));
    this.backends = pool.backends.map((backend) => new LiveBackend(sampler, roster, backend, shares));
  }

  get name(): string {
    return this.#pool.name;
  }

  get policy(): string {
    return this.#pool.policy;
  }

  get isPanic(): boolean {
    return this.#pool.isPanic;
  }

  get figures(): RowFigures {
    return this.#sampler.figuresOf(this.#pool.id) ?? NO_FIGURES;
  }

  get settings(): PoolSettings {
    const { retry, queue, drainTimeoutMs } = this.#pool.config;
    return {
      attempts: retry.attempts,
      budgetPercent: retry.budgetPercent,
      budgetPerSecond: retry.budgetPerSecond,
      queueSize: queue.size,
      queueTimeoutMs: queue.timeoutMs,
      drainTimeoutMs,
      routeCount: routeCounts(this.#roster.config).get(this.#pool.name) ?? 0,
    };
  }

  status(): Omit<PoolStatus, 'backends' | 'policies'> {
    return this.#sampler.poolWithoutBackends(this.#pool);
  }
}

/** By pool; counted once for each config, since there may be thousands of routes. */
const countsOf = new WeakMap<Config, ReadonlyMap<string, number>>();

function routeCounts(config: Config): ReadonlyMap<string, number> {
  const known = countsOf.get(config);
  if (known !== undefined) return known;
  const counts = new Map<string, number>();
  for (const { pool } of config.routes) counts.set(pool, (counts.get(pool) ?? 0) + 1);
  countsOf.set(config, counts);
  return counts;
}

class LiveBackend implements BackendSource {
  readonly state: BackendState;
  readonly #sampler: Sampler;
  readonly #backend: RosterBackend;
  readonly #shares: () => PoolShares;

  constructor(sampler: Sampler, roster: Roster, backend: RosterBackend, shares: () => PoolShares) {
    this.state = roster.stateOf(backend);
    this.#sampler = sampler;
    this.#backend = backend;
    this.#shares = shares;
  }

  get name(): string {
    return this.#backend.name;
  }

  get url(): string {
    return this.#backend.url;
  }

  get reason(): string {
    return this.#backend.reason;
  }

  get sinceMs(): number {
    return this.#backend.sinceMs;
  }

  get nextCheckMs(): number | null {
    return this.#backend.nextCheckMs;
  }

  get weight(): number {
    return this.#backend.weight;
  }

  get mode(): AdminMode {
    return this.#backend.mode;
  }

  get isRemoved(): boolean {
    return this.#backend.isRemoved;
  }

  get figures(): RowFigures {
    return this.#sampler.figuresOf(this.#backend.id) ?? NO_FIGURES;
  }

  status(): BackendStatus {
    return this.#sampler.backendStatus(this.#backend, this.#shares());
  }
}

/** Of what came after the last second. */
const NO_FIGURES: RowFigures = {
  finished: 0,
  errors: 0,
  retries: 0,
  inFlight: 0,
  connections: 0,
  idleConnections: 0,
  clientConnections: 0,
  queued: 0,
  latencies: null,
  rps: 0,
  errorsPerSecond: 0,
  latency: notMeasured,
};
