/** What the tap tells of single requests: each stage with its time, each attempt, who could have been asked. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TappedStory, WorkerTap } from '../../src/protocol/worker.ts';
import { type DataPlane, startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { answerBytes, type BackendConnection, startRecordingBackend } from '../harness/recording-backend.ts';

const all = (more: Partial<WorkerTap> = {}): WorkerTap => ({ id: 1, filter: {}, perSecond: 100, ...more });

/** Waits for so many stories, in the order of their ends. */
async function stories(plane: DataPlane, count: number): Promise<readonly TappedStory[]> {
  await eventually(`${count} stories`, () => plane.tapped.length >= count);
  assert.equal(plane.tapped.length, count);
  return plane.tapped;
}

/** The times of a story are in the order in which things happen. */
function inOrder(...times: readonly (number | null | undefined)[]): void {
  assert.deepEqual(
    times,
    [...times].sort((a, b) => (a ?? Number.NaN) - (b ?? Number.NaN)),
    times.join(' ≤ '),
  );
  for (const time of times) assert.ok(typeof time === 'number' && time >= 0, String(time));
}

test('a request that fails over: both attempts, with why the first failed', async (t) => {
  const good = await startRecordingBackend(t);
  const backends = [
    { name: 'refusing', port: await freePort() },
    { name: 'good', port: good.port },
    { name: 'spare', port: good.port, isBackup: true },
    { name: 'down', port: good.port, health: 'UNHEALTHY' as const },
  ];
  const plane = await startDataPlane(t, {
    pools: [{ backends }],
    routes: [{ path: '/other', pool: 'web' }, { pool: 'web' }],
  });
  plane.tap(all());
  const client = await connectRaw(t, plane.port);
  const fields = { Authorization: 'Bearer hunter2', Cookie: 'sid=hunter2', Accept: 'text/plain' };
  assert.equal((await client.request(requestBytes('GET', '/a?token=hunter2', fields))).status, 200);
  const [story] = await stories(plane, 1);
  assert.ok(story);
  const { atMs, durationMs, attempts, fields: shown, ...rest } = story;
  assert.deepEqual(rest, {
    client: '127.0.0.1',
    method: 'GET',
    host: 'a.example',
    target: '/a?token=•••',
    version: '1.1',
    route: 2,
    pool: 'web',
    policy: 'round-robin',
    candidates: [
      { backend: 'refusing', role: 'candidate', reason: '' },
      { backend: 'good', role: 'candidate', reason: '' },
      { backend: 'spare', role: 'reserve', reason: '' },
      { backend: 'down', role: 'out', reason: '' },
    ],
    waitedFromMs: null,
    waitedMs: 0,
    status: 200,
    code: null,
    bytesIn: 0,
    bytesOut: '/a?token=hunter2'.length + 3,
    headMs: null,
  });
  assert.ok(Math.abs(Date.now() - atMs) < 60_000);
  assert.deepEqual(Object.fromEntries(shown), {
    Host: 'a.example',
    Authorization: '•••',
    Cookie: '•••',
    Accept: 'text/plain',
  });
  const [first, second, ...more] = attempts;
  assert.deepEqual(more, []);
  assert.deepEqual(
    { ...first, startMs: 0, endMs: 0 },
    {
      backend: 'refusing',
      isReused: false,
      startMs: 0,
      connectedMs: null,
      answerMs: null,
      endMs: 0,
      status: 0,
      code: 'UPSTREAM_CONNECT_REFUSED',
      detail: 'ECONNREFUSED',
    },
  );
  assert.deepEqual([second?.backend, second?.isReused, second?.status, second?.code], ['good', false, 200, null]);
  inOrder(
    0,
    first?.startMs,
    first?.endMs,
    second?.startMs,
    second?.connectedMs,
    second?.answerMs,
    second?.endMs,
    durationMs,
  );
  assert.doesNotMatch(JSON.stringify(plane.messages('tapped')), /hunter2/);
});

