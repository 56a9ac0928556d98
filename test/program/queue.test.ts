/** Requests that wait for a place, in the running program: told, counted, and right again after a worker's death. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolOf } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { startMortalBalancer } from '../harness/mortal-balancer.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

test('they are told, lose nobody but the clients of a dead worker, and go on when the limit is lifted', async (t) => {
  const { balancer, backends, harm, untilReplaced, held } = await startMortalBalancer(t);
  const { admin, port } = balancer;
  const limited = backends.map(({ name, port: own }) => ({ name, port: own, maxConnections: 1 }));
  await balancer.reloadWith({ pools: { web: poolOf(limited, { queue: { timeout: '1m' } }) } });
  const clients = await Promise.all(Array.from({ length: 24 }, () => connectRaw(t, port)));
  for (const client of clients) await client.send(requestBytes('GET', '/slow'));
  await eventually('all but two to wait', async () => (await admin.pool()).queued === 22);
  assert.equal(held.length, 2);
  assert.equal((await admin.metrics()).get('ballast_queued{pool="web"}'), 22);

  const lost = (await admin.status()).workers[1]?.exchanges ?? 0;
  assert.ok(lost > 2 && lost < clients.length - 2, `worker 1 has ${lost} of ${clients.length}`);
  await harm(1);
  await untilReplaced(1, 1);
  await eventually('its connections to end', () => clients.filter(({ side }) => side !== 'open').length === lost);
  // What the dead worker had in flight has given its places to those who wait in the other one.
  await eventually('the places to be taken', async () => (await admin.pool()).queued === 22 - lost);
  const alive = clients.filter(({ side }) => side === 'open');

  await balancer.reloadWith({ pools: { web: poolOf(backends.map(({ name, port: own }) => ({ name, port: own }))) } });
  await eventually('nobody to wait', async () => (await admin.pool()).queued === 0);
  await eventually('all to be answered', () => {
    for (const release of held.splice(0)) release();
    return alive.every((client) => client.take() !== null || client.received !== '');
  });
  for (const client of alive) assert.match(client.received, /^HTTP\/1.1 200 /);
  await admin.atRest();
  const pool = await admin.pool();
  assert.ok(pool.queuedTotal >= 22, `${pool.queuedTotal} have waited`);
  assert.equal(pool.failuresByCode['QUEUE_TIMEOUT'], undefined);
});

test('a backend is killed while all are at their limit, and no request fails', async (t) => {
  const { balancer, backends } = await startMortalBalancer(t);
  const { admin, port } = balancer;
  const limited = backends.map(({ name, port: own }) => ({ name, port: own, maxConnections: 2 }));
  await balancer.reloadWith({ pools: { web: poolOf(limited) } });
  const load = runLoad({ port, requests: 4_000, concurrency: 16 });
  await eventually('the load to be under way', () => (backends[1]?.requests ?? 0) > 500);
  await backends[1]?.close();
  assert.deepEqual(failedIn(await load), []);
  const pool = await admin.pool();
  assert.ok(pool.retries > 0 && pool.queuedTotal > 1_000, `${pool.retries} further, ${pool.queuedTotal} have waited`);
  assert.equal(pool.retriesDenied, 0);
  assert.equal(pool.queued, 0);
});
