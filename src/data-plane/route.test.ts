import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import fc from 'fast-check';
import type { PlanRoute } from '../protocol/worker.ts';
import { RouteTable } from './route.ts';

const NO_ROUTE = undefined;

/** The rule as the configuration says it: row by row, the first that matches. */
function firstMatch(routes: readonly PlanRoute[], host: string, target: string): number | undefined {
  const name = host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
  const path = target.replace(/\?.*$/, '');
  const found = routes.find((route) => matchesHost(route.host, name) && matchesPath(route.path, path));
  return found?.pool;
}

function matchesHost(pattern: string | null, name: string): boolean {
  if (pattern === null) return true;
  if (!pattern.startsWith('*.')) return name === pattern;
  const parent = pattern.slice(1);
  return name.endsWith(parent) && name.length > parent.length;
}

function matchesPath(prefix: string | null, path: string): boolean {
  if (prefix === null || prefix === '/') return true;
  const bare = prefix.replace(/\/$/, '');
  return path === bare || path.startsWith(`${bare}/`);
}

const route = (host: string | null, path: string | null, pool: number): PlanRoute => ({ host, path, pool, slot: pool });

describe('a route table', () => {
  it('knows no route without rows', () => {
    assert.equal(new RouteTable([]).match('a.example', '/')?.pool, NO_ROUTE);
    assert.equal(new RouteTable([]).isCatchAll, false);
  });

  it('is a catch-all where its first row has neither host nor path', () => {
    assert.equal(new RouteTable([route(null, null, 3)]).isCatchAll, true);
    assert.equal(new RouteTable([route(null, '/a', 1), route(null, null, 3)]).isCatchAll, false);
    assert.equal(new RouteTable([route('a.example', null, 1)]).isCatchAll, false);
  });

  it('ends a prefix where a segment ends', () => {
    const table = new RouteTable([route(null, '/v1', 1), route(null, '/files/', 2)]);
    for (const path of ['/v1', '/v1/', '/v1/x', '/v1?x', '/v1/?/v2', '/v1?/v2'])
      assert.equal(table.match('', path)?.pool, 1);
    for (const path of ['/v10', '/v', '/', '/V1', '/x/v1', '/%76%31', '//v1', '*', '/?/v1']) {
      assert.equal(table.match('', path)?.pool, NO_ROUTE, path);
    }
    assert.equal(table.match('', '/files')?.pool, 2);
    assert.equal(table.match('', '/files/a')?.pool, 2);
    assert.equal(table.match('', '/filesystem')?.pool, NO_ROUTE);
  });

  it('takes a host without its port and in any case', () => {
    const table = new RouteTable([route('a.example', null, 1), route('[::1]', null, 2), route('*.b.example', null, 3)]);
    for (const host of ['a.example', 'A.Example', 'a.example:8080', 'a.example.', 'a.example.:80', 'a.example:']) {
      assert.equal(table.match(host, '/')?.pool, 1, host);
    }
    for (const host of ['[::1]', '[::1]:8080']) assert.equal(table.match(host, '/')?.pool, 2, host);
    for (const host of ['x.b.example', 'x.y.B.example:1', 'x.b.example.'])
      assert.equal(table.match(host, '/')?.pool, 3, host);
    for (const host of ['', 'b.example', '.b.example', 'xb.example', 'a.example.b', 'x.a.example', '[::2]']) {
      assert.equal(table.match(host, '/')?.pool, NO_ROUTE, host);
    }
  });

  it('takes the first row that matches, however exact another one is', () => {
    const table = new RouteTable([
      route('*.example', '/a', 1),
      route('x.example', '/a/b', 2),
      route(null, '/a/b/c', 3),
      route('x.example', null, 4),
      route('x.example', '/z', 5),
    ]);
    assert.equal(table.match('x.example', '/a/b/c')?.pool, 1);
    assert.equal(table.match('y.z.example', '/a/b/c')?.pool, 1);
    assert.equal(table.match('x.example', '/z')?.pool, 4);
    assert.equal(table.match('other', '/a/b/c/d')?.pool, 3);
    assert.equal(table.match('other', '/a/b')?.pool, NO_ROUTE);
  });

  const label = fc.constantFrom('a', 'b', 'c');
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const pattern = fc.oneof(
    name,
    name.map((one) => `*.${one}`),
    fc.constant(null),
  );
  const path = fc.array(fc.constantFrom('', 'a', 'b', 'aa'), { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
  const host = fc
    .tuple(
      fc.oneof(
        name,
        name.map((one) => `.${one}`),
      ),
      fc.constantFrom('', '.', ':80', '.:1', ':'),
    )
    .map(([one, end]) => `${one}${end}`);
  const target = fc.tuple(path, fc.constantFrom('', '?', '?/a', '?b/a?')).map(([one, query]) => `${one}${query}`);

  it('answers as a search through the rows does', () => {
    const rows = fc.array(fc.tuple(pattern, fc.oneof(path, fc.constant(null))), { maxLength: 12 });
    const requests = fc.array(fc.tuple(host, target), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(rows, requests, (pairs, asked) => {
        const routes = pairs.map(([rowHost, rowPath], pool) => route(rowHost, rowPath, pool));
        const table = new RouteTable(routes);
        for (const [oneHost, oneTarget] of asked) {
          assert.equal(
            table.match(oneHost, oneTarget)?.pool,
            firstMatch(routes, oneHost, oneTarget),
            `${oneHost} ${oneTarget}`,
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it('looks up no more than the longest row, whatever a client sends', () => {
    // Every look-up hashes what it looks up: as many as there are slashes or dots would be quadratic.
    const table = new RouteTable([route('*.b.example', '/one/two', 1), route(null, '/one', 2)]);
    const lookUp = mock.method(Map.prototype, 'get');
    try {
      table.match('x.b.example', '/one/two/three');
      const usual = lookUp.mock.callCount();
      lookUp.mock.resetCalls();
      table.match(`${'a.'.repeat(16_000)}b.example`, `/${'/'.repeat(16_000)}`);
      assert.ok(lookUp.mock.callCount() <= usual + 20, `${lookUp.mock.callCount()} look-ups, usually ${usual}`);
    } finally {
      lookUp.mock.restore();
    }
  });
});
