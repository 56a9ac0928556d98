import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { covers, type RouteMatch, RouteOrder } from './route-cover.ts';

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

test('the order finds the first route that covers another, as asking each in turn does', () => {
  fc.assert(
    fc.property(fc.array(route, { maxLength: 12 }), route, (routes, asked) => {
      const index = routes.findIndex((each) => covers(each, asked));
      assert.equal(new RouteOrder(routes).firstFor(asked), index === -1 ? null : index + 1);
    }),
  );
});

test('the order finds the route that takes a request', () => {
  const hosts = fc.constantFrom('x', 'a.x', 'b.a.x', 'c.b.a.x', 'y', '');
  const paths = fc.constantFrom('/', '/a', '/a/b', '/a/b/c', '/ab', '/b', '/b/a');
  fc.assert(
    fc.property(fc.array(route, { maxLength: 12 }), hosts, paths, (routes, requestHost, requestPath) => {
      const index = routes.findIndex((each) => matches(each, requestHost, requestPath));
      const found = new RouteOrder(routes).firstFor({ host: requestHost, path: requestPath });
      assert.equal(found, index === -1 ? null : index + 1);
    }),
  );
});

test('one route covers another exactly where it matches all that the other does', () => {
  fc.assert(
    fc.property(route, route, (earlier, later) => {
      const all = HOSTS.flatMap((name) => PATHS.map((place) => [name, place] as const));
      const isSubset = all.every(([name, place]) => !matches(later, name, place) || matches(earlier, name, place));
      assert.equal(covers(earlier, later), isSubset);
    }),
  );
});
