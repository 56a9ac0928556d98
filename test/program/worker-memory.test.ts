/** A worker that comes to the end of its heap: it takes less work, and where that is too late, it is replaced. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { startMortalBalancer } from '../harness/mortal-balancer.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

test('short of memory, it refuses new requests, finishes those it has, lets idle clients go, and recovers', async (t) => {
  const { balancer, harm, held, workerStatus } = await startMortalBalancer(t, { workers: 1, workerHeap: '64MiB' });
  const { admin, port } = balancer;
  const [busy, idle] = [await connectRaw(t, port), await connectRaw(t, port)];
  await busy.send(requestBytes('GET', '/slow'));
  assert.equal((await idle.request(requestBytes('GET', '/'))).status, 200);
  await eventually('one to be held', () => held.length === 1);

  await harm(0, 'fill 80');
  assert.equal(await idle.closed(), 'ended');
  await eventually('a request to be refused', async () => {
    const client = await connectRaw(t, port);
    const refused = await client.request(requestBytes('GET', '/'));
    if (refused.status === 200) return false;
    assert.equal(refused.status, 503);
    assert.match(refused.body, /^HEAP_EXHAUSTED: /);
    assert.equal(refused.field('retry-after'), '1');
    assert.equal(refused.field('connection'), 'close');
    await client.closed();
    return true;
  });
  const head = await (await connectRaw(t, port)).request(requestBytes('HEAD', '/'));
  assert.deepEqual([head.status, head.body], [503, '']);
  held[0]?.();
  assert.equal((await busy.response()).status, 200);
  await eventually('it to be told', async () => (await admin.eventsOf('heap-exhausted')).length === 1);
  assert.ok(((await admin.status()).failuresWithoutPool['HEAP_EXHAUSTED'] ?? 0) >= 2);
  assert.equal((await admin.ask('/livez')).status, 200);

  await harm(0, 'empty');
  await eventually('a request to be answered again', async () => {
    const client = await connectRaw(t, port);
    const { status } = await client.request(requestBytes('GET', '/'));
    client.destroy();
    return status === 200;
  });
  assert.deepEqual(failedIn(await runLoad({ port, requests: 200, concurrency: 8 })), []);
  assert.equal((await workerStatus(0)).restarts, 0);
  await admin.atRest();
  assert.equal(await balancer.program.stop(), 0);
});

test('out of memory, it is replaced, the event says why, and the process lives on', async (t) => {
  const { balancer, harm, held, untilReplaced } = await startMortalBalancer(t, { workerHeap: '64MiB' });
  const { admin, port } = balancer;
  const clients = await Promise.all(Array.from({ length: 24 }, () => connectRaw(t, port)));
  for (const client of clients) await client.send(requestBytes('GET', '/slow'));
  await eventually('all to be held', () => held.length === clients.length);
  const lost = (await admin.status()).workers[1]?.exchanges ?? 0;
  assert.ok(lost > 0 && lost < clients.length);

  await harm(1, 'overfill');
  await untilReplaced(1, 1);
  const [died] = await admin.eventsOf('worker-died', 'worker 1');
  assert.match(
    died?.text ?? '',
    /^died: out of memory, with 64 MiB of heap \(ERR_WORKER_OUT_OF_MEMORY\); \d+ requests were cut; replaced at once/,
  );
  await eventually('its connections to end', () => clients.filter(({ side }) => side !== 'open').length === lost);
  const inFlight = (await admin.pool()).backends.reduce((sum, backend) => sum + backend.inFlight, 0);
  assert.equal(inFlight, clients.length - lost);
  for (const release of held) release();
  for (const client of clients.filter(({ side }) => side === 'open')) {
    assert.equal((await client.response()).status, 200);
  }
  await admin.atRest();
  assert.deepEqual(failedIn(await runLoad({ port, requests: 200, concurrency: 8, isFresh: true })), []);
  assert.equal(await balancer.program.stop(), 0);
});
