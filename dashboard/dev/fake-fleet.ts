/**
 * A balancer that is not there: pools, backends, figures and events that look and move like real
 * ones, for work on the page and for its tests in a browser. `fake-server.ts` serves it.
 *
 * It is scripted by seconds and has no randomness of its own, so that a picture taken twice is the
 * same twice.
 */
import type {
  AdminMode,
  BackendAddition,
  BackendState,
  BackendStatus,
  LatencyMs,
  PoolStatus,
  Status,
} from '../../src/protocol/admin-api.ts';
import type { EventLevel, LiveEvent, PolicyInfo, PoolSecond, Totals } from '../../src/protocol/dashboard.ts';

export type Scenario = 'fleet' | 'calm' | 'thousand' | 'idle' | 'empty';

interface KeptHistory {
  at: number[];
  rps: number[];
  errorsPerSecond: number[];
  p50: (number | null)[];
  p95: (number | null)[];
  p99: (number | null)[];
  backendRps: Record<string, (number | null)[]>;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
export type FakeBackend = Mutable<BackendStatus> & { speed: number };
export type FakePool = Mutable<Omit<PoolStatus, 'backends'>> & { backends: FakeBackend[]; demand: number };

const POLICIES: readonly PolicyInfo[] = [
  { name: 'round-robin', summary: 'Each available backend in its turn.', usesWeights: false },
  {
    name: 'weighted-round-robin',
    summary: 'Each available backend in its turn, in proportion to the weights.',
    usesWeights: true,
  },
  {
    name: 'least-connections',
    summary: 'The backend with the fewest requests in flight for its weight.',
    usesWeights: true,
  },
];

const NOTHING: LatencyMs = { p50: null, p90: null, p95: null, p99: null };
const noStatuses = (): Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number> => ({
  '1xx': 0,
  '2xx': 0,
  '3xx': 0,
  '4xx': 0,
  '5xx': 0,
});

/** A number 0..1 that looks random and is the same for the same seed. */
export function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value);
}

function fakeBackend(name: string, port: number, state: BackendState, reason: string, nowMs: number): FakeBackend {
  const mode: AdminMode = state === 'draining' ? 'drain' : state === 'maintenance' ? 'maintenance' : 'ready';
  return {
    name,
    url: `http://10.0.0.${port % 250}:${port}`,
    state,
    reason,
    sinceMs: state === 'up' ? nowMs - 1000 * (60 + port * 37) : nowMs - 1000 * (port % 241),
    mode,
    weight: 1,
    maxConnections: 0,
    inFlight: 0,
    connections: 0,
    idleConnections: 0,
    requests: 0,
    failures: 0,
    failuresByCode: {},
    statuses: noStatuses(),
    bytesIn: 0,
    bytesOut: 0,
    rps: 0,
    latencyMs: NOTHING,
    lastCheck: {
      atMs: nowMs - 2000,
      isPass: state === 'up',
      detail: state === 'up' ? 'status 200' : reason,
      durationMs: 2.1,
    },
    nextCheckMs: nowMs + 7000,
    isRemoved: false,
    speed: 1 + (port % 3),
  };
}

