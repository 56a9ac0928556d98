/**
 * Whether one route takes everything that another one would: the first match wins, so a route
 * after one that covers it never matches. Pure; used by the checks and for people who look at routes.
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

/** Many routes in their order, asked by look-ups and not one after the other. */
export class RouteOrder {
  /** By host, then by path: the number of the first route that is written so. */
  readonly #numbers = new Map<string | null, Map<string | null, number>>();

  constructor(routes: readonly RouteMatch[]) {
    for (const [index, { host, path }] of routes.entries()) {
      let byPath = this.#numbers.get(host);
      if (byPath === undefined) this.#numbers.set(host, (byPath = new Map()));
      if (!byPath.has(path)) byPath.set(path, index + 1);
    }
  }

  /**
   * The number of the first route that covers this one, be it itself; null where none does. A
   * request is a route that matches nothing else: its host and its path find the route that takes it.
   */
  firstFor({ host, path }: RouteMatch): number | null {
    let first = Infinity;
    const paths = pathsAbove(path);
    for (const each of hostsAbove(host)) {
      const byPath = this.#numbers.get(each);
      if (byPath === undefined) continue;
      for (const prefix of paths) first = Math.min(first, byPath.get(prefix) ?? Infinity);
    }
    return first === Infinity ? null : first;
  }
}

/** Every host that a route could have to take all of this one. */
function hostsAbove(host: string | null): (string | null)[] {
  if (host === null) return [null];
  const hosts: (string | null)[] = [null, host];
  // The first dot of `*.example.com` is its own.
  for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) hosts.push(`*${host.slice(dot)}`);
  return hosts;
}

function pathsAbove(path: string | null): (string | null)[] {
  if (path === null) return [null];
  const paths: (string | null)[] = [null, path];
  for (let slash = path.indexOf('/', 1); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    paths.push(path.slice(0, slash));
  }
  return paths;
}
