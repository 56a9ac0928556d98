/** Topics about the whole: `totals`, `system`, `workers`, `events`, `status`. */
import type { BackendState, Status } from '../../../protocol/admin-api.ts';
import type {
  EventsFields,
  PoolRow,
  Severity,
  SystemFields,
  Topic,
  TotalsFields,
  WorkerRow,
} from '../../../protocol/live.ts';
import { rollUpAll } from '../../roster/roll-up.ts';
import type { TopicName } from '../topic-name.ts';
import { hundredths, poolRow } from './pool-topics.ts';
import type { TopicSource } from './source.ts';

const DEFAULT_EVENTS = 20;
const MAX_EVENTS = 500;

export function totalsTopic(source: TopicSource): Topic<TotalsFields> {
  const { totals } = source;
  const rows = source.pools.map(poolRow);
  const pools: Record<Severity, number> = { up: 0, unchecked: 0, degraded: 0, down: 0 };
  const states: Partial<Record<BackendState, number>> = {};
  for (const row of rows) {
    pools[row.severity]++;
    for (const [state, count] of Object.entries(row.states)) {
      states[state as BackendState] = (states[state as BackendState] ?? 0) + count;
    }
  }
  const sum = (of: (row: PoolRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    fields: {
      ...rollUpAll(rows),
      poolCount: rows.length,
      pools,
      states,
      upCount: sum((row) => row.upCount),
      count: sum((row) => row.count),
      requests: sum((row) => row.requests),
      rps: hundredths(totals.rps),
      errorsPerSecond: hundredths(totals.errorsPerSecond),
      latencyMs: totals.latency(),
      slowestPool: slowest(rows),
      inFlight: totals.inFlight,
      queued: totals.queued,
      clientConnections: totals.clientConnections,
      upstreamConnections: totals.connections,
      idleConnections: totals.idleConnections,
    },
  };
}

function slowest(rows: readonly PoolRow[]): string | null {
  let name: string | null = null;
  let highest = -1;
  for (const row of rows) {
    if ((row.latencyMs.p99 ?? -1) <= highest) continue;
    highest = row.latencyMs.p99 ?? -1;
    name = row.name;
  }
  return name;
}

export function systemTopic(source: TopicSource): Topic<SystemFields> {
  return { fields: source.system };
}

export function workersTopic(source: TopicSource): Topic<object, WorkerRow> {
  return { fields: {}, rows: source.workers.map((worker) => ({ name: String(worker.worker), ...worker })) };
}

export function eventsTopic(source: TopicSource, { options }: TopicName): Topic<EventsFields> {
  const asked = Number(options.get('limit') ?? DEFAULT_EVENTS);
  const limit = Number.isInteger(asked) && asked >= 0 ? Math.min(asked, MAX_EVENTS) : DEFAULT_EVENTS;
  return { fields: { events: source.events(limit) } };
}

export function statusTopic(source: TopicSource): Topic<Status> {
  return { fields: source.status() };
}