test('a connection that is used again is there at once', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  plane.tap(all());
  const client = await connectRaw(t, plane.port);
  await client.request(requestBytes('GET', '/1'));
  await client.request(requestBytes('GET', '/2'));
  const [first, second] = await stories(plane, 2);
  assert.equal(first?.attempts[0]?.isReused, false);
  assert.equal(second?.attempts[0]?.isReused, true);
  const { startMs, connectedMs } = second?.attempts[0] ?? assert.fail('no attempt');
  assert.ok((connectedMs ?? Infinity) - startMs < 50);
});

test('an answer that is tried again elsewhere is an attempt with its status', async (t) => {
  const broken = await startRecordingBackend(t, {
    respond: (_, { socket }) => void socket.write(answerBytes(503, 'no')),
  });
  const good = await startRecordingBackend(t);
  const backends = [
    { name: 'broken', port: broken.port },
    { name: 'good', port: good.port },
  ];
  const plane = await startDataPlane(t, { pools: [{ backends, retry: { statuses: [[503, 503]] } }] });
  plane.tap(all());
  const client = await connectRaw(t, plane.port);
  assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
  const [story] = await stories(plane, 1);
  assert.deepEqual(
    story?.attempts.map(({ backend, status, code }) => [backend, status, code]),
    [
      ['broken', 503, 'UPSTREAM_STATUS_REFUSED'],
      ['good', 200, null],
    ],
  );
});

test('a request that waits for a place says from when, and for how long', async (t) => {
  const held: BackendConnection[] = [];
  const backend = await startRecordingBackend(t, { respond: (_, connection) => void held.push(connection) });
  const pool = { backends: [{ name: 'a', port: backend.port, maxConnections: 1 }], queue: { timeoutMs: 20_000 } };
  const plane = await startDataPlane(t, { pools: [pool] });
  plane.tap(all());
  const [first, second, third] = [
    await connectRaw(t, plane.port),
    await connectRaw(t, plane.port),
    await connectRaw(t, plane.port),
  ];
  await first.send(requestBytes('GET', '/first'));
  await eventually('the first to be with the backend', () => held.length === 1);
  await second.send(requestBytes('GET', '/second'));
  await eventually('the second to wait', () => plane.pool().waiting === 1);
  await third.send(requestBytes('GET', '/third'));
  await eventually('the third to wait', () => plane.pool().waiting === 2);
  third.destroy();
  await eventually('the third to be gone', () => plane.pool().waiting === 1);
  const answer = (): void => void held.shift()?.socket.write(answerBytes(200, 'ok'));
  answer();
  await first.response();
  await eventually('the second to be with the backend', () => held.length === 1);
  answer();
  await second.response();
  const [gone, one, two] = await stories(plane, 3);
  assert.deepEqual([gone?.target, gone?.status, gone?.code], ['/third', 0, 'CLIENT_CLOSED']);
  assert.deepEqual(gone?.attempts, []);
  assert.deepEqual(gone?.candidates, [{ backend: 'a', role: 'candidate', reason: '' }]);
  inOrder(gone?.waitedFromMs, gone?.waitedMs);
  assert.deepEqual([one?.target, one?.waitedFromMs, one?.waitedMs], ['/first', null, 0]);
  assert.equal(two?.target, '/second');
  assert.ok((two?.waitedMs ?? 0) > 0);
  const waitedUntil = (two?.waitedFromMs ?? 0) + (two?.waitedMs ?? 0);
  inOrder(two?.waitedFromMs, waitedUntil - 0.002, two?.attempts[0]?.startMs, two?.durationMs);
});

