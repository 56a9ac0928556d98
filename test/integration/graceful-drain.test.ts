/** A worker that is told to drain finishes what it has begun and takes nothing new. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackend } from '../harness/http-backends.ts';
import { runLoad } from '../harness/load.ts';
import { accepts } from '../harness/program.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

test('in-flight requests are finished, idle connections closed, new ones refused', async (t) => {
  const answers: (() => void)[] = [];
  const backend = await startHttpBackend(t, 'a', {
    handle(request, response) {
      if (request.url === '/slow') answers.push(() => response.end('finished'));
      else response.end('ok');
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [backend] }] }, 2);
  const idle = await Promise.all(Array.from({ length: 4 }, () => connectRaw(t, plane.port)));
  for (const client of idle) await client.request(requestBytes('GET', '/'));
  const silent = await connectRaw(t, plane.port);
  const busy = await Promise.all(Array.from({ length: 6 }, () => connectRaw(t, plane.port)));
  for (const client of busy) await client.send(requestBytes('GET', '/slow'));
  await eventually('all in flight', () => answers.length === 6);
  plane.drain(10_000);
  for (const client of [...idle, silent]) assert.equal(await client.closed(), 'ended');
  await eventually('new connections to be refused', async () => !(await accepts(plane.port)));
  assert.deepEqual(plane.messages('drained'), []);
  for (const answer of answers) answer();
  for (const client of busy) {
    const response = await client.response();
    assert.equal(response.body, 'finished');
    assert.equal(response.field('connection'), 'close');
    assert.equal(await client.closed(), 'ended');
  }
  assert.equal(await plane.drained(), 0);
  assert.equal(plane.backend('a').inFlight, 0);
});

test('where another process accepts, a client between two requests is answered once more, whenever it asks', async (t) => {
  const answers: (() => void)[] = [];
  const backend = await startHttpBackend(t, 'a', {
    handle(request, response) {
      if (request.url !== '/slow') return void response.end('ok');
      response.write('begun ');
      answers.push(() => response.end('and finished'));
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [backend] }] });
  const [idle, busy] = [await connectRaw(t, plane.port), await connectRaw(t, plane.port)];
  assert.equal((await idle.request(requestBytes('GET', '/'))).field('connection'), null);
  await busy.send(requestBytes('GET', '/slow'));
  await eventually('the answer to begin', () => busy.received.includes('begun'));
  plane.drain(60_000, true);
  await eventually('new connections to be refused', async () => !(await accepts(plane.port)));
  for (const answer of answers) answer();
  // It was not told that this is the last answer, so it is not.
  assert.equal((await busy.response()).body, 'begun and finished');
  // Longer than a client has where nobody else would serve it.
  await delay(600);
  for (const client of [idle, busy]) {
    const response = await client.request(requestBytes('GET', '/'));
    assert.deepEqual([response.status, response.field('connection')], [200, 'close']);
    assert.equal(await client.closed(), 'ended');
  }
  assert.equal(await plane.drained(), 0);
});

test('what is not finished in time is cut and counted', async (t) => {
  const backend = await startHttpBackend(t, 'a', { handle: () => {} });
  const plane = await startDataPlane(t, { pools: [{ backends: [backend] }] });
  const clients = await Promise.all(Array.from({ length: 3 }, () => connectRaw(t, plane.port)));
  for (const client of clients) await client.send(requestBytes('GET', '/'));
  await eventually('all in flight', () => backend.inFlight === 3);
  plane.drain(200);
  for (const client of clients) assert.notEqual(await client.closed(), 'open');
  assert.equal(await plane.drained(), 3);
  assert.equal(plane.backend('a').inFlight, 0);
});

test('draining under load loses nothing that was begun', async (t) => {
  const backend = await startHttpBackend(t, 'a', {
    handle: (_request, response) => void setTimeout(() => response.end('ok'), 5),
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [backend] }] }, 2);
  let isDraining = false;
  const load = runLoad({ port: plane.port, requests: 100_000, concurrency: 12, stop: () => isDraining });
  await eventually('some traffic', () => backend.requests > 200);
  plane.drain(10_000);
  isDraining = true;
  const report = await load;
  // A request that was sent into a connection as it closed was never begun: the backend has not seen it.
  const answered = report.byStatus.get(200) ?? 0;
  assert.deepEqual([...report.byStatus.keys()], [200]);
  assert.equal(answered, backend.requests);
  assert.equal(await plane.drained(), 0);
});
