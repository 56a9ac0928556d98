import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { at, configOf, makeRoster } from '../../../test/harness/make-roster.ts';
import { RouteTable } from '../../data-plane/route.ts';
import { explainRoute, MAX_LOST_ROUTES } from './explain.ts';
import { explainPool } from './explain-pool.ts';

const route = (host: string | null, path: string | null, pool = 'web') => ({ host, path, pool });

describe('the explanation of a route', () => {
  it('names the first that matches, and says why the others lost', () => {
    const routes = [
      route('www.example.com', null),
      route('*.example.org', null),
      route('api.example.com', '/v1'),
      route('api.example.com', null, 'api'),
      route(null, null),
    ];
    const { route: taking, lost, moreLost } = explainRoute(routes, 'API.example.com.:8080', '/v2?x=/v1');
    assert.deepEqual(taking, {
      number: 4,
      host: 'api.example.com',
      path: null,
      pool: 'api',
      reason: 'first match',
    });
    assert.deepEqual(
      lost.map(({ number, reason }) => `${number} ${reason}`),
      [
        '1 host api.example.com is not www.example.com',
        '2 host api.example.com is not one of *.example.org',
        '3 path /v2 is not below /v1',
      ],
    );
    assert.equal(moreLost, 0);
  });

  it('says where there is no host, and where no route is left', () => {
    const { route: taking, lost } = explainRoute([route('a.example', null)], '', '/');
    assert.equal(taking, null);
    assert.equal(lost[0]?.reason, 'the request names no host, and the route is for a.example');
  });

  it('names a hundred that lost, and counts the rest', () => {
    const routes = Array.from({ length: 250 }, (_, number) => route(null, `/p${number}`));
    const none = explainRoute(routes, 'x', '/');
    assert.deepEqual([none.lost.length, none.moreLost], [MAX_LOST_ROUTES, 150]);
    const late = explainRoute(routes, 'x', '/p120/a');
    assert.deepEqual([late.route?.number, late.lost.length, late.moreLost], [121, 100, 20]);
    const early = explainRoute(routes, 'x', '/p3');
    assert.deepEqual([early.route?.number, early.lost.length, early.moreLost], [4, 3, 0]);
  });

  it('is what the data plane does', () => {
    const name = fc
      .array(fc.constantFrom('a', 'b', 'C'), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join('.'));
    const pattern = fc.oneof(
      name.map((one) => one.toLowerCase()),
      name.map((one) => `*.${one.toLowerCase()}`),
      fc.constantFrom(null, '[::1]'),
    );
    const path = fc.array(fc.constantFrom('', 'a', 'b', 'aa'), { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
    const rows = fc.array(fc.tuple(pattern, fc.option(path)), { maxLength: 12 });
    const host = fc
      .tuple(
        fc.oneof(
          name,
          name.map((one) => `.${one}`),
          fc.constantFrom('', '[::1]'),
        ),
        fc.constantFrom('', '.', ':80', '.:1', ':'),
      )
      .map((parts) => parts.join(''));
    const target = fc.oneof(
      fc.tuple(path, fc.constantFrom('', '?', '?/a', '?b/a?')).map((parts) => parts.join('')),
      fc.constant('*'),
    );
    const requests = fc.array(fc.tuple(host, target), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(rows, requests, (pairs, asked) => {
        const routes = pairs.map(([oneHost, onePath]) => route(oneHost, onePath));
        const table = new RouteTable(routes.map((one, number) => ({ ...one, pool: number, slot: number })));
        for (const [oneHost, oneTarget] of asked) {
          const { route: taking, lost, moreLost } = explainRoute(routes, oneHost, oneTarget);
          const number = table.match(oneHost, oneTarget)?.pool ?? null;
          assert.equal(taking === null ? null : taking.number - 1, number, `${oneHost} ${oneTarget}`);
          assert.equal(lost.length + moreLost, number ?? routes.length);
        }
      }),
    );
  });
});

describe('the explanation of a pool', () => {
  const idle = () => ({ inFlight: 0, serviceMs: null });
  const told = (answer: ReturnType<typeof explainPool>): string[] =>
    answer.pool.backends.map(({ name, isCandidate, share, reason }) =>
      `${name} ${isCandidate ? 'takes' : 'is out'} ${share} ${reason}`.trim(),
    );

  it('says of each backend whether it is asked, and why not', () => {
    const { roster, pool, backend, check } = makeRoster(
      configOf({
        web: {
          policy: 'weighted-round-robin',
          backends: [
            at(1, 'a', { weight: 3 }),
            at(2, 'b'),
            at(3, 'c'),
            at(4, 'd'),
            at(5, 'e', { maxConnections: 2 }),
            at(6, 'f', { backup: true }),
          ],
        },
      }),
    );
    for (let i = 0; i < 3; i++) check('c', false);
    roster.setMode(backend('d'), 'drain', 'admin API');
    const answer = explainPool(pool(), 10, ({ name }) => ({ inFlight: name === 'e' ? 2 : 0, serviceMs: 5 }));
    assert.deepEqual(told(answer), [
      'a takes 0.75',
      'b takes 0.25',
      'c is out 0 down: status 503',
      'd is out 0 draining: drain set by admin API',
      'e is out 0 full: 2 in flight, 2 allowed',
      'f is out 0 backup: primaries are available',
    ]);
    assert.equal(answer.placing, 'forwarded');
  });

  it('asks the backups where the others are full, and nobody where all are', () => {
    const backends = [at(1, 'a', { maxConnections: 1 }), at(2, 'f', { backup: true, maxConnections: 4 })];
    const { pool } = makeRoster(configOf({ web: { backends, queue: { size: 0 } } }));
    const load = (inFlight: number) => explainPool(pool(), 0, () => ({ inFlight, serviceMs: null }));
    assert.deepEqual(told(load(1)), ['a is out 0 full: 1 in flight, 1 allowed', 'f takes 1']);
    assert.equal(load(4).placing, 'POOL_FULL');
    const waiting = makeRoster(configOf({ web: { backends, queue: { size: 10 } } }));
    const answer = explainPool(waiting.pool(), 0, () => ({ inFlight: 4, serviceMs: null }));
    assert.equal(answer.placing, 'queued');
    assert.ok(answer.pool.backends.every(({ isCandidate }) => !isCandidate));
  });

  it('tells panic, and where nobody is left', () => {
    const { roster, pool, backend, check } = makeRoster(
      configOf({ web: { panic: 50, backends: [at(1, 'a'), at(2, 'b')] } }),
    );
    for (const name of ['a', 'b']) for (let i = 0; i < 3; i++) check(name, false);
    const panic = explainPool(pool(), 0, idle);
    assert.equal(panic.pool.isPanic, true);
    assert.deepEqual(told(panic), [
      'a takes 0.5 panic: asked although down: status 503',
      'b takes 0.5 panic: asked although down: status 503',
    ]);
    for (const name of ['a', 'b']) roster.setMode(backend(name), 'maintenance', 'test');
    const nobody = explainPool(pool(), 0, idle);
    assert.equal(nobody.placing, 'POOL_UNAVAILABLE');
    assert.deepEqual(told(nobody)[0], 'a is out 0 maintenance: maintenance set by test');
  });
});
