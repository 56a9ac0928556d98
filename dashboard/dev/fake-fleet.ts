/**
 * A balancer that is not there: pools, backends, figures and events that look and move like real
 * ones, for work on the page and for its tests in a browser. `fake-server.ts` serves it.
 *
 * It is a source of topics as the control plane is one, with a real journal and a real history. It
 * is scripted by seconds and has no randomness of its own, so that a picture taken twice is the
 * same twice.
 */
import type { PoolSource, RouteSource, TapSource, TopicSource } from '../../src/control-plane/admin/topics/source.ts';
import { History } from '../../src/control-plane/history/history.ts';
import { Journal } from '../../src/control-plane/journal.ts';
import type { AdminMode, BackendAddition, Status, WorkerStatus } from '../../src/protocol/admin-api.ts';
import type { EventLevel, LiveEvent } from '../../src/protocol/dashboard.ts';
import type { ListenerRow, SystemFields } from '../../src/protocol/live.ts';
import type { ProcessStatus } from '../../src/protocol/process.ts';
import { FakeFigures, tickPool } from './fake-figures.ts';
import {
  type FakeBackend,
  type FakePool,
  fakeBackend,
  POLICIES,
  poolsOf,
  type Scenario,
  sourceOf,
  statusOf,
} from './fake-pools.ts';
import { fakeProcess } from './fake-process.ts';
import { FakeTap } from './fake-tap.ts';

const VERSION = '0.1.0';

export class FakeFleet implements TopicSource {
  readonly instance = 'fake';
  readonly elapsedMs = 1000;
  readonly fakePools: FakePool[];
  readonly totals = new FakeFigures();
  readonly history = new History();
  readonly journal: Journal;
  revision = 41;
  startedAtMs: number;
  #journalMs = 0;
  readonly #tap: FakeTap;

