/** The admin API of a running balancer: what it shows, and that a change holds from its answer on. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { RouteStatus } from '../../src/protocol/admin-api.ts';
import { AdminClient } from '../harness/admin-client.ts';
import { startLoad } from '../harness/background-load.ts';
import { type BalancerProgram, poolOf, runBalancer } from '../harness/balancer-program.ts';
import { freePort } from '../harness/free-port.ts';
import { type HttpBackend, startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';

const LATENCIES = ['p50', 'p90', 'p95', 'p99'];

interface Side {
  readonly balancer: BalancerProgram;
  readonly backends: readonly HttpBackend[];
  /** Requests of one path by backend, since the last call for that path. */
  readonly share: (path: string) => Record<string, number>;
}

async function start(t: TestContext, names: readonly string[]): Promise<Side> {
  const seen = new Map<string, Record<string, number>>();
  const backends = await startHttpBackends(t, names, {
    handle(request, response, { name }) {
      const path = request.url ?? '/';
      const counts = seen.get(path) ?? {};
      seen.set(path, { ...counts, [name]: (counts[name] ?? 0) + 1 });
      response.end(name);
    },
  });
  const balancer = await runBalancer(t, { pools: { web: poolOf(backends) } });
  const share = (path: string): Record<string, number> => {
    const counts = seen.get(path) ?? {};
    seen.delete(path);
    return counts;
  };
  return { balancer, backends, share };
}

test('the status has everything that the contract names', async (t) => {
  const { balancer, backends } = await start(t, ['a', 'b']);
  await balancer.admin.until('up', ['a', 'b']);
  await runLoad({ port: balancer.port, requests: 20, concurrency: 2 });
  const status = await balancer.admin.status();
  assert.ok(status.revision >= 1);
  assert.ok(status.uptimeMs > 0);
  assert.deepEqual(
    status.workers.map(({ worker, state }) => [worker, state]),
    [
      [0, 'running'],
      [1, 'running'],
    ],
  );
  const [pool] = status.pools;
  assert.ok(pool !== undefined);
  assert.equal(pool.name, 'web');
  assert.equal(pool.policy, 'round-robin');
  for (const policy of ['round-robin', 'weighted-round-robin', 'least-connections']) {
    assert.ok(pool.policies.includes(policy), policy);
  }
  assert.equal(typeof pool.rps, 'number');
  assert.deepEqual(Object.keys(pool.latencyMs).sort(), LATENCIES);
  for (const [index, backend] of pool.backends.entries()) {
    const { name, url, state, reason, mode, weight, inFlight, requests, failures } = backend;
    assert.deepEqual(
      { name, url, state, reason, mode, weight, inFlight, requests, failures },
      {
        name: backends[index]?.name,
        url: `http://127.0.0.1:${backends[index]?.port}`,
        state: 'up',
        reason: 'connected',
        mode: 'ready',
        weight: 1,
        inFlight: 0,
        requests: 10,
        failures: 0,
      },
    );
    assert.equal(typeof backend.rps, 'number');
    assert.deepEqual(Object.keys(backend.latencyMs).sort(), LATENCIES);
  }
});

test('a policy, a weight and a mode hold for every request after the answer, under load and in both workers', async (t) => {
  const { balancer, share } = await start(t, ['a', 'b']);
  const { admin, port } = balancer;
  const background = startLoad(t, { port, path: '/background', concurrency: 6 });
  /** The share of requests that begin after this call, over kept-alive and new connections. */
  const after = async (step: string): Promise<Record<string, number>> => {
    const path = `/${step}`;
    const load = { port, path, requests: 120, concurrency: 6 };
    const reports = await Promise.all([runLoad(load), runLoad({ ...load, isFresh: true })]);
    for (const report of reports) assert.deepEqual(failedIn(report), [], step);
    return share(path);
  };

  // The background takes turns as well: shares are only even where nobody else is served.
  const even = await after('even');
  assert.equal((even['a'] ?? 0) + (even['b'] ?? 0), 240);
  assert.ok((even['a'] ?? 0) > 60 && (even['b'] ?? 0) > 60, JSON.stringify(even));
  assert.equal((await admin.patchBackend('b', { mode: 'drain' })).state, 'draining');
  assert.deepEqual(await after('drained'), { a: 240 });
  assert.equal((await admin.patchBackend('b', { mode: 'ready' })).mode, 'ready');
  assert.ok(((await after('back'))['b'] ?? 0) > 60);
  assert.equal((await admin.patchBackend('a', { mode: 'maintenance' })).state, 'maintenance');
  assert.deepEqual(await after('maintained'), { b: 240 });
  assert.equal((await admin.backend('a')).reason, 'maintenance set by admin API');
  await admin.patchBackend('a', { mode: 'ready' });
  assert.deepEqual(failedIn(await background.stop()), []);

  assert.equal((await admin.setPolicy('weighted-round-robin')).policy, 'weighted-round-robin');
  assert.equal((await admin.patchBackend('a', { weight: 3 })).weight, 3);
  assert.deepEqual(await after('three-to-one'), { a: 180, b: 60 });
  await admin.patchBackend('b', { weight: 3 });
  assert.deepEqual(await after('even-again'), { a: 120, b: 120 });
  await admin.patchBackend('a', { weight: 1 });
  await admin.setPolicy('round-robin');
  assert.deepEqual(await after('in-turn'), { a: 120, b: 120 });
});

