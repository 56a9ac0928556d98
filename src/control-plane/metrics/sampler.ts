/**
 * The sampler: what the workers have counted, made into figures that people read.
 *
 * Once a second it takes the differences of all counters and histograms in shared memory; from
 * the last ten such samples come rates and percentiles. `status()` reads the counters themselves
 * at the moment of the call, so that a client that has its answer finds it counted.
 *
 * Called by the admin API, the live channel and the Prometheus writer; started by the balancer.
 * It never writes shared memory, and never sends anything to a worker or a backend.
 */
import type { BackendState, BackendStatus, PoolStatus, Status, WorkerStatus } from '../../protocol/admin-api.ts';
import { FULL_RAMP, type State } from '../../state/layout.ts';
import { type Clock, SYSTEM_CLOCK, type Timer } from '../clock.ts';
import type { PoolFigures } from '../history/figures.ts';
import { History } from '../history/history.ts';
import type { Shares } from '../roster/pool-shares.ts';
import { SampledRow } from './sampler-rows.ts';
import {
  type Gauges,
  readBackendCounts,
  readBackendGauges,
  readClientConnections,
  readFailuresWithoutPool,
  readPoolCounts,
  readQueued,
} from './sampler-status.ts';
import { TotalsRow } from './sampler-totals.ts';
import { notMeasured } from './sampler-window.ts';

const SECOND_MS = 1000;
/** A timer may fire this much before its time. */
const EARLY_MS = 5;
/** Further than this from the wall clock, the seconds of the history are set by it anew. */
const WALL_TOLERANCE_MS = 2000;

/** What the sampler reads of a backend: a `RosterBackend` is one. */
export type SampledBackend = Pick<
  BackendStatus,
  | 'name'
  | 'url'
  | 'reason'
  | 'sinceMs'
  | 'mode'
  | 'weight'
  | 'maxConnections'
  | 'isBackup'
  | 'ejectedUntilMs'
  | 'cutAtMs'
  | 'inFlightAtLeave'
  | 'lastCheck'
  | 'nextCheckMs'
  | 'isRemoved'
> & { readonly id: number; readonly slot: number; readonly ramp: number; readonly ejectionsTotal: number };

/** What the sampler reads of a pool: a `RosterPool` is one. */
export interface SampledPool {
  readonly id: number;
  readonly slot: number;
  readonly name: string;
  readonly policy: string;
  readonly isPanic: boolean;
  readonly backends: readonly SampledBackend[];
}

/** What the sampler asks of the roster. */
export interface SampledRoster {
  readonly pools: readonly SampledPool[];
  readonly revision: number;
  stateOf(backend: SampledBackend): BackendState;
  addressesOf(backend: SampledBackend): readonly string[];
}

export interface SamplerOptions {
  readonly state: State;
  readonly roster: SampledRoster;
  readonly workers: () => readonly WorkerStatus[];
  /** Every policy that can be chosen. */
  readonly policies: readonly string[];
  readonly version: string;
  readonly isDraining: () => boolean;
  /** What the policy of a pool promises each of its backends, by id; left out, nothing. */
  readonly expectedShares?: (poolId: number) => Shares;
  readonly clock?: Clock;
}

export interface PoolShares {
  readonly expected: Shares | null;
  /** Attempts finished a second on all backends together, over the last 10 s. */
  readonly rps: number;
}

