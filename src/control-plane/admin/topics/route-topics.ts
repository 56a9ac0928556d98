/**
 * Topics about what comes in and where it goes: `listeners`, `routes`.
 *
 * There may be ten thousand routes: only the rows of a window are worked out whole, and what a
 * filter looks at is put together only where there is one.
 */
import type { ListenerRow, PoolRow, RouteRow, RouteSort, RoutesFields, Topic } from '../../../protocol/live.ts';
import type { TopicName } from '../topic-name.ts';
import { poolRow } from './pool-topics.ts';
import type { RouteSource, TopicSource } from './source.ts';
import { type WindowRules, windowOf } from './window.ts';

export function listenersTopic(source: TopicSource): Topic<object, ListenerRow> {
  return { fields: {}, rows: source.listeners };
}

const RANKS: Readonly<Record<RouteSort, (route: RouteSource) => number | string>> = {
  number: ({ number }) => number,
  pool: ({ pool }) => pool,
  rps: ({ rps }) => rps,
  requests: ({ requests }) => requests,
};

export function routesTopic(source: TopicSource, { options }: TopicName): Topic<RoutesFields, RouteRow> {
  const { routes, unrouted } = source;
  const pools = new Map(source.pools.map((pool) => [pool.name, pool]));
  const stateOf = (name: string): Pick<PoolRow, 'severity' | 'words'> => {
    const pool = pools.get(name);
    return pool === undefined ? { severity: 'unchecked', words: 'no such pool' } : poolRow(pool);
  };
  const rules: WindowRules<RouteSource> = {
    textOf: (route) => textOf(route, stateOf(route.pool).words),
    ranks: RANKS,
  };
  const { items, matchingCount, offset } = windowOf(routes, options, rules);
  return {
    fields: {
      matchingCount,
      offset,
      routeCount: routes.length,
      unroutedRequests: unrouted.requests,
      unroutedRps: unrouted.rps,
    },
    rows: items.map(({ number, host, path, pool, requests, rps, coveredBy, example }) => {
      const { severity, words } = stateOf(pool);
      return { name: String(number), number, host, path, pool, requests, rps, coveredBy, example, severity, words };
    }),
  };
}

/** In the words of the page, so that a filter finds what is read there. */
function textOf({ host, path, pool, requests, coveredBy }: RouteSource, words: string): string {
  const match = host === null && path === null ? 'everything' : `${host ?? 'every host'}${path ?? ' every path'}`;
  const taken = coveredBy !== null ? ' never matches' : requests === 0 ? ' never matched' : '';
  return `${match} pool:${pool} ${words}${taken}`;
}
