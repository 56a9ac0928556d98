/**
 * Whether one route takes everything that another one would: the first match wins, so a route
 * after one that covers it never matches. Pure; used by the checks.
 */
export interface RouteMatch {
  /** Lower case; `*.example.com` for every name below it; null for every host. */
  readonly host: string | null;
  /** A prefix that ends where a segment ends; null for every path. */
  readonly path: string | null;
}

/** True where every request that matches `later` matches `earlier` too. */
export function covers(earlier: RouteMatch, later: RouteMatch): boolean {
  return hostCovers(earlier.host, later.host) && pathCovers(earlier.path, later.path);
}

function hostCovers(earlier: string | null, later: string | null): boolean {
  if (earlier === null || earlier === later) return true;
  if (later === null || !earlier.startsWith('*.')) return false;
  return later.endsWith(earlier.slice(1));
}

function pathCovers(earlier: string | null, later: string | null): boolean {
  if (earlier === null || earlier === later) return true;
  return later?.startsWith(`${earlier}/`) ?? false;
}
