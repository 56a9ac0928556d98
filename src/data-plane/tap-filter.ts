/** Which requests a tap shows: pure. */
import type { FailureCode } from '../protocol/failures.ts';
import type { TapFilter } from '../protocol/tap.ts';

/** A request that has ended, as a filter sees it. */
export interface Filterable {
  readonly pool: string | null;
  readonly route: number | null;
  readonly status: number;
  readonly code: FailureCode | null;
  readonly durationMs: number;
  readonly client: string;
  readonly method: string;
  readonly host: string;
  readonly target: string;
  hasTried(backend: string): boolean;
}

/** What a filter leaves out lets everything through. What costs least is looked at first. */
export function isLetThrough(filter: TapFilter, request: Filterable): boolean {
  const { pool, backend, status, route, minMs, client, q } = filter;
  return (
    (pool === undefined || request.pool === pool) &&
    (route === undefined || request.route === route) &&
    (minMs === undefined || request.durationMs >= minMs) &&
    (status === undefined || hasStatus(request, status)) &&
    (backend === undefined || request.hasTried(backend)) &&
    (client === undefined || request.client === client) &&
    (q === undefined || isFound(request, q.toLowerCase()))
  );
}

function hasStatus({ status, code }: Filterable, wanted: string): boolean {
  if (wanted === 'failed') return code !== null;
  return wanted === `${status}` || wanted === `${Math.floor(status / 100)}xx`;
}

function isFound({ method, host, target }: Filterable, part: string): boolean {
  return [method, host, target].some((text) => text.toLowerCase().includes(part));
}
