/** Which backends may be picked, and what happens when none may. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { runLoad } from '../harness/load.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

test('a pool without a backend answers 503 and the connection stays', async (t) => {
  const plane = await startDataPlane(t, { pools: [{ backends: [] }] });
  const client = await connectRaw(t, plane.port);
  for (let number = 0; number < 2; number++) {
    const response = await client.request(requestBytes('GET', '/'));
    assert.equal(response.status, 503);
    assert.match(response.body, /POOL_UNAVAILABLE/);
    assert.match(response.field('content-type') ?? '', /^text\/plain/);
  }
  assert.equal(plane.pool().byCode.POOL_UNAVAILABLE, 2);
});

test('only ready, healthy, resolved and not ejected backends are picked', async (t) => {
  const [a, b] = await startHttpBackends(t, ['a', 'b']);
  assert.ok(a && b);
  const plane = await startDataPlane(t, { pools: [{ backends: [a, b, { name: 'c', port: 1, address: null }] }] });
  const share = async (): Promise<Record<string, number>> => {
    const report = await runLoad({ port: plane.port, requests: 10, concurrency: 2 });
    const refused = report.byStatus.get(503);
    return { ...Object.fromEntries(report.byBackend), ...(refused === undefined ? {} : { none: refused }) };
  };
  assert.deepEqual(await share(), { a: 5, b: 5 });
  plane.setHealth('a', 'UNHEALTHY');
  assert.deepEqual(await share(), { b: 10 });
  plane.setMode('b', 'DRAIN');
  assert.deepEqual(await share(), { none: 10 });
  plane.setHealth('a', 'UNKNOWN');
  assert.deepEqual(await share(), { a: 10 }, 'a backend nobody has checked yet is tried');
  plane.setEjected('a', true);
  assert.deepEqual(await share(), { a: 10 }, 'an ejected one is better than nobody');
  plane.setMode('b', 'MAINTENANCE');
  plane.setHealth('a', 'UNHEALTHY');
  assert.deepEqual(await share(), { none: 10 });
  plane.setMode('b', 'READY');
  assert.deepEqual(await share(), { b: 10 });
  plane.setEjected('a', false);
  plane.setHealth('a', 'HEALTHY');
  const all = await share();
  assert.equal((all['a'] ?? 0) + (all['b'] ?? 0), 10);
});

test('a drained backend finishes what it has and gets nothing new', async (t) => {
  const answers: (() => void)[] = [];
  const [a, b] = await startHttpBackends(t, ['a', 'b'], {
    handle: (request, response, { name }) => {
      if (request.url === '/slow') answers.push(() => response.end(`slow ${name}`));
      else response.end(name);
    },
  });
  assert.ok(a && b);
  const plane = await startDataPlane(t, { pools: [{ backends: [a, b] }] }, 2);
  plane.setMode('b', 'DRAIN');
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('GET', '/slow'));
  await eventually('the request to be in flight', () => plane.backend('a').inFlight === 1);
  plane.setMode('b', 'READY');
  plane.setMode('a', 'DRAIN');
  const report = await runLoad({ port: plane.port, requests: 50, concurrency: 4 });
  assert.deepEqual([...report.byBackend], [['b', 50]]);
  assert.equal(plane.backend('a').inFlight, 1);
  for (const answer of answers) answer();
  assert.equal((await client.response()).body, 'slow a');
  await plane.atRest();
});

test('a full backend is passed over, and a full pool answers 503', async (t) => {
  const answers: (() => void)[] = [];
  const backends = await startHttpBackends(t, ['a', 'b'], {
    handle: (_request, response, { name }) => answers.push(() => response.end(name)),
  });
  const plane = await startDataPlane(
    t,
    {
      pools: [{ backends: backends.map(({ name, port }) => ({ name, port, maxConnections: 2 })), queue: { size: 0 } }],
    },
    2,
  );
  const clients = await Promise.all(Array.from({ length: 4 }, () => connectRaw(t, plane.port)));
  for (const client of clients) await client.send(requestBytes('GET', '/'));
  await eventually('both backends to be full', () => answers.length === 4);
  assert.deepEqual(
    backends.map(({ inFlight }) => inFlight),
    [2, 2],
  );
  const other = await connectRaw(t, plane.port);
  const refused = await other.request(requestBytes('GET', '/'));
  assert.equal(refused.status, 503);
  assert.match(refused.body, /POOL_FULL/);
  for (const answer of answers.splice(0)) answer();
  for (const client of clients) assert.equal((await client.response()).status, 200);
  const late = await connectRaw(t, plane.port);
  await late.send(requestBytes('GET', '/'));
  await eventually('a free place', () => answers.length === 1);
  for (const answer of answers) answer();
  assert.equal((await late.response()).status, 200);
});
