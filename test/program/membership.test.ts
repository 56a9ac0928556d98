/** Backends come and go by the admin API under load, and no request notices. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLoad } from '../harness/background-load.ts';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';

const ROUNDS = 3;

test('a backend is added and removed again and again without a failed request', async (t) => {
  const reached = new Map<string, Set<string>>();
  const backends = await startHttpBackends(t, ['a', 'b', 'c'], {
    handle(request, response, { name }) {
      const path = request.url ?? '/';
      reached.set(path, (reached.get(path) ?? new Set()).add(name));
      setTimeout(() => response.end(name), 5);
    },
  });
  const [a, b, c] = backends;
  assert.ok(a && b && c);
  const balancer = await runBalancer(t, { pools: { web: poolOf([a, b]) } });
  const { admin, port } = balancer;
  const loads = [startLoad(t, { port, concurrency: 8 }), startLoad(t, { port, concurrency: 4, isFresh: true })];

  for (let round = 0; round < ROUNDS; round++) {
    const added = await admin.addBackend({ url: `http://127.0.0.1:${c.port}`, name: 'c', weight: 2 });
    assert.equal(added.weight, 2);
    const with3 = `/with-${round}`;
    await runLoad({ port, path: with3, requests: 60, concurrency: 4 });
    assert.deepEqual([...(reached.get(with3) ?? [])].sort(), ['a', 'b', 'c']);

    const removed = await admin.removeBackend('c');
    assert.equal(removed.isRemoved, true);
    const with2 = `/without-${round}`;
    await runLoad({ port, path: with2, requests: 60, concurrency: 4 });
    assert.deepEqual([...(reached.get(with2) ?? [])].sort(), ['a', 'b']);
    await eventually('it to be gone', async () => (await admin.pool()).backends.length === 2);
    assert.equal(c.inFlight, 0);
  }
  for (const load of loads) {
    const report = await load.stop();
    assert.deepEqual(failedIn(report), []);
    assert.ok(report.sent > 0);
  }
  assert.deepEqual(
    backends.map(({ aborted }) => aborted),
    [0, 0, 0],
  );
  assert.equal((await admin.pool()).failures, 0);
  assert.equal((await admin.eventsOf('backend-removed', 'web/c')).length, ROUNDS);
});

test('a removed backend finishes what it has, and is shown until then', async (t) => {
  const held: (() => void)[] = [];
  const [a, b] = await startHttpBackends(t, ['a', 'b'], {
    handle(request, response, { name }) {
      if (request.url === '/slow' && name === 'b') held.push(() => response.end(name));
      else response.end(name);
    },
  });
  assert.ok(a && b);
  const balancer = await runBalancer(t, { pools: { web: poolOf([a, b]) } });
  const { admin, port } = balancer;
  const slow = runLoad({ port, path: '/slow', requests: 6, concurrency: 6 });
  await eventually('requests to be held', () => held.length >= 1 && a.inFlight === 0 && a.requests + b.requests === 6);
  const before = held.length;
  await admin.removeBackend('b');
  const shown = await admin.backend('b');
  assert.deepEqual([shown.state, shown.reason, shown.inFlight], ['draining', 'removed by admin API', before]);
  assert.equal(shown.isRemoved, true);
  const report = await runLoad({ port, requests: 20, concurrency: 2 });
  assert.deepEqual(Object.fromEntries(report.byBackend), { a: 20 });
  for (const release of held) release();
  assert.deepEqual(failedIn(await slow), []);
  await eventually('it to be gone', async () => (await admin.pool()).backends.length === 1);
});
