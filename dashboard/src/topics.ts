/**
 * Names of topics, each with the shape of what it is: what a screen looks at. `useTopic` (in
 * `live/use-topic.ts`) follows one as long as it is shown. Pure.
 */
import type { BackendStatus, Status } from '../../src/protocol/admin-api.ts';
import type {
  AttentionFields,
  AttentionRow,
  BackendFields,
  BackendSort,
  ChartFields,
  EventsFields,
  ListenerRow,
  NamedRow,
  PoolFields,
  PoolRow,
  PoolSort,
  PoolsFields,
  ProcessFields,
  RouteRow,
  RouteSort,
  RoutesFields,
  SearchFields,
  SearchRow,
  SystemFields,
  TapFields,
  TapFilter,
  TappedRequest,
  TotalsFields,
  WorkerRow,
} from './protocol.ts';

declare const shape: unique symbol;

/** The name of a topic; its type says what the topic holds. */
export type TopicKey<Fields extends object = object, Row extends NamedRow = NamedRow> = string & {
  readonly [shape]?: readonly [Fields, Row];
};

export const TOTALS: TopicKey<TotalsFields> = 'totals';
export const SYSTEM: TopicKey<SystemFields> = 'system';
export const WORKERS: TopicKey<object, WorkerRow> = 'workers';
/** The latest events: enough for the overview, and for what is said aloud. */
export const EVENTS: TopicKey<EventsFields> = 'events?limit=20';
export const LISTENERS: TopicKey<object, ListenerRow> = 'listeners';
export const ATTENTION: TopicKey<AttentionFields, AttentionRow> = 'attention?limit=8';
/** The process: its main thread, what it holds and may hold. */
export const PROCESS: TopicKey<ProcessFields> = 'process';
/** Pools and backends by words that all occur. */
export function searchTopic(filter: string, limit: number): TopicKey<SearchFields, SearchRow> {
  return `search${optionsOf({ limit, filter })}`;
}
export const STATUS: TopicKey<Status> = 'status';

/** Which rows of a long table; the server filters, sorts and cuts. */
export interface RowWindow<Sort extends string> {
  readonly offset?: number;
  readonly limit?: number;
  /** A column, `-` before it for descending. */
  readonly sort?: Sort | `-${Sort}` | null;
  /** Words that all occur. */
  readonly filter?: string;
  /** Of pools: those that stand before all others. */
  readonly first?: readonly string[];
}

export function poolsTopic(window: RowWindow<PoolSort> = {}): TopicKey<PoolsFields, PoolRow> {
  return `pools${optionsOf(window)}`;
}

export function poolTopic(name: string, window: RowWindow<BackendSort> = {}): TopicKey<PoolFields, BackendStatus> {
  return `pool:${encodeURIComponent(name)}${optionsOf(window)}`;
}

export function routesTopic(window: RowWindow<RouteSort> = {}): TopicKey<RoutesFields, RouteRow> {
  return `routes${optionsOf(window)}`;
}

/** A pool without any row. */
export const poolWithoutRows = (name: string): TopicKey<PoolFields, BackendStatus> => poolTopic(name, { limit: 0 });

export function backendTopic(pool: string, name: string): TopicKey<BackendFields> {
  return `backend:${encodeURIComponent(pool)}/${encodeURIComponent(name)}`;
}

export interface ChartOptions {
  /** Of a pool: the backends whose requests are drawn. */
  readonly backends?: readonly string[];
  readonly hasBands?: boolean;
}

/** The last second of a topic whose history is drawn. */
export function chartTopic(
  topic: string,
  { backends = [], hasBands = false }: ChartOptions = {},
): TopicKey<ChartFields> {
  const options = [
    ...(backends.length > 0 ? [`backends=${encodeURIComponent(backends.map(encodeURIComponent).join(','))}`] : []),
    ...(hasBands ? ['bands=1'] : []),
  ];
  return `chart:${topic}${options.length > 0 ? `?${options.join('&')}` : ''}`;
}

/** Single requests as they end; the same filter is always the same topic. */
export function tapTopic({
  pool,
  backend,
  status,
  route,
  minMs,
  client,
  q,
}: TapFilter): TopicKey<TapFields, TappedRequest> {
  const options = new URLSearchParams();
  for (const [name, value] of Object.entries({ pool, backend, status, route, minMs, client, q })) {
    if (value !== undefined) options.set(name, String(value));
  }
  return options.size === 0 ? 'tap' : `tap?${options}`;
}

/** `pool:web?limit=20` is about the same thing as `pool:web`. */
export function subjectOf(topic: string): string {
  return topic.split('?', 1)[0] ?? '';
}

function optionsOf({ offset = 0, limit, sort, filter = '', first = [] }: RowWindow<string>): string {
  const options = new URLSearchParams();
  if (offset > 0) options.set('offset', String(offset));
  if (limit !== undefined) options.set('limit', String(limit));
  if (sort != null) options.set('sort', sort);
  if (filter.trim() !== '') options.set('q', filter.trim());
  if (first.length > 0) options.set('first', first.join(','));
  const text = options.toString();
  return text === '' ? '' : `?${text}`;
}
