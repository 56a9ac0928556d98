import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type RouteMatch, RouteOrder } from '../../config/route-cover.ts';
import { exampleOf } from './route-example.ts';

const examples = (...routes: RouteMatch[]): string[] => {
  const order = new RouteOrder(routes);
  return routes.map((route, index) => {
    const { host, path } = exampleOf(route, index + 1, order);
    return `${host}${path}`;
  });
};

describe('an example of a route', () => {
  it('is what the route says, where nothing stands before it', () => {
    assert.deepEqual(
      examples({ host: 'a.x', path: '/v1' }, { host: '*.b.x', path: null }, { host: null, path: null }),
      ['a.x/v1', 'www.b.x/', '/'],
    );
  });

  it('is none that an earlier route takes', () => {
    assert.deepEqual(
      examples({ host: 'www.x', path: null }, { host: null, path: '/api' }, { host: '*.x', path: null }),
      ['www.x/', '/api', 'api.x/'],
    );
    // Of its own path an earlier one may have the top and not what is below it: there is no such route.
    assert.deepEqual(examples({ host: '*.x', path: '/a' }, { host: 'www.x', path: null }), ['www.x/a', 'www.x/']);
  });

  it('is what an earlier route takes, of one that never matches', () => {
    assert.deepEqual(examples({ host: null, path: '/a' }, { host: 'b.x', path: '/a/c' }), ['/a', 'b.x/a/c']);
  });

  it('is taken by its route, wherever no single earlier route covers it', () => {
    const host = fc.constantFrom(null, 'a.x', 'b.a.x', 'x', '*.x', '*.a.x');
    const path = fc.constantFrom(null, '/a', '/a/b', '/ab', '/b');
    fc.assert(
      fc.property(fc.uniqueArray(fc.record({ host, path }), { maxLength: 6 }), (routes) => {
        const order = new RouteOrder(routes);
        for (const [index, route] of routes.entries()) {
          if (order.firstFor(route) !== index + 1) continue;
          assert.equal(order.firstFor(exampleOf(route, index + 1, order)), index + 1);
        }
      }),
    );
  });
});