  constructor(scenario: Scenario, nowMs: number) {
    this.startedAtMs = nowMs - 3 * 86_400_000 - 2 * 3_600_000;
    this.journal = new Journal({ wallMs: () => this.#journalMs });
    this.fakePools = poolsOf(scenario, nowMs);
    this.#tap = new FakeTap(() => this.fakePools, this.journal);
    // A second of a thousand backends takes a while.
    const past = this.fakePools.some(({ backends }) => backends.length > 100) ? 60 : 900;
    for (let second = past; second >= 1; second -= 1) {
      // Between 400 and 380 seconds ago the sampler stood still: a gap.
      this.advance(nowMs - second * 1000, !(second <= 400 && second > 380));
    }
    if (scenario === 'fleet') this.#tellThePast(nowMs);
  }

  get second(): number {
    return this.history.second;
  }

  get pools(): readonly PoolSource[] {
    return this.fakePools.map(sourceOf);
  }

  get workers(): readonly WorkerStatus[] {
    return [0, 1].map((worker) => ({
      worker,
      state: 'running',
      startedAtMs: this.startedAtMs,
      restarts: 0,
      isCrashLoop: false,
      lastDeath: null,
      clientConnections: Math.round(this.totals.clientConnections / 2),
      restartAtMs: null,
      lastBeatMs: this.second * 1000,
      connectionLimit: 20_000,
      upstreamConnections: Math.round(this.totals.connections / 2),
      exchanges: Math.round(this.totals.inFlight / 2),
      cpuShare: 0.27 + 0.08 * Math.sin(this.second / 9 + worker),
      loopBusy: 0.31,
      loopDelayMs: 1.4,
      loopDelayP99Ms: 0.6,
      heapBytes: 14_000_000,
      heapLimitBytes: 2 ** 30,
      gcShare: 0.004,
      sockets: 'handles',
    }));
  }

  get listeners(): readonly ListenerRow[] {
    const both = { state: 'listening' as const, reason: '', acceptingWorkers: 2, workers: 2 };
    return [{ name: 'web', address: '[::]:8080', ...both, clientConnections: this.totals.clientConnections }];
  }

  get routes(): readonly RouteSource[] {
    return this.fakePools.map(({ name, requests, figures }, index) => ({
      number: index + 1,
      host: `${name}.example.com`,
      path: null,
      pool: name,
      requests,
      rps: figures.rps,
      coveredBy: null,
      example: { host: `${name}.example.com`, path: '/' },
    }));
  }

  get taps(): TapSource {
    return this.#tap.taps;
  }

  readonly unrouted = { requests: 0, rps: 0 };

  get system(): SystemFields {
    return {
      version: VERSION,
      node: 'edge-1',
      environment: { name: 'prod', color: 'red' },
      revision: this.revision,
      startedAtMs: this.startedAtMs,
      isDraining: false,
      workerCount: 2,
      runningWorkers: 2,
      policies: POLICIES,
      listeners: [{ name: 'web', address: '[::]:8080' }],
    };
  }

  process(): ProcessStatus {
    return fakeProcess(this.startedAtMs, this.second);
  }

  events(count: number): readonly LiveEvent[] {
    return this.journal.latest(count);
  }

  status(): Status {
    return {
      revision: this.revision,
      uptimeMs: Date.now() - this.startedAtMs,
      version: VERSION,
      isDraining: false,
      workers: this.workers,
      pools: this.fakePools.map(statusOf),
      failuresWithoutPool: {},
    };
  }

  /** Lets a second pass. */
  advance(atMs: number, isSeen = true): void {
    const at = Math.floor(atMs / 1000);
    for (const pool of this.fakePools) tickPool(pool, at, atMs);
    this.#tap.advance(atMs);
    const { totals } = this;
    const sum = (of: (figures: FakeFigures) => number): number =>
      this.fakePools.reduce((total, { figures }) => total + of(figures), 0);
    totals.spend(
      sum((figures) => figures.finished),
      5,
      7,
    );
    totals.errors = sum((figures) => figures.errors);
    totals.retries = sum((figures) => figures.retries);
    totals.inFlight = sum((figures) => figures.inFlight);
    totals.connections = sum((figures) => figures.connections);
    totals.idleConnections = sum((figures) => figures.idleConnections);
    totals.clientConnections = Math.round(totals.finished / 9);
    if (isSeen) this.history.record({ at, elapsedMs: 1000, totals, pools: this.fakePools });
  }

  tell(level: EventLevel, kind: string, subject: string, text: string, origin: string, atMs: number): void {
    this.#journalMs = atMs;
    this.journal.add({ level, kind, subject, text, origin });
  }

  find(poolName: string, backendName: string): FakeBackend | undefined {
    return this.fakePools
      .find((pool) => pool.name === poolName)
      ?.backends.find((backend) => backend.name === backendName);
  }

  setMode(pool: string, backend: FakeBackend, mode: AdminMode, nowMs: number): void {
    backend.mode = mode;
    backend.state = mode === 'ready' ? 'up' : mode === 'drain' ? 'draining' : 'maintenance';
    backend.reason = mode === 'ready' ? '' : 'asked by the admin API';
    backend.sinceMs = nowMs;
    this.revision += 1;
    this.tell('warning', 'mode-changed', `${pool}/${backend.name}`, `mode is now ${mode}`, 'admin API', nowMs);
  }

  setDown(pool: string, backend: FakeBackend, isDown: boolean, nowMs: number): void {
    backend.state = isDown ? 'down' : 'up';
    backend.reason = isDown ? `ECONNREFUSED ${backend.url.slice(7)}` : '';
    backend.sinceMs = nowMs;
    const words = isDown ? `down: ${backend.reason}` : 'up again';
    this.tell(
      isDown ? 'bad' : 'good',
      isDown ? 'backend-down' : 'backend-up',
      `${pool}/${backend.name}`,
      words,
      'health check',
      nowMs,
    );
  }

  add(pool: FakePool, addition: BackendAddition, nowMs: number): void {
    const { port, host } = new URL(addition.url);
    const backend = fakeBackend(addition.name ?? host, Number(port), 'up', '', nowMs);
    backend.url = addition.url;
    backend.sinceMs = nowMs;
    backend.weight = addition.weight ?? 1;
    pool.backends.push(backend);
    this.revision += 1;
    this.tell('info', 'backend-added', `${pool.name}/${backend.name}`, 'added', 'admin API', nowMs);
  }

  #tellThePast(nowMs: number): void {
    const tell = (secondsAgo: number, ...rest: [EventLevel, string, string, string, string]): void =>
      this.tell(...rest, nowMs - secondsAgo * 1000);
    tell(7200, 'info', 'started', '', 'Ballast 0.1.0 started with 2 workers', 'supervisor');
    for (let index = 0; index < 130; index += 1) {
      const isDown = index % 2 === 0;
      const words = isDown ? 'down: status 503' : 'up again after 2 checks';
      tell(
        7100 - index * 45,
        isDown ? 'bad' : 'good',
        isDown ? 'backend-down' : 'backend-up',
        'static/s2',
        words,
        'health check',
      );
    }
    tell(640, 'info', 'config-reloaded', '', 'config reloaded: 2 pools changed, revision 40', 'config file');
    tell(333, 'info', 'policy-changed', 'api', 'policy is now least-connections, was round-robin', 'admin API');
    tell(250, 'warning', 'worker-replaced', 'worker 1', 'replaced after 12 ms', 'supervisor');
    tell(
      192,
      'bad',
      'backend-down',
      'api/b2',
      'down: ECONNREFUSED 10.0.0.82:8082 (3 of 3 checks failed)',
      'health check',
    );
    tell(61, 'warning', 'mode-changed', 'api/b3', 'mode is now drain', 'admin API');
    tell(22, 'warning', 'backend-ejected', 'static/s3', 'ejected: 5 failures in a row', 'live traffic');
  }
}