test('what Ballast answers itself is told as well: no route, no backend, a broken head', async (t) => {
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: await freePort(), health: 'UNHEALTHY' }], panicPercent: 0 }],
    routes: [{ host: 'known.example', pool: 'web' }],
  });
  plane.tap(all());
  const ask = async (bytes: string): Promise<number> => (await (await connectRaw(t, plane.port)).request(bytes)).status;
  assert.equal(await ask(requestBytes('GET', '/lost')), 404);
  assert.equal(await ask(requestBytes('GET', '/found', { Host: 'known.example' })), 503);
  assert.equal(await ask('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'), 400);
  const told = await stories(plane, 3);
  assert.deepEqual(
    told.map(({ method, target, route, pool, status, code, candidates }) => ({
      method,
      target,
      route,
      pool,
      status,
      code,
      out: candidates.map(({ role }) => role),
    })),
    [
      { method: 'GET', target: '/lost', route: null, pool: null, status: 404, code: 'ROUTE_NOT_FOUND', out: [] },
      { method: 'GET', target: '/found', route: 1, pool: 'web', status: 503, code: 'POOL_UNAVAILABLE', out: ['out'] },
      { method: 'GET', target: '/', route: null, pool: null, status: 400, code: 'REQUEST_HOST_INVALID', out: [] },
    ],
  );
});

test('a head that comes in pieces says how long it took', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  plane.tap(all());
  const client = await connectRaw(t, plane.port);
  const bytes = requestBytes('GET', '/');
  await client.send(bytes.slice(0, 10));
  // The worker's loop has come round once it has answered another client twice.
  const other = await connectRaw(t, plane.port);
  for (let i = 0; i < 2; i++) await other.request(bytes);
  await client.send(bytes.slice(10));
  assert.equal((await client.response()).status, 200);
  await client.request(bytes);
  const [, , slow, quick] = await stories(plane, 4);
  assert.ok((slow?.headMs ?? -1) > 0 && (slow?.headMs ?? 0) < 30_000, String(slow?.headMs));
  assert.equal(quick?.headMs, null);
});

test('a tunnel is told when it ends', async (t) => {
  const backend = await startRecordingBackend(t, {
    respond: (_, { socket }) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi');
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  plane.tap(all());
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('GET', '/ws', { Connection: 'Upgrade', Upgrade: 'websocket' }));
  await eventually('the first word', () => client.received.endsWith('hi'));
  assert.equal(plane.tapped.length, 0);
  client.destroy();
  const [story] = await stories(plane, 1);
  assert.deepEqual([story?.status, story?.attempts[0]?.status, story?.bytesOut], [101, 101, 2]);
  assert.ok(story?.attempts[0]?.answerMs !== null);
});

test('every request is counted over all workers, few are shown, and nothing is shown when nobody looks', async (t) => {
  const path = join(tmpdir(), `ballast-tap-${process.pid}.log`);
  t.after(() => rmSync(path, { force: true }));
  const backend = await startRecordingBackend(t);
  const spec = {
    pools: [{ backends: [{ name: 'a', port: backend.port }] }],
    accessLog: { path, format: 'json' as const },
  };
  const plane = await startDataPlane(t, spec, 2);
  const load = async (requests: number): Promise<void> => {
    const results = await runLoad({ port: plane.port, requests, concurrency: 16 });
    assert.deepEqual(failedIn(results), []);
  };
  await load(500);
  assert.equal(plane.messages('tapped').length, 0, 'nobody looks yet');
  plane.tap(all({ perSecond: 5 }), all({ id: 2, filter: { status: '5xx' } }));
  await load(2_000);
  await eventually('all to be counted', () => plane.matchedBy(1) === 2_000);
  assert.equal(plane.matchedBy(2), 0);
  const shown = plane.tapped.length;
  const seconds = Math.ceil(performance.now() / 1000);
  assert.ok(shown >= 5 && shown <= 2 * 5 * (seconds + 1), `${shown} shown`);
  plane.tap();
  await load(500);
  await plane.atRest();
  plane.drain(5_000);
  await plane.drained();
  assert.equal(plane.matchedBy(1), 2_000, 'nobody looks any more');
  assert.equal(plane.tapped.length, shown);
  assert.equal(plane.pool().requests, 3_000);
  await eventually('3,000 lines of the log', () => readFileSync(path, 'latin1').split('\n').length === 3_001);
});

test('a worker that ends tells what it has not told yet', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  plane.tap(all());
  const client = await connectRaw(t, plane.port);
  await client.request(requestBytes('GET', '/', { Connection: 'close' }));
  plane.drain(5_000);
  await plane.drained();
  assert.equal(plane.matchedBy(1), 1);
});
