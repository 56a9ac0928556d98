/** Small messages for the unit tests: every field that a test does not name has a plain default. */
import type { BackendStatus, ExplainedBackend, Explanation } from '../../src/protocol/admin-api.ts';
import type { Preview } from './change.ts';
import type {
  ChartFields,
  DeltaMessage,
  HistoryAnswer,
  LiveEvent,
  PoolFields,
  RouteRow,
  SnapshotMessage,
  Topic,
  TopicChange,
  WorkerRow,
} from './protocol.ts';
import { PAGE_VERSION } from './protocol.ts';

const STATUSES = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 };
const LATENCY = { p50: null, p90: null, p95: null, p99: null };

export function backend(name: string, fields: Partial<BackendStatus> = {}): BackendStatus {
  return {
    name,
    url: `http://127.0.0.1:80/${name}`,
    addresses: ['127.0.0.1'],
    state: 'up',
    reason: '',
    sinceMs: 0,
    mode: 'ready',
    weight: 1,
    maxConnections: 0,
    isBackup: false,
    rampPercent: 100,
    ejectedUntilMs: null,
    cutAtMs: null,
    inFlightAtLeave: null,
    inFlight: 0,
    connections: 0,
    idleConnections: 0,
    requests: 0,
    failures: 0,
    failuresByCode: {},
    statuses: STATUSES,
    bytesIn: 0,
    bytesOut: 0,
    rps: 0,
    expectedShare: null,
    actualShare: null,
    latencyMs: LATENCY,
    lastCheck: null,
    nextCheckMs: null,
    isRemoved: false,
    ...fields,
  };
}

export function poolFields(name: string, fields: Partial<PoolFields> = {}): PoolFields {
  return {
    name,
    policy: 'round-robin',
    severity: 'up',
    words: 'all up',
    upCount: 2,
    count: 2,
    availableCount: 2,
    states: { up: 2 },
    requests: 0,
    failures: 0,
    failuresByCode: {},
    statuses: STATUSES,
    retries: 0,
    retriesDenied: 0,
    queued: 0,
    queuedTotal: 0,
    isPanic: false,
    bytesIn: 0,
    bytesOut: 0,
    rps: 0,
    errorsPerSecond: 0,
    latencyMs: LATENCY,
    inFlight: 0,
    connections: 0,
    settings: {
      attempts: 3,
      budgetPercent: 20,
      budgetPerSecond: 10,
      queueSize: 1000,
      queueTimeoutMs: 5000,
      drainTimeoutMs: 600_000,
      routeCount: 1,
    },
    matchingCount: 2,
    offset: 0,
    ...fields,
  };
}

/** The topic of a pool with a window of these backends. */
export function pool(
  name: string,
  backends: readonly BackendStatus[],
  fields: Partial<PoolFields> = {},
): Topic<PoolFields, BackendStatus> {
  return {
    fields: poolFields(name, { count: backends.length, matchingCount: backends.length, ...fields }),
    rows: backends,
  };
}

export function worker(name: string, fields: Partial<WorkerRow> = {}): WorkerRow {
  return {
    name,
    worker: Number(name),
    state: 'running',
    startedAtMs: 0,
    restarts: 0,
    isCrashLoop: false,
    lastDeath: null,
    restartAtMs: null,
    lastBeatMs: null,
    clientConnections: 0,
    connectionLimit: null,
    upstreamConnections: 0,
    exchanges: 0,
    cpuShare: 0,
    loopBusy: 0,
    loopDelayMs: 0,
    loopDelayP99Ms: 0,
    heapBytes: 0,
    heapLimitBytes: 2 ** 30,
    gcShare: 0,
    sockets: 'handles',
    ...fields,
  };
}

export function snapshot(
  topics: Readonly<Record<string, Topic | null>>,
  fields: Partial<SnapshotMessage> = {},
): SnapshotMessage {
  return {
    type: 'snapshot',
    version: PAGE_VERSION,
    instance: 'first',
    seq: 1,
    isWhole: true,
    atMs: 1_000_000,
    second: 1000,
    topics,
    ...fields,
  };
}

export function delta(
  seq: number,
  topics: Readonly<Record<string, TopicChange | null>> = {},
  fields: Partial<DeltaMessage> = {},
): DeltaMessage {
  return { type: 'delta', seq, atMs: 999_000 + seq * 1000, second: 999 + seq, topics, ...fields };
}

export function event(id: number, fields: Partial<LiveEvent> = {}): LiveEvent {
  return {
    id,
    atMs: id * 1000,
    level: 'info',
    kind: 'test',
    subject: 'web/b1',
    text: `event ${id}`,
    origin: 'test',
    ...fields,
  };
}

/** An answer of the history in steps of a second that begins at `from`, with these requests a second. */
export function answer(
  from: number,
  rps: readonly (number | null)[],
  fields: Partial<HistoryAnswer> = {},
): HistoryAnswer {
  return {
    topic: 'pool:web',
    stepSeconds: 1,
    second: from + rps.length - 1,
    at: rps.map((_, index) => from + index),
    isLastOpen: false,
    columns: { rps, p50: rps.map(() => 1), p95: rps.map(() => 2), p99: rps },
    ...fields,
  };
}

export const chart = (rps: number, fields: Partial<ChartFields> = {}): Topic<ChartFields> => ({
  fields: { rps, p50: 1, p95: 2, p99: rps, ...fields },
});

export function explained(name: string, fields: Partial<ExplainedBackend> = {}): ExplainedBackend {
  return {
    name,
    url: `http://127.0.0.1:80/${name}`,
    state: 'up',
    isBackup: false,
    weight: 1,
    isCandidate: true,
    reason: '',
    share: 0.5,
    ...fields,
  };
}

/** Route 2 of 2 takes it; two backends of pool `api` share it, a third is down. */
export function explanation(fields: Partial<Explanation> = {}): Explanation {
  const down = explained('b3', { state: 'down', isCandidate: false, share: 0, reason: 'down: ECONNREFUSED' });
  return {
    request: { method: 'GET', host: 'api.example.com', path: '/v2' },
    outcome: 'forwarded',
    failure: null,
    route: { number: 2, host: 'api.example.com', path: null, pool: 'api', reason: 'first match' },
    lost: [{ number: 1, host: null, path: '/v1', pool: 'web', reason: 'path /v2 is not below /v1' }],
    moreLost: 0,
    pool: { name: 'api', policy: 'round-robin', isPanic: false, backends: [explained('b1'), explained('b2'), down] },
    ...fields,
  };
}

export function route(number: number, fields: Partial<RouteRow> = {}): RouteRow {
  return {
    name: String(number),
    number,
    host: null,
    path: null,
    pool: 'web',
    requests: 0,
    rps: 0,
    coveredBy: null,
    example: { host: '', path: '/' },
    severity: 'up',
    words: 'all up',
    ...fields,
  };
}

/** What the server would say of a drain of `b1` in a pool of three. */
export const preview = (fields: Partial<Preview>): Preview => ({
  dryRun: true,
  changes: ['backend b1: mode ready → drain'],
  consequences: [],
  inFlight: 0,
  available: { before: 3, after: 2 },
  former: { policy: null, backends: [{ name: 'b1', url: 'http://127.0.0.1:80/b1', weight: 1, mode: 'ready' }] },
  tag: '"1"',
  ...fields,
});
