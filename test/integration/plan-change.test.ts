/** Another plan is taken at once, drops nothing, and keeps what goes on under the old one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackend, startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

test('backends come and go under load without a failed request', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b', 'c', 'd']);
  const plane = await startDataPlane(t, { pools: [{ backends: backends.slice(0, 2) }] }, 2);
  let isOver = false;
  const load = runLoad({ port: plane.port, requests: 100_000, concurrency: 12, stop: () => isOver });
  for (let round = 0; round < 20; round++) {
    const first = round % 4;
    await plane.apply({ pools: [{ backends: [...backends, ...backends].slice(first, first + 2 + (round % 2)) }] });
    await delay(10);
  }
  isOver = true;
  const report = await load;
  assert.deepEqual(failedIn(report), []);
  assert.ok(report.sent > 100);
  for (const { requests, name } of backends) assert.ok(requests > 0, `${name} was never used`);
});

test('after `applied` no request goes by the old plan, and one under way ends by it', async (t) => {
  const answers: (() => void)[] = [];
  const old = await startHttpBackend(t, 'old', {
    handle: (request, response) => {
      if (request.url === '/slow') answers.push(() => response.end('slow old'));
      else response.end('old');
    },
  });
  const [fresh] = await startHttpBackends(t, ['fresh']);
  assert.ok(fresh);
  const plane = await startDataPlane(t, { pools: [{ backends: [old] }] }, 2);
  const slow = await connectRaw(t, plane.port);
  await slow.send(requestBytes('GET', '/slow'));
  await eventually('the request to arrive', () => answers.length === 1);
  const kept = await Promise.all(Array.from({ length: 6 }, () => connectRaw(t, plane.port)));
  for (const client of kept) assert.equal((await client.request(requestBytes('GET', '/'))).body, 'old');
  await plane.apply({ pools: [{ backends: [fresh] }] });
  for (const client of kept) assert.equal((await client.request(requestBytes('GET', '/'))).body, 'fresh');
  for (const answer of answers) answer();
  assert.equal((await slow.response()).body, 'slow old');
  assert.equal(plane.backend('old').inFlight, 0);
  await eventually(
    'idle connections to a backend that has gone to close',
    () => plane.backend('old').connections === 0,
  );
});

test('what a request is told of its failure is told by the plan with which it began', async (t) => {
  const cuts: (() => void)[] = [];
  const backend = await startHttpBackend(t, 'a', {
    handle: (request) => void cuts.push(() => request.socket.destroy()),
  });
  const pools = [{ backends: [backend] }];
  const plane = await startDataPlane(t, { pools, failureField: 'X-First' });
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('POST', '/'));
  await eventually('the request to arrive', () => cuts.length === 1);
  await plane.apply({ pools, failureField: 'X-Second' });
  for (const cut of cuts.splice(0)) cut();
  const first = await client.response();
  assert.equal(first.status, 502);
  assert.match(client.received, /\r\nX-First: UPSTREAM_/);
  const later = await connectRaw(t, plane.port);
  await later.send(requestBytes('POST', '/'));
  await eventually('the second to arrive', () => cuts.length === 1);
  for (const cut of cuts) cut();
  assert.equal((await later.response()).status, 502);
  assert.match(later.received, /\r\nX-Second: UPSTREAM_/);
});

test('a further attempt goes to the pool as it is now', async (t) => {
  const cuts: (() => void)[] = [];
  const old = await startHttpBackend(t, 'old', { handle: (request) => void cuts.push(() => request.socket.destroy()) });
  const [fresh, other] = await startHttpBackends(t, ['fresh', 'other']);
  assert.ok(fresh && other);
  const plane = await startDataPlane(t, { pools: [{ backends: [old] }] }, 2);
  const clients = await Promise.all(Array.from({ length: 8 }, () => connectRaw(t, plane.port)));
  for (const client of clients) await client.send(requestBytes('GET', '/'));
  await eventually('the requests to arrive', () => cuts.length === clients.length);
  await plane.apply({ pools: [{ backends: [fresh] }] });
  for (const cut of cuts) cut();
  for (const client of clients) assert.equal((await client.response()).body, 'fresh');
  assert.equal(old.requests, clients.length);
});

test('routes and limits change with the plan', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const pools = backends.map((backend) => ({ name: backend.name, backends: [backend] }));
  const plane = await startDataPlane(t, { pools, routes: [{ pool: 'a' }] });
  const client = await connectRaw(t, plane.port);
  assert.equal((await client.request(requestBytes('GET', '/'))).body, 'a');
  await plane.apply({ pools, routes: [{ pool: 'b' }], limits: { targetBytes: 10 }, viaName: 'other' });
  assert.equal((await client.request(requestBytes('GET', '/'))).body, 'b');
  assert.equal((await client.request(requestBytes('GET', '/too-long-now'))).status, 414);
});
