/** The end of one worker costs its own connections and no others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

test('the other worker goes on with its connections and takes all new ones', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const plane = await startDataPlane(t, { pools: [{ backends }] }, 2);
  const clients = await Promise.all(Array.from({ length: 24 }, () => connectRaw(t, plane.port)));
  for (const client of clients) assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
  const lost = plane.clientConnectionsOf(0);
  await plane.killWorker(0);
  await eventually('its connections to end', () => clients.filter(({ side }) => side !== 'open').length === lost);
  const alive = clients.filter(({ side }) => side === 'open');
  assert.ok(alive.length > 0 && alive.length < clients.length, `${alive.length} of ${clients.length} stay`);
  for (const client of alive) assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
  const report = await runLoad({ port: plane.port, requests: 300, concurrency: 8, isFresh: true });
  assert.deepEqual(failedIn(report), []);
  assert.equal(plane.crashes.length, 0);
});

test('a worker that starts again joins in with the counters as they were', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const plane = await startDataPlane(t, { pools: [{ backends }] }, 2);
  await runLoad({ port: plane.port, requests: 200, concurrency: 8, isFresh: true });
  await plane.killWorker(1);
  await plane.startWorker(1);
  const report = await runLoad({ port: plane.port, requests: 200, concurrency: 8, isFresh: true });
  assert.deepEqual(failedIn(report), []);
  assert.deepEqual(Object.fromEntries(report.byBackend), { a: 100, b: 100 });
  assert.equal(plane.pool().requests, 400);
});
