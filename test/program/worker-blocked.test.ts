/** A worker whose event loop stands still: others serve, the slow one is left alone, the stuck one is replaced. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { poolOf, QUICK_HEALTH } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { startMortalBalancer } from '../harness/mortal-balancer.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

const CLIENTS = 24;

test('blocked for some seconds, it is told and left alone; the other one serves, and nobody is blamed', async (t) => {
  const backends = await startHttpBackends(t, ['c', 'd']);
  const settings = { pools: { web: poolOf(backends, { health: QUICK_HEALTH }) } };
  const { balancer, harm, workerStatus } = await startMortalBalancer(t, settings);
  const { admin, port } = balancer;
  await admin.until('up', ['c', 'd']);
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectRaw(t, port)));
  for (const client of clients) assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
  const slow = (await workerStatus(0)).clientConnections;
  assert.ok(slow > 0 && slow < CLIENTS);

  await harm(0, 'sleep 5500');
  await eventually('it to be blocked', async () => (await workerStatus(0)).state === 'blocked');
  for (const client of clients) await client.send(requestBytes('GET', '/'));
  const answered = (): number => clients.filter((client) => client.unread.startsWith('HTTP/1.1 200')).length;
  await eventually('those of the other worker to be answered', () => answered() === CLIENTS - slow);
  assert.equal((await workerStatus(0)).state, 'blocked', 'all this while it stood still');
  assert.equal((await admin.ask('/readyz')).status, 200);

  for (const client of clients) assert.equal((await client.response()).status, 200);
  await eventually(
    'the end to be told',
    async () => (await admin.eventsOf('worker-unblocked', 'worker 0')).length === 1,
  );
  assert.ok((await workerStatus(0)).loopDelayMs >= 0);
  const [blocked] = await admin.eventsOf('worker-blocked', 'worker 0');
  assert.match(blocked?.text ?? '', /^its event loop has stood still for 3 s; its clients wait/);
  for (const worker of [0, 1]) {
    const { state, restarts } = await workerStatus(worker);
    assert.deepEqual([state, restarts], ['running', 0]);
  }
  const downs = (await admin.events()).filter(({ kind }) => kind === 'backend-down');
  assert.deepEqual(downs, []);
});

test('busy with one thing for good, it is ended, replaced and named; not ready meanwhile', async (t) => {
  const { balancer, harm, held, workerStatus, untilReplaced } = await startMortalBalancer(t, { workers: 1 });
  const { admin, port } = balancer;
  const client = await connectRaw(t, port);
  await client.send(requestBytes('GET', '/slow'));
  await eventually('it to be held', () => held.length === 1);
  await harm(0, 'block');
  await eventually('it to be found', async () => (await admin.ask('/readyz')).status === 503);
  assert.equal((await admin.ask('/livez')).status, 200);
  await untilReplaced(0, 1);
  assert.equal((await admin.ask('/readyz')).status, 200);
  await client.closed();
  const { lastDeath } = await workerStatus(0);
  assert.match(lastDeath?.cause ?? '', /^its event loop was busy with one thing for \d+ s$/);
  assert.equal((await admin.eventsOf('worker-stuck', 'worker 0')).length, 1);
  await admin.atRest();
  assert.deepEqual(failedIn(await runLoad({ port, requests: 100, concurrency: 4, isFresh: true })), []);
});

test('a pause of the whole process is no block', { skip: process.platform === 'win32' }, async (t) => {
  const { balancer, workerStatus } = await startMortalBalancer(t);
  const { admin, port, program } = balancer;
  const client = await connectRaw(t, port);
  for (let pause = 0; pause < 2; pause++) {
    program.signal('SIGSTOP');
    await delay(4_000);
    program.signal('SIGCONT');
    assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
  }
  // Time for a look or two at the beats.
  await delay(2_500);
  const kinds = (await admin.events()).map(({ kind }) => kind);
  assert.deepEqual(
    kinds.filter((kind) => kind.startsWith('worker-')),
    [],
  );
  for (const worker of [0, 1]) assert.equal((await workerStatus(worker)).restarts, 0);
});

test('what came while it stood still is answered, though its time was up meanwhile', async (t) => {
  const { balancer, harm, workerStatus } = await startMortalBalancer(t, {
    workers: 1,
    client: { keepAliveTimeout: '6s', requestHeadTimeout: '6s' },
  });
  const clients = await Promise.all(Array.from({ length: 8 }, () => connectRaw(t, balancer.port)));
  // Some have had an answer and wait for their next request, some have sent nothing yet.
  for (const client of clients.slice(0, 4)) assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
  await harm(0, 'sleep 9000');
  await eventually('it to stand still', async () => (await workerStatus(0)).state === 'blocked');
  for (const client of clients) await client.send(requestBytes('GET', '/'));
  for (const client of clients) assert.equal((await client.response()).status, 200);
});
