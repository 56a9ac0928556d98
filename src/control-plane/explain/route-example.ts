/**
 * A request that a route takes, for people who want to try it: pure. Earlier routes have their say,
 * so what is named is none that one of them would take, as far as there is such a request.
 *
 * Called for the routes that somebody looks at.
 */
import type { RouteMatch, RouteOrder } from '../../config/route-cover.ts';

export interface RequestExample {
  /** Empty where any host will do. */
  readonly host: string;
  readonly path: string;
}

/** Where one of these is taken by an earlier route, the next is looked at. */
const NAMES = ['www', 'api', 'app', 'any', 'example'];

/** `number`: of the route, from 1. Of one that never matches, what an earlier route takes. */
export function exampleOf({ host, path }: RouteMatch, number: number, order: RouteOrder): RequestExample {
  const hosts = hostsOf(host, number);
  const paths = pathsOf(path, number);
  for (const candidate of paths) {
    for (const name of hosts) {
      if (order.firstFor({ host: name, path: candidate }) === number) return { host: name, path: candidate };
    }
  }
  return { host: hosts[0] ?? '', path: paths[0] ?? '/' };
}

function hostsOf(host: string | null, number: number): string[] {
  if (host === null) return [''];
  if (!host.startsWith('*.')) return [host];
  return [...NAMES, `route-${number}`].map((name) => `${name}${host.slice(1)}`);
}

function pathsOf(path: string | null, number: number): string[] {
  const base = path ?? '';
  return [path ?? '/', ...[...NAMES, `route-${number}`].map((name) => `${base}/${name}`)];
}