test('every change is an event in words, oldest first', async (t) => {
  const { balancer } = await start(t, ['a', 'b']);
  const { admin } = balancer;
  await admin.until('up', ['a', 'b']);
  const before = (await admin.events()).at(-1)?.id ?? -1;
  await admin.setPolicy('least-connections');
  await admin.patchBackend('a', { weight: 5 });
  await admin.patchBackend('b', { mode: 'drain' });
  const events = (await admin.events()).filter(({ id, origin }) => id > before && origin === 'admin API');
  assert.deepEqual(
    events.map(({ kind, subject, text }) => `${kind} ${subject}: ${text}`),
    [
      'policy-changed web: policy round-robin → least-connections',
      'weight-changed web/a: weight 1 → 5',
      'mode-changed web/b: mode ready → drain',
    ],
  );
  assert.deepEqual(
    events.map(({ id }) => id),
    events.map(({ id }) => id).toSorted((a, b) => a - b),
  );
});

test('what cannot be done is a problem document, and changes nothing', async (t) => {
  const { balancer } = await start(t, ['a']);
  const { admin } = balancer;
  const cases = [
    ['PATCH', '/api/v1/pools/nope', { policy: 'round-robin' }, 404],
    ['PATCH', '/api/v1/pools/web', { policy: 'fastest-finger' }, 422],
    ['PATCH', '/api/v1/pools/web/backends/nope', { weight: 2 }, 404],
    ['PATCH', '/api/v1/pools/web/backends/a', { weight: 0 }, 422],
    ['PATCH', '/api/v1/pools/web/backends/a', { mode: 'asleep' }, 422],
    ['DELETE', '/api/v1/pools/web/backends/nope', undefined, 404],
  ] as const;
  for (const [method, path, body, wanted] of cases) {
    const { status, headers, text } = await admin.ask(path, { method, ...(body === undefined ? {} : { body }) });
    assert.equal(status, wanted, `${method} ${path}: ${text}`);
    assert.match(headers['content-type'] ?? '', /^application\/problem\+json/);
    assert.equal((JSON.parse(text) as { status: number }).status, wanted);
  }
  const foreign = await admin.ask('/api/v1/pools/web', {
    method: 'PATCH',
    body: { policy: 'least-connections' },
    headers: { origin: 'http://evil.example' },
  });
  assert.equal(foreign.status, 403);
  assert.notEqual((await admin.ask('/api/v1/status', { host: 'evil.example' })).status, 200);
  const pool = await admin.pool();
  assert.equal(pool.policy, 'round-robin');
  assert.deepEqual(
    pool.backends.map(({ name, weight, mode }) => [name, weight, mode]),
    [['a', 1, 'ready']],
  );
});

test('with a token nothing is shown and nothing is changed without it', async (t) => {
  const [a] = await startHttpBackends(t, ['a']);
  assert.ok(a);
  const token = 'a-token-that-is-long-enough-for-anyone';
  const adminPort = await freePort();
  const { program } = await runBalancer(
    t,
    {
      pools: { web: poolOf([a]) },
      admin: { address: `127.0.0.1:${adminPort}`, token: '${BALLAST_ADMIN_TOKEN}' },
    },
    { BALLAST_ADMIN_TOKEN: token },
  );
  const admin = new AdminClient(adminPort);
  for (const path of ['/api/v1/status', '/api/v1/events', '/metrics']) {
    assert.equal((await admin.ask(path)).status, 401, path);
    assert.equal((await admin.ask(path, { headers: { authorization: `Bearer ${token}` } })).status, 200, path);
  }
  assert.equal((await admin.ask('/livez')).status, 200);
  assert.equal((await admin.ask('/readyz')).status, 200);
  assert.equal((await admin.ask('/api/v1/pools/web', { method: 'PATCH', body: {} })).status, 401);
  assert.ok(!program.log.includes(token), 'it is never told');
});

test('routes are counted, each request once, over all workers and over a reload', async (t) => {
  const backends = await startHttpBackends(t, ['a']);
  const routes = [
    { match: { path: '/api' }, pool: 'web' },
    { match: { host: 'a.example' }, pool: 'web' },
    { pool: 'web' },
  ];
  const balancer = await runBalancer(t, { pools: { web: poolOf(backends) }, routes });
  const counts = async (): Promise<(readonly [string | null, number])[]> => {
    const { routes: seen } = await balancer.admin.json<{ routes: RouteStatus[] }>('/api/v1/routes');
    return seen.map(({ path, host, requests }) => [path ?? host, requests]);
  };
  await runLoad({ port: balancer.port, requests: 30, concurrency: 3, path: '/api/x' });
  await runLoad({ port: balancer.port, requests: 12, concurrency: 2, path: '/' });
  assert.deepEqual(await counts(), [
    ['/api', 30],
    ['a.example', 0],
    [null, 12],
  ]);
  await balancer.reloadWith({
    pools: { web: poolOf(backends) },
    routes: [{ match: { path: '/new' }, pool: 'web' }, ...routes],
  });
  await runLoad({ port: balancer.port, requests: 5, concurrency: 1, path: '/new' });
  assert.deepEqual(await counts(), [
    ['/new', 5],
    ['/api', 30],
    ['a.example', 0],
    [null, 12],
  ]);
});
