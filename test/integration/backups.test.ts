/** Backups, panic and slow start, as clients see them: who answers, and in which shares. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DataPlane, startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

/** Answers by backend; refusals of our own are `503`. */
async function shareOf(plane: DataPlane, requests: number): Promise<Record<string, number>> {
  const report = await runLoad({ port: plane.port, requests, concurrency: 4 });
  const refused = report.byStatus.get(503);
  return { ...Object.fromEntries(report.byBackend), ...(refused === undefined ? {} : { 503: refused }) };
}

test('backups serve while no other backend can, and not before', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b', 'c']);
  const specs = backends.map(({ name, port }) => ({ name, port, isBackup: name === 'c' }));
  const plane = await startDataPlane(t, { pools: [{ backends: specs }] }, 2);
  assert.deepEqual(await shareOf(plane, 40), { a: 20, b: 20 });
  plane.setHealth('a', 'UNHEALTHY');
  assert.deepEqual(await shareOf(plane, 40), { b: 40 });
  plane.setEjected('b', true);
  assert.deepEqual(await shareOf(plane, 40), { c: 40 });
  plane.setMode('c', 'DRAIN');
  assert.deepEqual(await shareOf(plane, 40), { b: 40 }, 'an ejected one is better than nobody');
  plane.setHealth('b', 'UNHEALTHY');
  assert.deepEqual(await shareOf(plane, 40), { 503: 40 });
});

test('a request that has tried every other backend is answered by a backup', async (t) => {
  const [backup] = await startHttpBackends(t, ['backup']);
  assert.ok(backup);
  const dead = await Promise.all(['a', 'b'].map(async (name) => ({ name, port: await freePort() })));
  const plane = await startDataPlane(t, {
    pools: [{ backends: [...dead, { name: 'backup', port: backup.port, isBackup: true }], fall: 1_000 }],
  });
  const report = await runLoad({ port: plane.port, requests: 3, concurrency: 1 });
  assert.deepEqual(failedIn(report), []);
  assert.deepEqual(Object.fromEntries(report.byBackend), { backup: 3 });
  assert.equal(plane.pool().retries, 6, 'both others were asked first, each time');
});

test('a request that finds every other backend full goes to a backup', async (t) => {
  const answers: (() => void)[] = [];
  const backends = await startHttpBackends(t, ['a', 'backup'], {
    handle: (_request, response, { name }) => answers.push(() => response.end(name)),
  });
  const specs = backends.map(({ name, port }) => ({
    name,
    port,
    isBackup: name === 'backup',
    maxConnections: name === 'a' ? 1 : 0,
  }));
  const plane = await startDataPlane(t, { pools: [{ backends: specs }] });
  const clients = await Promise.all([0, 1].map(() => connectRaw(t, plane.port)));
  for (const [index, client] of clients.entries()) {
    await client.send(requestBytes('GET', '/'));
    await eventually('it to be in flight', () => answers.length === index + 1);
  }
  for (const answer of answers) answer();
  const bodies = await Promise.all(clients.map(async (client) => (await client.response()).body));
  assert.deepEqual(bodies, ['a', 'backup']);
});

test('below the panic percentage all that are ready are used, whatever is known of them', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b', 'c', 'd']);
  const plane = await startDataPlane(t, { pools: [{ backends, panicPercent: 50 }] }, 2);
  plane.setHealth('a', 'UNHEALTHY');
  plane.setEjected('b', true);
  assert.deepEqual(await shareOf(plane, 40), { c: 20, d: 20 }, 'half of them is enough');
  plane.setHealth('c', 'UNHEALTHY');
  assert.deepEqual(await shareOf(plane, 40), { a: 10, b: 10, c: 10, d: 10 });
  plane.setMode('d', 'MAINTENANCE');
  const others = await shareOf(plane, 30);
  assert.deepEqual(others, { a: 10, b: 10, c: 10 }, 'who is not ready is never used');
});

for (const policy of ['round-robin', 'weighted-round-robin', 'least-connections']) {
  test(`${policy}: a backend in its slow start has its tenths of a share, in all workers`, async (t) => {
    const backends = await startHttpBackends(t, ['a', 'b', 'c']);
    const plane = await startDataPlane(t, { pools: [{ backends, policy }] }, 2);
    plane.setRamp('c', 1);
    assert.deepEqual(await oneByOne(plane, 42), { a: 20, b: 20, c: 2 });
    plane.setRamp('c', 5);
    assert.deepEqual(await oneByOne(plane, 50), { a: 20, b: 20, c: 10 });
    plane.setRamp('c', 10);
    assert.deepEqual(await oneByOne(plane, 30), { a: 10, b: 10, c: 10 });
  });
}

/** With nothing else in flight, so that least-connections sees ties only. */
async function oneByOne(plane: DataPlane, requests: number): Promise<Record<string, number>> {
  const report = await runLoad({ port: plane.port, requests, concurrency: 1 });
  assert.deepEqual(failedIn(report), []);
  return Object.fromEntries(report.byBackend);
}

test('the connection limit of a backend ramps as well, from one place up', async (t) => {
  const answers: (() => void)[] = [];
  const backends = await startHttpBackends(t, ['a'], {
    handle: (_request, response) => answers.push(() => response.end()),
  });
  const specs = backends.map(({ name, port }) => ({ name, port, maxConnections: 5 }));
  const plane = await startDataPlane(t, { pools: [{ backends: specs, queue: { size: 0 } }] });
  const most = async (tenths: number): Promise<number> => {
    plane.setRamp('a', tenths);
    const clients = await Promise.all(Array.from({ length: 7 }, () => connectRaw(t, plane.port)));
    for (const client of clients) await client.send(requestBytes('GET', '/'));
    const refused = (): number => clients.filter((client) => client.peek().response?.status === 503).length;
    await eventually('all to be placed or refused', () => answers.length + refused() === clients.length);
    const placed = answers.length;
    for (const answer of answers.splice(0)) answer();
    await eventually('all to be answered', () =>
      clients.every((client) => client.peek().response?.isComplete === true),
    );
    await plane.atRest();
    return placed;
  };
  assert.equal(await most(1), 1);
  assert.equal(await most(5), 3);
  assert.equal(await most(10), 5);
});
