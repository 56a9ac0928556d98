/** The pools of the fake balancer, by scenario, and the shapes that the others work on. */
import type { BackendSource, PoolSource } from '../../src/control-plane/admin/topics/source.ts';
import type { AdminMode, BackendState, BackendStatus, PoolStatus } from '../../src/protocol/admin-api.ts';
import type { PolicyInfo } from '../../src/protocol/dashboard.ts';
import type { PoolSettings } from '../../src/protocol/live.ts';
import { FakeFigures } from './fake-figures.ts';

export type Scenario = 'fleet' | 'calm' | 'thousand' | 'fifty' | 'idle' | 'empty';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What the figures say is not kept twice. */
type Counted = 'inFlight' | 'connections' | 'idleConnections' | 'rps' | 'latencyMs' | 'queued';

/** A backend of the fake balancer: its settings and counters, and its figures of seconds. */
export interface FakeBackend extends Mutable<Omit<BackendStatus, Counted>> {
  speed: number;
  readonly figures: FakeFigures;
}

export interface FakePool extends Mutable<Omit<PoolStatus, Counted | 'backends' | 'policies'>> {
  backends: FakeBackend[];
  demand: number;
  readonly figures: FakeFigures;
}

export const POLICIES: readonly PolicyInfo[] = [
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

const noStatuses = (): Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number> => ({
  '1xx': 0,
  '2xx': 0,
  '3xx': 0,
  '4xx': 0,
  '5xx': 0,
});

export function fakeBackend(
  name: string,
  port: number,
  state: BackendState,
  reason: string,
  nowMs: number,
): FakeBackend {
  const mode: AdminMode = state === 'draining' ? 'drain' : state === 'maintenance' ? 'maintenance' : 'ready';
  return {
    name,
    url: `http://10.0.0.${port % 250}:${port}`,
    addresses: [`10.0.0.${port % 250}`],
    state,
    reason,
    sinceMs: state === 'up' ? nowMs - 1000 * (60 + port * 37) : nowMs - 1000 * (port % 241),
    mode,
    weight: 1,
    maxConnections: 0,
    isBackup: false,
    rampPercent: 100,
    ejectedUntilMs: null,
    cutAtMs: null,
    inFlightAtLeave: state === 'draining' ? 52 : null,
    requests: 0,
    failures: 0,
    failuresByCode: {},
    statuses: noStatuses(),
    bytesIn: 0,
    bytesOut: 0,
    expectedShare: null,
    actualShare: null,
    lastCheck: {
      atMs: nowMs - 2000,
      isPass: state === 'up',
      detail: state === 'up' ? 'status 200' : reason,
      durationMs: 2.1,
    },
    nextCheckMs: nowMs + 7000,
    isRemoved: false,
    speed: 1 + (port % 3),
    figures: new FakeFigures(),
  };
}

function fakePool(name: string, policy: string, demand: number, backends: FakeBackend[]): FakePool {
  return {
    name,
    policy,
    backends,
    demand,
    requests: 0,
    failures: 0,
    failuresByCode: {},
    statuses: noStatuses(),
    retries: 0,
    retriesDenied: 0,
    queuedTotal: 0,
    isPanic: false,
    bytesIn: 0,
    bytesOut: 0,
    figures: new FakeFigures(),
  };
}

export function poolsOf(scenario: Scenario, nowMs: number): FakePool[] {
  if (scenario === 'empty') return [];
  if (scenario === 'thousand') {
    const backends = Array.from({ length: 1000 }, (_, index) => {
      const isDown = index % 97 === 13;
      return fakeBackend(`node-${index + 1}`, 9000 + index, isDown ? 'down' : 'up', isDown ? 'status 503' : '', nowMs);
    });
    return [fakePool('big', 'round-robin', 24_000, backends)];
  }
  if (scenario === 'fifty') {
    return Array.from({ length: 50 }, (_, pool) => {
      const backends = Array.from({ length: 20 }, (__, index) =>
        fakeBackend(`b${index + 1}`, 9000 + 20 * pool + index, 'up', '', nowMs),
      );
      return fakePool(`pool-${pool + 1}`, 'round-robin', 400, backends);
    });
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

const SETTINGS: PoolSettings = {
  attempts: 3,
  budgetPercent: 20,
  budgetPerSecond: 10,
  queueSize: 1000,
  queueTimeoutMs: 5000,
  drainTimeoutMs: 600_000,
  routeCount: 2,
};

/** The pool as topics are made of it. */
export function sourceOf(pool: FakePool): PoolSource {
  return {
    name: pool.name,
    policy: pool.policy,
    isPanic: pool.isPanic,
    figures: pool.figures,
    settings: SETTINGS,
    backends: pool.backends.map(backendSourceOf),
    status: () => {
      const { demand: _demand, backends: _backends, figures, ...fields } = pool;
      return { ...fields, queued: figures.queued, rps: figures.rps, latencyMs: figures.latency() };
    },
  };
}

function backendSourceOf(backend: FakeBackend): BackendSource {
  const { speed: _speed, figures, ...fields } = backend;
  return { ...fields, figures, status: () => backendStatusOf(backend) };
}

export function statusOf(pool: FakePool): PoolStatus {
  return {
    ...sourceOf(pool).status(),
    policies: POLICIES.map(({ name }) => name),
    backends: pool.backends.map(backendStatusOf),
  };
}

export function backendStatusOf(backend: FakeBackend): BackendStatus {
  const { speed: _speed, figures, ...fields } = backend;
  return {
    ...fields,
    statuses: { ...fields.statuses },
    inFlight: figures.inFlight,
    connections: figures.connections,
    idleConnections: figures.idleConnections,
    rps: figures.rps,
    latencyMs: figures.latency(),
  };
}
