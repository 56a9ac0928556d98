/** Small models for the unit tests: every field a test does not name has a plain default. */
import type { BackendStatus, PoolStatus, Status } from '../../src/protocol/admin-api.ts';
import type { DeltaMessage, LiveEvent, SnapshotMessage } from '../../src/protocol/dashboard.ts';

const STATUSES = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 };
const LATENCY = { p50: null, p90: null, p95: null, p99: null };

export function backend(name: string, fields: Partial<BackendStatus> = {}): BackendStatus {
  return {
    name,
    url: `http://127.0.0.1:80/${name}`,
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

export function pool(name: string, backends: readonly BackendStatus[], fields: Partial<PoolStatus> = {}): PoolStatus {
  return {
    name,
    policy: 'round-robin',
    policies: ['round-robin', 'least-connections'],
    backends,
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
    latencyMs: LATENCY,
    ...fields,
  };
}

export function status(pools: readonly PoolStatus[], uptimeMs = 10_000): Status {
  return { revision: 1, uptimeMs, version: '0.1.0', isDraining: false, workers: [], pools, failuresWithoutPool: {} };
}

const TOTALS = { rps: 0, errorsPerSecond: 0, clientConnections: 0, upstreamConnections: 0, inFlight: 0 };

export function snapshot(pools: readonly PoolStatus[], fields: Partial<SnapshotMessage> = {}): SnapshotMessage {
  return {
    type: 'snapshot',
    version: 1,
    seq: 1,
    atMs: 1_000_000,
    policies: [],
    listeners: [],
    status: status(pools),
    totals: TOTALS,
    history: {},
    events: [],
    ...fields,
  };
}

export function delta(seq: number, fields: Partial<DeltaMessage> = {}): DeltaMessage {
  return {
    type: 'delta',
    seq,
    atMs: 1_000_000 + seq * 1000,
    revision: 1,
    uptimeMs: 10_000 + seq * 1000,
    isDraining: false,
    totals: TOTALS,
    workers: [],
    pools: [],
    seconds: {},
    ...fields,
  };
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
