/**
 * A balancer that is not there: pools, backends, figures and events that look and move like real
 * ones, for work on the page and for its tests in a browser. `fake-server.ts` serves it.
 *
 * It is scripted by seconds and has no randomness of its own, so that a picture taken twice is the
 * same twice.
 */
import type { AdminMode, BackendAddition, Status } from '../../src/protocol/admin-api.ts';
import type { EventLevel, LiveEvent, PoolSecond, Totals } from '../../src/protocol/dashboard.ts';
import { tickPool } from './fake-figures.ts';
import {
  type FakeBackend,
  type FakePool,
  fakeBackend,
  POLICIES,
  poolsOf,
  type Scenario,
  statusOf,
} from './fake-pools.ts';

interface KeptHistory {
  at: number[];
  rps: number[];
  errorsPerSecond: number[];
  p50: (number | null)[];
  p95: (number | null)[];
  p99: (number | null)[];
  backendRps: Record<string, (number | null)[]>;
}

export class FakeFleet {
  readonly policies = POLICIES;
  readonly listeners = [{ name: 'web', address: '[::]:8080' }];
  readonly pools: FakePool[];
  readonly events: LiveEvent[] = [];
  readonly histories = new Map<string, KeptHistory>();
  totals: Totals = { rps: 0, errorsPerSecond: 0, clientConnections: 0, upstreamConnections: 0, inFlight: 0 };
  revision = 41;
  startedAtMs: number;
  onEvent: (event: LiveEvent) => void = () => {};

  constructor(scenario: Scenario, nowMs: number) {
    this.startedAtMs = nowMs - 3 * 86_400_000 - 2 * 3_600_000;
    this.pools = poolsOf(scenario, nowMs);
    for (let second = 900; second >= 1; second -= 1) {
      const atMs = nowMs - second * 1000;
      const seconds = this.tick(atMs);
      // Between 400 and 380 seconds ago the sampler stood still: a gap.
      if (second <= 400 && second > 380) continue;
      this.#keep(Math.floor(atMs / 1000), seconds);
    }
    if (scenario === 'fleet') this.#tellThePast(nowMs);
  }

  /** Lets a second pass and answers its figures. */
  tick(atMs: number): Record<string, PoolSecond> {
    const second = Math.floor(atMs / 1000);
    const seconds: Record<string, PoolSecond> = {};
    let rps = 0;
    let errorsPerSecond = 0;
    for (const pool of this.pools) {
      const figures = tickPool(pool, second, atMs);
      seconds[pool.name] = figures;
      rps += figures.rps;
      errorsPerSecond += figures.errorsPerSecond;
    }
    const backends = this.pools.flatMap((pool) => pool.backends);
    const inFlight = backends.reduce((sum, backend) => sum + backend.inFlight, 0);
    const upstreamConnections = backends.reduce((sum, backend) => sum + backend.connections, 0);
    this.totals = { rps, errorsPerSecond, clientConnections: Math.round(rps / 9), upstreamConnections, inFlight };
    return seconds;
  }

  /** As `tick`, and keeps the second for later snapshots. */
  advance(atMs: number): Record<string, PoolSecond> {
    const seconds = this.tick(atMs);
    this.#keep(Math.floor(atMs / 1000), seconds);
    return seconds;
  }

  status(nowMs: number): Status {
    return {
      revision: this.revision,
      uptimeMs: nowMs - this.startedAtMs,
      version: '0.1.0',
      isDraining: false,
      workers: [0, 1].map((worker) => ({
        worker,
        state: 'running',
        startedAtMs: this.startedAtMs,
        restarts: 0,
        isCrashLoop: false,
        lastDeath: null,
        clientConnections: Math.round(this.totals.clientConnections / 2),
        exchanges: Math.round(this.totals.inFlight / 2),
        loopDelayMs: 1.4,
        loopBusy: 0.31,
        heapBytes: 14_000_000,
      })),
      pools: this.pools.map(statusOf),
      failuresWithoutPool: {},
    };
  }

  tell(level: EventLevel, kind: string, subject: string, text: string, origin: string, atMs: number): void {
    const event = { id: this.events.length + 1, atMs, level, kind, subject, text, origin };
    this.events.push(event);
    this.onEvent(event);
  }

  find(poolName: string, backendName: string): FakeBackend | undefined {
    return this.pools.find((pool) => pool.name === poolName)?.backends.find((backend) => backend.name === backendName);
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

  #keep(at: number, seconds: Readonly<Record<string, PoolSecond>>): void {
    for (const [name, second] of Object.entries(seconds)) {
      const kept = this.histories.get(name) ?? {
        at: [],
        rps: [],
        errorsPerSecond: [],
        p50: [],
        p95: [],
        p99: [],
        backendRps: {},
      };
      this.histories.set(name, kept);
      const last = kept.at.at(-1) ?? at - 1;
      const length = kept.at.push(Math.abs(at - last - 1) <= 1 ? last + 1 : at);
      kept.rps.push(second.rps);
      kept.errorsPerSecond.push(second.errorsPerSecond);
      kept.p50.push(second.p50);
      kept.p95.push(second.p95);
      kept.p99.push(second.p99);
      for (const [backend, rps] of Object.entries(second.backendRps)) {
        kept.backendRps[backend] ??= new Array<number | null>(length - 1).fill(null);
        kept.backendRps[backend].push(rps);
      }
      for (const column of Object.values(kept.backendRps)) if (column.length < length) column.push(null);
      const columns = [
        kept.at,
        kept.rps,
        kept.errorsPerSecond,
        kept.p50,
        kept.p95,
        kept.p99,
        ...Object.values(kept.backendRps),
      ];
      if (length > 900) for (const column of columns) column.shift();
    }
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
