/** How long attempts may take, one by one and all together. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PoolSpec } from '../harness/build-plan.ts';
import { type DataPlane, startDataPlane } from '../harness/data-plane.ts';
import { startFullListener } from '../harness/full-listener.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { type RecordingBackend, startRecordingBackend } from '../harness/recording-backend.ts';

const LONG_MS = 60_000;

interface World {
  readonly plane: DataPlane;
  /** In the order in which they are tried. */
  readonly silent: readonly RecordingBackend[];
}

/** Backends that never answer: `b0`, `b1` … Round robin begins with the first. */
async function startSilent(t: TestContext, count: number, pool: Partial<PoolSpec>): Promise<World> {
  const silent = await Promise.all(
    Array.from({ length: count }, () => startRecordingBackend(t, { respond: () => {} })),
  );
  const backends = silent.map(({ port }, index) => ({ name: `b${index}`, port }));
  const plane = await startDataPlane(t, { pools: [{ backends, timeouts: { responseHeadMs: LONG_MS }, ...pool }] });
  return { plane, silent };
}

test('an attempt that takes longer than it may is made again elsewhere', async (t) => {
  const silent = await startRecordingBackend(t, { respond: () => {} });
  const good = await startRecordingBackend(t);
  const backends = [
    { name: 'silent', port: silent.port },
    { name: 'good', port: good.port },
  ];
  const plane = await startDataPlane(t, { pools: [{ backends, retry: { attemptTimeoutMs: 200 } }] });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('PUT', '/', {}, 'x'));
  assert.equal(response.status, 200);
  assert.equal(silent.arrivals.length, 1);
  assert.equal(plane.backend('silent').byCode.UPSTREAM_HEAD_TIMEOUT, 1);
  assert.equal(plane.backend('silent').consecutiveFailures, 1);
});

test('it holds on a kept-alive connection too, and no longer than for its attempt', async (t) => {
  const backend = await startRecordingBackend(t, {
    respond(request, { socket }) {
      const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';
      if (request.target === '/slow-body') {
        socket.write(answer);
        setTimeout(() => socket.write('ok'), 1_200);
      } else if (request.target === '/') socket.write(`${answer}ok`);
    },
  });
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }], retry: { attemptTimeoutMs: 600 } }],
  });
  const client = await connectRaw(t, plane.port);
  assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
  assert.equal((await client.request(requestBytes('GET', '/slow-body'))).body, 'ok');
  const response = await client.request(requestBytes('GET', '/silent'));
  assert.equal(response.status, 504);
  assert.match(response.body, /UPSTREAM_HEAD_TIMEOUT/);
  assert.equal(backend.connections.length, 1);
});

test('the sending of the request counts towards its attempt', async (t) => {
  const { plane } = await startSilent(t, 1, { retry: { attemptTimeoutMs: 200 } });
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('POST', '/', { 'Content-Length': '10' }), 'x');
  const response = await client.response();
  assert.equal(response.status, 504);
  assert.match(response.body, /UPSTREAM_HEAD_TIMEOUT/);
});

test('so does the connecting', async (t) => {
  const port = await startFullListener(t);
  const plane = await startDataPlane(t, {
    pools: [
      {
        backends: [{ name: 'full', port }],
        retry: { attemptTimeoutMs: 200 },
        timeouts: { connectMs: LONG_MS },
      },
    ],
  });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('POST', '/', {}, 'x'));
  assert.equal(response.status, 504);
  assert.match(response.body, /UPSTREAM_CONNECT_TIMEOUT/);
});

test('further attempts share one time, and the backend that had less of it is not blamed', async (t) => {
  const { plane, silent } = await startSilent(t, 3, { retry: { timeoutMs: 1_000 } });
  const [first] = silent;
  assert.ok(first);
  first.script = { respond: (_request, { socket }) => void socket.resetAndDestroy() };
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/'));
  assert.equal(response.status, 504);
  assert.match(response.body, /UPSTREAM_HEAD_TIMEOUT/);
  assert.deepEqual(
    silent.map(({ arrivals }) => arrivals.length),
    [1, 1, 0],
  );
  assert.equal(plane.backend('b0').consecutiveFailures, 1);
  assert.equal(plane.backend('b1').consecutiveFailures, 0);
  assert.equal(plane.pool().retries, 1);
});

test('no further attempt begins after that time', async (t) => {
  const { plane, silent } = await startSilent(t, 2, { retry: { timeoutMs: 200 }, timeouts: { responseHeadMs: 400 } });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/'));
  assert.equal(response.status, 504);
  assert.equal(silent[1]?.connections.length, 0);
  assert.equal(plane.pool().retries, 0);
});

test('an upload under way is not cut by the time for further attempts', async (t) => {
  const broken = await startRecordingBackend(t, { onHead: (_head, { socket }) => void socket.resetAndDestroy() });
  const good = await startRecordingBackend(t);
  const backends = [
    { name: 'broken', port: broken.port },
    { name: 'good', port: good.port },
  ];
  const plane = await startDataPlane(t, { pools: [{ backends, retry: { timeoutMs: 1_000 } }] });
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('PUT', '/', { 'Content-Length': '10' }));
  for (let sent = 0; sent < 10; sent++) {
    await new Promise((resolve) => setTimeout(resolve, 150));
    await client.send('x');
  }
  assert.equal((await client.response()).status, 200);
  assert.equal(plane.pool().retries, 1);
});