function fakePool(name: string, policy: string, demand: number, backends: FakeBackend[]): FakePool {
  return {
    name,
    policy,
    policies: POLICIES.map((one) => one.name),
    backends,
    demand,
    requests: 0,
    failures: 0,
    failuresByCode: {},
    statuses: noStatuses(),
    retries: 0,
    bytesIn: 0,
    bytesOut: 0,
    rps: 0,
    latencyMs: NOTHING,
  };
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

export function statusOf(pool: FakePool): PoolStatus {
  const { demand: _demand, backends, ...fields } = pool;
  return { ...fields, backends: backends.map(backendStatusOf) };
}

export function backendStatusOf(backend: FakeBackend): BackendStatus {
  const { speed: _speed, ...fields } = backend;
  return { ...fields, statuses: { ...fields.statuses } };
}

function poolsOf(scenario: Scenario, nowMs: number): FakePool[] {
  if (scenario === 'empty') return [];
  if (scenario === 'thousand') {
    const backends = Array.from({ length: 1000 }, (_, index) => {
      const isDown = index % 97 === 13;
      return fakeBackend(`node-${index + 1}`, 9000 + index, isDown ? 'down' : 'up', isDown ? 'status 503' : '', nowMs);
    });
    return [fakePool('big', 'round-robin', 24_000, backends)];
  }
  const b = (name: string, port: number, state: BackendState = 'up', reason = ''): FakeBackend =>
    fakeBackend(name, port, state, reason, nowMs);
  if (scenario === 'idle') return [fakePool('web', 'round-robin', 0, [b('b1', 8081), b('b2', 8082), b('b3', 8083)])];
  if (scenario === 'calm') {
    return [fakePool('web', 'round-robin', 120, [b('alpha', 8081), b('beta', 8082), b('gamma', 8083)])];
  }
  const api = fakePool('api', 'weighted-round-robin', 1240, [
    b('b1', 8081),
    b('b2', 8082, 'down', 'ECONNREFUSED 10.0.0.82:8082'),
    b('b3', 8083, 'draining', 'asked by the admin API'),
    b('b4', 8084),
  ]);
  for (const [index, weight] of [3, 2, 1, 1].entries()) {
    const backend = api.backends[index];
    if (backend !== undefined) backend.weight = weight;
  }
  const limited = api.backends[0];
  if (limited !== undefined) limited.maxConnections = 200;
  const fixed = fakePool('static', 'least-connections', 420, [
    b('s1', 8091),
    b('s2', 8092),
    b('s3', 8093, 'ejected', '5 failures in a row: UPSTREAM_ANSWER_TIMEOUT'),
    b('s4', 8094, 'maintenance', 'asked by the admin API'),
    b('s5', 8095, 'unresolved', 'ENOTFOUND s5.internal'),
    b('s6', 8096, 'unknown', 'not checked yet'),
  ]);
  return [fakePool('web', 'round-robin', 120, [b('alpha', 8101), b('beta', 8102), b('gamma', 8103)]), api, fixed];
}

const takes = (backend: FakeBackend): boolean => backend.state === 'up' || backend.state === 'unknown';

function tickPool(pool: FakePool, second: number, atMs: number): PoolSecond {
  const wave = 1 + 0.25 * Math.sin(second / 47) + 0.12 * (noise(second) - 0.5);
  const demand = pool.demand * wave;
  const weightOf = (backend: FakeBackend): number => {
    if (!takes(backend)) return 0;
    return pool.policy === 'weighted-round-robin'
      ? backend.weight
      : pool.policy === 'least-connections'
        ? backend.speed
        : 1;
  };
  const sum = pool.backends.reduce((total, backend) => total + weightOf(backend), 0);
  const errorShare = second % 300 < 20 ? 0.02 : 0.0006;
  let rps = 0;
  const backendRps: Record<string, number> = {};
  for (const [index, backend] of pool.backends.entries()) {
    const part = sum === 0 ? 0 : weightOf(backend) / sum;
    const own = Math.round(demand * part * (1 + 0.06 * (noise(second * 3 + index) - 0.5)));
    tickBackend(backend, own, errorShare, second + index, atMs);
    backendRps[backend.name] = own;
    rps += own;
  }
  pool.backends = pool.backends.filter((backend) => !backend.isRemoved || backend.inFlight > 0);
  const isMeasured = rps > 0;
  const p50 = isMeasured ? 3 + noise(second) + (pool.name === 'static' ? 8 : 0) : null;
  const p95 = p50 === null ? null : p50 * (3.4 + noise(second + 9));
  const p99 = p95 === null ? null : p95 * (1.7 + 0.5 * Math.sin(second / 31) + 0.5 * noise(second + 5));
  const errorsPerSecond = Math.round(rps * errorShare);
  pool.rps = rps;
  pool.requests += rps;
  pool.failures += Math.round(errorsPerSecond / 2);
  pool.failuresByCode = { UPSTREAM_CONNECT_REFUSED: pool.failures };
  pool.retries += errorsPerSecond;
  pool.statuses = { ...pool.statuses, '2xx': pool.statuses['2xx'] + rps - errorsPerSecond };
  pool.bytesIn += rps * 120;
  pool.bytesOut += rps * 5400;
  pool.latencyMs = { p50, p90: p95, p95, p99 };
  return { rps, errorsPerSecond, p50, p95, p99, backendRps };
}

function tickBackend(backend: FakeBackend, rps: number, errorShare: number, seed: number, atMs: number): void {
  const errors = Math.round(rps * errorShare);
  backend.rps = rps;
  backend.requests += rps;
  backend.statuses = {
    ...backend.statuses,
    '2xx': backend.statuses['2xx'] + rps - errors,
    '4xx': backend.statuses['4xx'] + (seed % 5 === 0 && rps > 0 ? 1 : 0),
    '5xx': backend.statuses['5xx'] + errors,
  };
  if (errors > 0) {
    backend.failures += errors;
    backend.failuresByCode = { UPSTREAM_CONNECT_RESET: backend.failures };
  }
  if (backend.state === 'draining')
    backend.inFlight = backend.inFlight === 0 ? 37 : Math.max(2, backend.inFlight - (seed % 9 === 0 ? 1 : 0));
  else backend.inFlight = Math.round((rps * (4 + 6 * noise(seed))) / 1000 / (backend.speed / 3));
  if (backend.isRemoved) backend.inFlight = Math.max(0, backend.inFlight - 9);
  backend.idleConnections = takes(backend) ? 8 + Math.round(6 * noise(seed)) : 0;
  backend.connections = backend.inFlight + backend.idleConnections;
  const p50 = 2.5 + 3 / backend.speed + noise(seed);
  backend.latencyMs = rps === 0 ? NOTHING : { p50, p90: p50 * 3, p95: p50 * 3.6, p99: p50 * (6 + 4 * noise(seed)) };
  if (backend.nextCheckMs !== null && backend.nextCheckMs <= atMs) {
    const isPass = backend.state !== 'down' && backend.state !== 'unresolved';
    backend.lastCheck = {
      atMs,
      isPass,
      detail: isPass ? 'status 200' : backend.reason,
      durationMs: 1 + 3 * noise(seed),
    };
    backend.nextCheckMs = atMs + (isPass ? 10_000 : 2_000);
  }
}
