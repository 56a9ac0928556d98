/**
 * Which route takes this request? The first one whose host and path prefix match.
 *
 * Thousands of routes must not cost more than one, so the table is turned into two look-ups: by
 * host, then by path prefix, each answering the number of the first route that it stands for.
 * Lower numbers were written first, and win.
 */
import type { PlanRoute } from '../protocol/worker.ts';

interface HostRoutes {
  /** Number of the first route for this host without a path; `Infinity` where there is none. */
  any: number;
  /** Number of the first route for each path prefix. */
  readonly byPrefix: Map<string, number>;
  /** Characters of the longest of them: no more of a path is looked at, however long it is. */
  longestPrefix: number;
}

export class RouteTable {
  readonly #routes: readonly PlanRoute[];
  /** Exact hosts, and `.example.com` for `*.example.com`. */
  readonly #byHost = new Map<string, HostRoutes>();
  readonly #anyHost: HostRoutes = newHostRoutes();
  /** Characters of the longest wildcard, its dot included; 0 where there is none. */
  readonly #longestWildcard: number;
  readonly #isCatchAll: boolean;
  /** Numbers of the routes, from 1; made when one is first asked for. */
  #numbers: ReadonlyMap<PlanRoute, number> | null = null;

  constructor(routes: readonly PlanRoute[]) {
    this.#routes = routes;
    this.#longestWildcard = routes.reduce(
      (longest, { host }) => (host?.startsWith('*.') === true ? Math.max(longest, host.length - 1) : longest),
      0,
    );
    const first = routes[0];
    this.#isCatchAll = first !== undefined && first.host === null && first.path === null;
    routes.forEach((route, number) => {
      const hostRoutes = route.host === null ? this.#anyHost : this.#forHost(route.host.replace(/^\*/, ''));
      if (route.path === null || route.path === '/') hostRoutes.any = Math.min(hostRoutes.any, number);
      else {
        const prefix = route.path.replace(/\/$/, '');
        if (!hostRoutes.byPrefix.has(prefix)) hostRoutes.byPrefix.set(prefix, number);
        hostRoutes.longestPrefix = Math.max(hostRoutes.longestPrefix, prefix.length);
      }
    });
  }

  /** Whether the first route takes everything, so that host and path need not be looked at. */
  get isCatchAll(): boolean {
    return this.#isCatchAll;
  }

  /**
   * @param host as the client sent it, with or without port
   * @param path the target, with or without query; `*` for OPTIONS of the whole server
   * @returns null where no route takes it
   */
  match(host: string, path: string): PlanRoute | null {
    let found = matchPath(this.#anyHost, path);
    if (this.#byHost.size > 0) {
      const name = hostName(host);
      // A name with a dot in front is none, but is how a wildcard is kept.
      const exact = name.startsWith('.') ? undefined : this.#byHost.get(name);
      if (exact !== undefined) found = Math.min(found, matchPath(exact, path));
      if (this.#longestWildcard > 0) found = Math.min(found, this.#matchWildcards(name, path));
    }
    return this.#routes[found] ?? null;
  }

  /** Which one it is in the order of the config, from 1; 0 where it is none of these. */
  numberOf(route: PlanRoute): number {
    this.#numbers ??= new Map(this.#routes.map((known, index) => [known, index + 1]));
    return this.#numbers.get(route) ?? 0;
  }

  #matchWildcards(name: string, path: string): number {
    let found = Infinity;
    // The wildcard's own dot is not the first character: something must stand before it.
    const first = Math.max(1, name.length - this.#longestWildcard);
    for (let dot = name.indexOf('.', first); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const routes = this.#byHost.get(name.slice(dot));
      if (routes !== undefined) found = Math.min(found, matchPath(routes, path));
    }
    return found;
  }

  #forHost(host: string): HostRoutes {
    let routes = this.#byHost.get(host);
    if (routes === undefined) {
      routes = newHostRoutes();
      this.#byHost.set(host, routes);
    }
    return routes;
  }
}

function newHostRoutes(): HostRoutes {
  return { any: Infinity, byPrefix: new Map(), longestPrefix: 0 };
}

/** The first of the routes whose prefix ends where a segment of the path does. */
function matchPath(routes: HostRoutes, path: string): number {
  let found = routes.any;
  if (routes.byPrefix.size === 0) return found;
  const query = path.indexOf('?');
  const end = query === -1 ? path.length : query;
  const stop = Math.min(end, routes.longestPrefix);
  for (let at = 1; at <= stop; at++) {
    if (at < end && path.charCodeAt(at) !== 0x2f) continue;
    const number = routes.byPrefix.get(path.slice(0, at));
    if (number !== undefined && number < found) found = number;
  }
  return found;
}

/** `Host` without port and trailing dot, in lower case. */
function hostName(host: string): string {
  const bracket = host.lastIndexOf(']');
  const colon = host.indexOf(':', bracket + 1);
  const name = (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
