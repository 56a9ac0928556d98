import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { covers, type RouteMatch } from './route-cover.ts';

const host = fc.constantFrom(null, 'a.x', 'b.a.x', 'x', '*.x', '*.a.x');
const path = fc.constantFrom(null, '/a', '/a/b', '/ab', '/b');
const route = fc.record({ host, path });

const HOSTS = ['x', 'a.x', 'b.a.x', 'c.b.a.x', 'y'];
const PATHS = ['/', '/a', '/a/b', '/a/b/c', '/ab', '/b', '/b/a'];

/** The rule of `PlanRoute`, written down a second time. */
function matches(match: RouteMatch, requestHost: string, requestPath: string): boolean {
  const isHost =
    match.host === null ||
    (match.host.startsWith('*.') ? requestHost.endsWith(match.host.slice(1)) : match.host === requestHost);
  const isPath = match.path === null || requestPath === match.path || requestPath.startsWith(`${match.path}/`);
  return isHost && isPath;
}

test('one route covers another exactly where it matches all that the other does', () => {
  fc.assert(
    fc.property(route, route, (earlier, later) => {
      const all = HOSTS.flatMap((name) => PATHS.map((place) => [name, place] as const));
      const isSubset = all.every(([name, place]) => !matches(later, name, place) || matches(earlier, name, place));
      assert.equal(covers(earlier, later), isSubset);
    }),
  );
});
