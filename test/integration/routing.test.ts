/** The first route that matches host and path takes the request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

const NAMES = ['api-v1', 'api', 'wild', 'static', 'rest'] as const;

const ROUTES = [
  { host: 'api.example.com', path: '/v1', pool: 'api-v1' },
  { host: 'api.example.com', pool: 'api' },
  { host: '*.example.com', pool: 'wild' },
  { path: '/static', pool: 'static' },
];

const CASES: readonly (readonly [host: string, target: string, pool: string])[] = [
  ['api.example.com', '/v1', 'api-v1'],
  ['api.example.com', '/v1/users?x=1', 'api-v1'],
  ['api.example.com', '/v1?x=1', 'api-v1'],
  ['api.example.com', '/v10', 'api'],
  ['API.Example.COM:8080', '/v1/', 'api-v1'],
  ['api.example.com', '/', 'api'],
  ['a.example.com', '/v1', 'wild'],
  ['a.b.example.com', '/static/x', 'wild'],
  ['example.com', '/static/x', 'static'],
  ['127.0.0.1', '/static', 'static'],
  ['127.0.0.1', '/statically', 'rest'],
  ['example.com', '/', 'rest'],
];

test('requests go to the pool of their route, each by its own host and path', async (t) => {
  const backends = await startHttpBackends(t, NAMES);
  const plane = await startDataPlane(t, {
    pools: backends.map((backend) => ({ name: backend.name, backends: [backend] })),
    routes: [...ROUTES, { pool: 'rest' }],
  });
  const client = await connectRaw(t, plane.port);
  for (const [host, target, pool] of CASES) {
    const response = await client.request(requestBytes('GET', target, { Host: host }));
    assert.equal(response.field('x-backend'), pool, `${host} ${target}`);
  }
  for (const name of NAMES) {
    assert.equal(plane.pool(name).requests, CASES.filter(([, , pool]) => pool === name).length, name);
  }
});

test('the target in absolute form decides over Host', async (t) => {
  const backends = await startHttpBackends(t, ['api', 'rest']);
  const plane = await startDataPlane(t, {
    pools: backends.map((backend) => ({ name: backend.name, backends: [backend] })),
    routes: [{ host: 'api.example.com', pool: 'api' }, { pool: 'rest' }],
  });
  const client = await connectRaw(t, plane.port);
  const bytes = requestBytes('GET', 'http://api.example.com/x', { Host: 'api.example.com' });
  assert.equal((await client.request(bytes)).field('x-backend'), 'api');
});

test('without a route it is 404 and the connection stays', async (t) => {
  const backends = await startHttpBackends(t, ['api']);
  const plane = await startDataPlane(t, {
    pools: [{ name: 'api', backends }],
    routes: [{ host: 'api.example.com', pool: 'api' }],
  });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/', { Host: 'other.example' }));
  assert.equal(response.status, 404);
  assert.match(response.body, /ROUTE_NOT_FOUND/);
  const next = await client.request(requestBytes('GET', '/', { Host: 'api.example.com' }));
  assert.equal(next.status, 200, 'a request that is fine in itself does not cost the connection');
  assert.equal(plane.totals.requestsWithoutPool, 1);
  assert.equal(plane.totals.byCode.ROUTE_NOT_FOUND, 1);
});
