/**
 * Topics about pools and backends: `pools`, `pool:NAME`, `backend:POOL/NAME`, `attention`.
 *
 * Each is made from what a source says now; see `protocol/live.ts` for their shapes. Only the rows
 * of a window are worked out whole.
 */
import type { BackendState, BackendStatus } from '../../../protocol/admin-api.ts';
import type {
  AttentionFields,
  AttentionRow,
  BackendFields,
  BackendSort,
  PoolFields,
  PoolRow,
  PoolSort,
  PoolsFields,
  Topic,
} from '../../../protocol/live.ts';
import {
  countStates,
  needsAttention,
  rollUpPool,
  STATE_RANK,
  severityRank,
  takesRequests,
} from '../../roster/roll-up.ts';
import type { TopicName } from '../topic-name.ts';
import type { BackendSource, PoolSource, TopicSource } from './source.ts';
import { type WindowRules, windowOf } from './window.ts';

const DEFAULT_ATTENTION = 8;
const MAX_ATTENTION = 100;

/** In the words of the page, so that a filter finds what is read there. */
export const STATE_WORDS: Readonly<Record<BackendState, string>> = {
  up: 'up',
  down: 'down',
  unknown: 'unchecked unknown',
  ejected: 'ejected',
  draining: 'draining drained leaving',
  maintenance: 'maintenance',
  unresolved: 'unresolved',
};

export const hundredths = (value: number): number => Math.round(value * 100) / 100;

export function findPool(source: TopicSource, name: string | undefined): PoolSource | null {
  return source.pools.find((pool) => pool.name === name) ?? null;
}

export function findBackend(pool: PoolSource | null, name: string | undefined): BackendSource | null {
  return pool?.backends.find((backend) => backend.name === name) ?? null;
}

interface RolledPool {
  readonly pool: PoolSource;
  readonly row: PoolRow;
}

const POOL_RULES: WindowRules<RolledPool> = {
  textOf: ({ row }) =>
    `${row.name} ${row.policy} policy:${row.policy} state:${row.severity} ${row.words}${row.isPanic ? ' panic' : ''}`,
  ranks: {
    name: ({ row }) => row.name,
    state: ({ row }) => severityRank(row.severity),
    rps: ({ row }) => row.rps,
    errors: ({ row }) => row.errorsPerSecond,
    p99: ({ row }) => row.latencyMs.p99 ?? -1,
    inFlight: ({ row }) => row.inFlight,
  } satisfies Record<PoolSort, (rolled: RolledPool) => number | string>,
};

/** One moment's rows: several topics are made of them. */
const rowsOfNow = new WeakMap<PoolSource, PoolRow>();

export function poolRow(pool: PoolSource): PoolRow {
  let row = rowsOfNow.get(pool);
  if (row === undefined) rowsOfNow.set(pool, (row = makePoolRow(pool)));
  return row;
}

function makePoolRow(pool: PoolSource): PoolRow {
  const states = countStates(pool.backends);
  const { figures } = pool;
  return {
    name: pool.name,
    policy: pool.policy,
    isPanic: pool.isPanic,
    ...rollUpPool(states),
    states,
    requests: pool.status().requests,
    rps: hundredths(figures.rps),
    errorsPerSecond: hundredths(figures.errorsPerSecond),
    latencyMs: figures.latency(),
    inFlight: figures.inFlight,
    queued: figures.queued,
  };
}

export function poolsTopic(source: TopicSource, { options }: TopicName): Topic<PoolsFields, PoolRow> {
  const rolled = source.pools.map((pool) => ({ pool, row: poolRow(pool) }));
  // Those that somebody wants to see first, whatever the others are sorted by.
  const first = new Set((options.get('first') ?? '').split(','));
  const { items, matchingCount, offset } = windowOf(rolled, options, {
    ...POOL_RULES,
    isFirst: ({ row }) => first.has(row.name),
  });
  return { fields: { matchingCount, offset }, rows: items.map(({ row }) => row) };
}

const BACKEND_RULES: WindowRules<BackendSource> = {
  textOf: ({ name, url, state, mode, reason }) =>
    `${name} ${url} state:${state} mode:${mode} ${STATE_WORDS[state]} ${reason}`,
  ranks: {
    name: ({ name }) => name,
    state: ({ state }) => STATE_RANK[state],
    weight: ({ weight }) => weight,
    rps: ({ figures }) => figures.rps,
    inFlight: ({ figures }) => figures.inFlight,
    connections: ({ figures }) => figures.connections,
    p99: ({ figures }) => figures.latency().p99 ?? -1,
    errors: (backend) => backend.status().statuses['5xx'],
    failures: (backend) => backend.status().failures,
  } satisfies Record<BackendSort, (backend: BackendSource) => number | string>,
};

export function poolTopic(source: TopicSource, { path, options }: TopicName): Topic<PoolFields, BackendStatus> | null {
  const pool = path.length === 1 ? findPool(source, path[0]) : null;
  if (pool === null) return null;
  const { items, matchingCount, offset } = windowOf(pool.backends, options, BACKEND_RULES);
  const states = countStates(pool.backends);
  const { figures } = pool;
  return {
    fields: {
      ...pool.status(),
      ...rollUpPool(states),
      states,
      availableCount: pool.backends.filter(takesRequests).length,
      errorsPerSecond: hundredths(figures.errorsPerSecond),
      inFlight: figures.inFlight,
      connections: figures.connections,
      settings: pool.settings,
      matchingCount,
      offset,
    },
    rows: items.map((backend) => backend.status()),
  };
}

export function backendTopic(source: TopicSource, { path }: TopicName): Topic<BackendFields> | null {
  const pool = path.length === 2 ? findPool(source, path[0]) : null;
  const backend = findBackend(pool, path[1]);
  if (pool === null || backend === null) return null;
  const errorsPerSecond = hundredths(backend.figures.errorsPerSecond);
  return { fields: { ...backend.status(), pool: pool.name, errorsPerSecond } };
}

export function attentionTopic(source: TopicSource, { options }: TopicName): Topic<AttentionFields, AttentionRow> {
  const all = source.pools.flatMap((pool) =>
    pool.backends.filter(needsAttention).map((backend) => ({ pool: pool.name, backend })),
  );
  // The latest fault of the worst kind first: it is the news.
  all.sort(
    (a, b) => STATE_RANK[a.backend.state] - STATE_RANK[b.backend.state] || b.backend.sinceMs - a.backend.sinceMs,
  );
  const asked = Number(options.get('limit') ?? DEFAULT_ATTENTION);
  const limit = Number.isInteger(asked) && asked >= 0 ? Math.min(asked, MAX_ATTENTION) : DEFAULT_ATTENTION;
  const inPanic = source.pools.filter((pool) => pool.isPanic);
  return {
    fields: { count: inPanic.length + all.length },
    rows: [
      ...inPanic.map((pool) => ({
        name: pool.name,
        pool: pool.name,
        backend: null,
        state: poolRow(pool).severity,
        reason: 'panic: too few backends are available, so that all of them get requests',
        sinceMs: null,
        nextCheckMs: null,
      })),
      ...all.slice(0, limit).map(({ pool, backend }) => ({
        name: `${pool}/${backend.name}`,
        pool,
        backend: backend.name,
        state: backend.state,
        reason: backend.reason,
        sinceMs: backend.sinceMs,
        nextCheckMs: backend.nextCheckMs,
      })),
    ].slice(0, limit),
  };
}