export class Sampler {
  readonly history = new History();
  readonly totalsRow = new TotalsRow();
  readonly state: State;
  readonly #options: SamplerOptions;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #listeners = new Set<() => void>();
  #rows = new Map<number, SampledRow>();
  #timer: Timer | null = null;
  #beganMs = 0;
  #tick = 0;
  #sampledMs = 0;
  /** Wall clock minus monotonic clock: what makes a tick a second since the epoch. */
  #wallOffsetMs: number;
  readonly #startOffsetMs: number;
  #elapsedMs = SECOND_MS;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.state = options.state;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#startedMs = this.#clock.monotonicMs();
    this.#wallOffsetMs = this.#clock.wallMs() - this.#startedMs;
    this.#startOffsetMs = this.#wallOffsetMs;
  }

  /** Begins to sample, once a second from now on. */
  start(): void {
    if (this.#timer !== null) return;
    this.#beganMs = this.#clock.monotonicMs();
    this.#sampledMs = this.#beganMs;
    this.#tick = 0;
    this.#schedule();
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = null;
  }

  /** Calls `listener` after every sample; answers how to stop that. */
  onSecond(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Everything, as it is now. */
  status(): Status {
    const { roster, version, isDraining, workers } = this.#options;
    return {
      revision: roster.revision,
      uptimeMs: this.uptimeMs(),
      version,
      isDraining: isDraining(),
      workers: workers(),
      pools: roster.pools.map((pool) => this.poolStatus(pool)),
      failuresWithoutPool: readFailuresWithoutPool(this.state),
    };
  }

  poolStatus(pool: SampledPool): PoolStatus {
    const shares = this.sharesOf(pool);
    return {
      ...this.poolWithoutBackends(pool),
      policies: this.#options.policies,
      backends: pool.backends.map((backend) => this.backendStatus(backend, shares)),
    };
  }

  /** What the pool itself counts. */
  poolWithoutBackends(pool: SampledPool): Omit<PoolStatus, 'backends' | 'policies'> {
    const row = this.#rows.get(pool.id);
    return {
      name: pool.name,
      policy: pool.policy,
      ...readPoolCounts(this.state, pool.slot),
      isPanic: pool.isPanic,
      rps: hundredths(row?.rps ?? 0),
      latencyMs: row?.latency() ?? notMeasured(),
    };
  }

  /** What the backends of a pool should get of its requests, and how many there are in all. */
  sharesOf(pool: SampledPool | undefined): PoolShares {
    const rps = pool?.backends.reduce((sum, { id }) => sum + (this.#rows.get(id)?.rps ?? 0), 0) ?? 0;
    return { expected: this.#options.expectedShares?.(pool?.id ?? 0) ?? null, rps };
  }

  backendStatus(backend: SampledBackend, shares = this.sharesOf(this.#poolOf(backend))): BackendStatus {
    const row = this.#rows.get(backend.id);
    return {
      name: backend.name,
      url: backend.url,
      addresses: this.#options.roster.addressesOf(backend),
      state: this.#options.roster.stateOf(backend),
      reason: backend.reason,
      sinceMs: backend.sinceMs,
      mode: backend.mode,
      weight: backend.weight,
      maxConnections: backend.maxConnections,
      isBackup: backend.isBackup,
      rampPercent: (100 * backend.ramp) / FULL_RAMP,
      ejectedUntilMs: backend.ejectedUntilMs,
      cutAtMs: backend.cutAtMs,
      inFlightAtLeave: backend.inFlightAtLeave,
      ...readBackendCounts(this.state, backend.slot),
      rps: hundredths(row?.rps ?? 0),
      expectedShare: tenThousandths(shares.expected?.get(backend.id) ?? null),
      actualShare: shares.rps > 0 ? tenThousandths((row?.rps ?? 0) / shares.rps) : null,
      latencyMs: row?.latency() ?? notMeasured(),
      lastCheck: backend.lastCheck,
      nextCheckMs: backend.nextCheckMs,
      isRemoved: backend.isRemoved,
    };
  }

  /** Figures of a pool or backend, by its id; null before its first second. */
  figuresOf(id: number): SampledRow | null {
    return this.#rows.get(id) ?? null;
  }

  /** How long the last second really took. */
  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  /** When the process began to serve, milliseconds since the epoch. */
  get startedAtMs(): number {
    return Math.round(this.#startedMs + this.#startOffsetMs);
  }

  /** Milliseconds since the process began to serve. */
  uptimeMs(): number {
    return Math.round(this.#clock.monotonicMs() - this.#startedMs);
  }

  /** How long an attempt takes on a backend, on average over the last 10 s; null where nothing was measured. */
  meanLatencyMs(backend: SampledBackend): number | null {
    return this.#rows.get(backend.id)?.latencies?.meanMs() ?? null;
  }

  /** All latencies of a pool since it was taken up: counts by fine bucket, at this moment. */
  poolLatencies(pool: SampledPool): Float64Array {
    return this.#poolRow(pool).latencyTotals();
  }

  /** All latencies of a backend since it was taken up: counts by fine bucket, at this moment. */
  backendLatencies(backend: SampledBackend): Float64Array {
    return this.#backendRow(backend).latencyTotals();
  }

  /** Takes one sample. Called by the timer; by tests with a clock of their own. */
  sample(): void {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = Math.max(1, nowMs - this.#sampledMs);
    this.#elapsedMs = elapsedMs;
    this.#sampledMs = nowMs;
    const rows = new Map<number, SampledRow>();
    const poolRows: SampledRow[] = [];
    const pools: PoolFigures[] = [];
    for (const pool of this.#options.roster.pools) {
      const row = this.#poolRow(pool);
      const backends = pool.backends.map((backend) => {
        const figures = this.#backendRow(backend);
        figures.advance(elapsedMs, readBackendGauges(this.state, backend.slot));
        rows.set(backend.id, figures);
        return { name: backend.name, figures };
      });
      row.advance(elapsedMs, poolGauges(backends, readQueued(this.state, pool.slot)));
      rows.set(pool.id, row);
      poolRows.push(row);
      pools.push({ name: pool.name, figures: row, backends });
    }
    this.totalsRow.advance(elapsedMs, poolRows, readClientConnections(this.state));
    // Rows of what has left are not taken over.
    this.#rows = rows;
    this.history.record({ at: this.#epochSecond(), elapsedMs, totals: this.totalsRow, pools });
    for (const listener of [...this.#listeners]) listener();
  }

  #poolOf(backend: SampledBackend): SampledPool | undefined {
    return this.#options.roster.pools.find(({ backends }) => backends.includes(backend));
  }

  #poolRow({ id, slot }: SampledPool): SampledRow {
    return this.#row(id, () => SampledRow.ofPool(this.state, slot));
  }

  #backendRow({ id, slot }: SampledBackend): SampledRow {
    return this.#row(id, () => SampledRow.ofBackend(this.state, slot));
  }

  #row(id: number, create: () => SampledRow): SampledRow {
    let row = this.#rows.get(id);
    if (row === undefined) this.#rows.set(id, (row = create()));
    return row;
  }

  /** Ticks lie on whole seconds after the start, whatever the delay of the one before: no drift. */
  #schedule(): void {
    const dueMs = this.#beganMs + (this.#tick + 1) * SECOND_MS;
    this.#timer = this.#clock.after(Math.max(0, dueMs - this.#clock.monotonicMs()), () => {
      const passed = Math.floor((this.#clock.monotonicMs() - this.#beganMs + EARLY_MS) / SECOND_MS);
      this.#tick = Math.max(this.#tick + 1, passed);
      this.#schedule();
      this.sample();
    });
  }

  /**
   * The second since the epoch that this tick ends: from the number of the tick, since a wall
   * clock read at each tick would now and then give one second twice and leave out the next.
   */
  #epochSecond(): number {
    const tickMs = this.#timer === null ? this.#sampledMs : this.#beganMs + this.#tick * SECOND_MS;
    if (Math.abs(this.#clock.wallMs() - (tickMs + this.#wallOffsetMs)) > WALL_TOLERANCE_MS) {
      this.#wallOffsetMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    }
    return Math.floor((tickMs + this.#wallOffsetMs) / SECOND_MS);
  }
}

const tenThousandths = (value: number | null): number | null =>
  value === null ? null : Math.round(value * 10_000) / 10_000;
const hundredths = (value: number): number => Math.round(value * 100) / 100;

function poolGauges(backends: readonly { readonly figures: SampledRow }[], queued: number): Gauges {
  let inFlight = 0;
  let connections = 0;
  let idleConnections = 0;
  for (const { figures } of backends) {
    inFlight += figures.inFlight;
    connections += figures.connections;
    idleConnections += figures.idleConnections;
  }
  return { inFlight, connections, idleConnections, queued };
}
