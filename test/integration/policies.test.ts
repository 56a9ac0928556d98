/** The shares of each policy, exact over two workers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { runLoad } from '../harness/load.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

test('round robin gives each backend the same', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b', 'c']);
  const plane = await startDataPlane(t, { pools: [{ policy: 'round-robin', backends }] }, 2);
  for (const isFresh of [false, true]) {
    const report = await runLoad({ port: plane.port, requests: 900, concurrency: 12, isFresh });
    assert.deepEqual(Object.fromEntries(report.byBackend), { a: 300, b: 300, c: 300 });
  }
});

test('weighted round robin gives by weight, and a new weight counts at once', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b', 'c']);
  const weights = [5, 1, 1];
  const specs = backends.map(({ name, port }, index) => ({ name, port, weight: weights[index] ?? 1 }));
  const plane = await startDataPlane(t, { pools: [{ policy: 'weighted-round-robin', backends: specs }] }, 2);
  const report = await runLoad({ port: plane.port, requests: 700, concurrency: 12 });
  assert.deepEqual(Object.fromEntries(report.byBackend), { a: 500, b: 100, c: 100 });
  plane.setWeight('a', 1);
  plane.setWeight('c', 2);
  const next = await runLoad({ port: plane.port, requests: 400, concurrency: 12 });
  const shares = Object.fromEntries(next.byBackend);
  for (const [name, share] of Object.entries({ a: 100, b: 100, c: 200 })) {
    assert.ok(Math.abs((shares[name] ?? 0) - share) <= 4, `${name}: ${shares[name]} of about ${share}`);
  }
});

test('least connections sees what is in flight in every worker', async (t) => {
  const answers: (() => void)[] = [];
  const backends = await startHttpBackends(t, ['a', 'b', 'c'], {
    handle: (_request, response, { name }) => answers.push(() => response.end(name)),
  });
  const plane = await startDataPlane(t, { pools: [{ policy: 'least-connections', backends }] }, 2);
  const clients = await Promise.all(Array.from({ length: 30 }, () => connectRaw(t, plane.port)));
  for (const [index, client] of clients.entries()) {
    await client.send(requestBytes('GET', '/'));
    await eventually('the request to arrive', () => answers.length === index + 1);
    const loads = backends.map(({ inFlight }) => inFlight);
    assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, `after ${index + 1}: ${loads.join(', ')}`);
  }
  assert.ok(plane.totals.clientConnections === 30);
  for (const answer of answers) answer();
  for (const client of clients) assert.equal((await client.response()).status, 200);
});

test('least connections keeps away from a slow backend', async (t) => {
  const backends = await startHttpBackends(t, ['slow', 'fast'], {
    handle(_request, response, { name }) {
      setTimeout(() => response.end(name), name === 'slow' ? 60 : 2);
    },
  });
  const plane = await startDataPlane(t, { pools: [{ policy: 'least-connections', backends }] }, 2);
  const report = await runLoad({ port: plane.port, requests: 300, concurrency: 8 });
  const slow = report.byBackend.get('slow') ?? 0;
  assert.ok(slow < 100, `the slow one got ${slow} of 300`);
});
