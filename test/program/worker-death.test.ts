/** A worker thread dies in the running program: it is replaced, and the other serves meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLoad } from '../harness/background-load.ts';
import { eventually } from '../harness/eventually.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { startMortalBalancer } from '../harness/mortal-balancer.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

test('it is replaced within a second, the port never refuses, and in-flight is right again', async (t) => {
  const { balancer, backends, harm, untilReplaced, held } = await startMortalBalancer(t);
  const { admin, port, program } = balancer;
  const clients = await Promise.all(Array.from({ length: 24 }, () => connectRaw(t, port)));
  for (const client of clients) await client.send(requestBytes('GET', '/slow'));
  await eventually('all to be held', () => held.length === clients.length);
  const before = await admin.status();
  const lost = before.workers[1]?.exchanges ?? 0;
  assert.ok(lost > 0 && lost < clients.length, `worker 1 has ${lost} of ${clients.length}`);

  const load = startLoad(t, { port, concurrency: 6, isFresh: true });
  await harm(1);
  await untilReplaced(1, 1);
  const report = await load.stop();
  assert.equal(report.errors.get('ECONNREFUSED'), undefined, failedIn(report).join(', '));
  assert.ok([...report.errors.values()].reduce((sum, times) => sum + times, 0) <= 6, failedIn(report).join(', '));
  assert.deepEqual([...report.byStatus.keys()], [200]);
  const [died] = await admin.eventsOf('worker-died', 'worker 1');
  const [replaced] = await admin.eventsOf('worker-replaced', 'worker 1');
  assert.ok(died && replaced);
  assert.match(died.text, /thrown on the wish of a test/);
  assert.ok(replaced.atMs - died.atMs < 1_000, `${replaced.atMs - died.atMs} ms`);
  assert.match(program.stderr, /a worker threw/);

  // Its connections are lost; those of the other worker are answered.
  await eventually('its connections to end', () => clients.filter(({ side }) => side !== 'open').length === lost);
  for (const release of held) release();
  for (const client of clients.filter(({ side }) => side === 'open')) {
    assert.equal((await client.response()).status, 200);
  }
  await admin.atRest();
  const after = await runLoad({ port, requests: 200, concurrency: 8, isFresh: true });
  assert.deepEqual(failedIn(after), []);
  // Least connections would avoid the backend of requests that it took for still being in flight.
  for (const { name } of backends) assert.ok((after.byBackend.get(name) ?? 0) > 50, name);
  assert.equal((await admin.ask('/readyz')).status, 200);
});

test('every worker dies, one after another, and the counters go on', async (t) => {
  const { balancer, harm, untilReplaced } = await startMortalBalancer(t);
  const { admin, port } = balancer;
  for (const worker of [0, 1]) {
    assert.deepEqual(failedIn(await runLoad({ port, requests: 100, concurrency: 4, isFresh: true })), []);
    await harm(worker);
    await untilReplaced(worker, 1);
  }
  assert.deepEqual(failedIn(await runLoad({ port, requests: 100, concurrency: 4, isFresh: true })), []);
  assert.equal((await admin.pool()).requests, 300);
  // A policy set now is obeyed by threads that were started later.
  await admin.setPolicy('round-robin');
  const report = await runLoad({ port, requests: 100, concurrency: 4, isFresh: true });
  assert.deepEqual(Object.fromEntries(report.byBackend), { a: 50, b: 50 });
  assert.equal(await balancer.program.stop(), 0, balancer.program.log);
});

test('dying again and again is told once as a loop, and shown; the other worker takes everything', async (t) => {
  const { balancer, harm, untilReplaced, workerStatus } = await startMortalBalancer(t);
  const { admin, port } = balancer;
  const load = startLoad(t, { port, concurrency: 4, isFresh: true });
  for (let death = 1; death <= 7; death++) {
    await harm(1);
    await untilReplaced(1, death);
  }
  const report = await load.stop();
  assert.equal(report.errors.get('ECONNREFUSED'), undefined, failedIn(report).join(', '));
  assert.equal((await admin.eventsOf('worker-crash-loop', 'worker 1')).length, 1);
  const { isCrashLoop, lastDeath } = await workerStatus(1);
  assert.equal(isCrashLoop, true);
  assert.match(lastDeath?.cause ?? '', /thrown on the wish of a test/);
  const metrics = await admin.metrics();
  assert.equal(metrics.get('ballast_worker_crash_loop{worker="1"}'), 1);
  assert.equal(metrics.get('ballast_worker_restarts_total{worker="1"}'), 7);
  assert.equal((await admin.ask('/readyz')).status, 200);
  assert.equal(await balancer.program.stop(), 0, balancer.program.log);
});
