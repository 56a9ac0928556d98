/**
 * Which route takes a request, and why those before it do not: pure, by the rules as the config
 * states them, one route after the other.
 *
 * Called by the admin API for people who ask. The data plane has a table of its own that is quick
 * (`data-plane/route.ts`); a test holds the two against each other, host by host and path by path.
 */
import type { RouteConfig } from '../../config/schema.ts';
import type { Explanation, LostRoute, TakingRoute } from '../../protocol/admin-api.ts';
import { type FailureCode, failureOf } from '../../protocol/failures.ts';
import type { PoolAnswer } from './explain-pool.ts';
import type { AskedRequest } from './explain-question.ts';

/** So many routes that lost are named; nobody reads more, and there may be thousands. */
export const MAX_LOST_ROUTES = 100;

export interface RouteAnswer {
  /** Null where no route takes it. */
  readonly route: TakingRoute | null;
  /** Those before it, or all of them, in the order in which they are asked: the first hundred. */
  readonly lost: readonly LostRoute[];
  /** How many more have lost. */
  readonly moreLost: number;
}

/**
 * @param host as a client sends it, with or without port; empty for none
 * @param target path, with or without query; `*` for OPTIONS of the whole server
 */
export function explainRoute(routes: readonly RouteConfig[], host: string, target: string): RouteAnswer {
  const name = hostName(host);
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  const lost: LostRoute[] = [];
  for (const [index, route] of routes.entries()) {
    const reason = hostReason(route.host, name) ?? pathReason(route.path, path);
    if (reason === null) {
      return { route: { number: index + 1, ...route, reason: 'first match' }, lost, moreLost: index - lost.length };
    }
    if (lost.length < MAX_LOST_ROUTES) lost.push({ number: index + 1, ...route, reason });
  }
  return { route: null, lost, moreLost: routes.length - lost.length };
}

const NOT_ROUTED: RouteAnswer = { route: null, lost: [], moreLost: 0 };

/** `placeIn`: what a pool would do with a request; null where there is no such pool. */
export function explanationOf(
  request: AskedRequest,
  routes: readonly RouteConfig[],
  placeIn: (pool: string) => PoolAnswer | null,
): Explanation {
  const isMethodServed = request.method !== 'CONNECT' && request.method !== 'TRACE';
  const routed = isMethodServed ? explainRoute(routes, request.host, request.path) : NOT_ROUTED;
  const placed = routed.route === null ? null : placeIn(routed.route.pool);
  const failed = isMethodServed ? failureIn(placed) : 'REQUEST_METHOD_REFUSED';
  return {
    request,
    outcome: failed !== null ? 'refused' : placed?.placing === 'queued' ? 'queued' : 'forwarded',
    failure: failed === null ? null : failureShown(failed),
    ...routed,
    pool: placed?.pool ?? null,
  };
}

function failureIn(placed: PoolAnswer | null): FailureCode | null {
  if (placed === null) return 'ROUTE_NOT_FOUND';
  return placed.placing === 'forwarded' || placed.placing === 'queued' ? null : placed.placing;
}

function failureShown(failed: FailureCode): Explanation['failure'] {
  const { code, status, text } = failureOf(failed);
  return { code, status, text };
}

/** Why this host is not the route's; null where it is. */
function hostReason(pattern: string | null, name: string): string | null {
  if (pattern === null || (pattern.startsWith('*.') ? isBelow(pattern.slice(1), name) : name === pattern)) return null;
  if (name === '') return `the request names no host, and the route is for ${pattern}`;
  return pattern.startsWith('*.') ? `host ${name} is not one of ${pattern}` : `host ${name} is not ${pattern}`;
}

/** `parent`: with its dot, and something must stand before it. */
function isBelow(parent: string, name: string): boolean {
  return name.endsWith(parent) && name.length > parent.length;
}

/** Why this path is not the route's; null where it is. */
function pathReason(prefix: string | null, path: string): string | null {
  if (prefix === null || prefix === '/') return null;
  const bare = prefix.replace(/\/$/, '');
  return path === bare || path.startsWith(`${bare}/`) ? null : `path ${path} is not below ${prefix}`;
}

/** Without port and trailing dot, in lower case. */
function hostName(host: string): string {
  const colon = host.indexOf(':', host.lastIndexOf(']') + 1);
  const name = (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
