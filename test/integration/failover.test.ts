/** What is tried again, where, and what never is (RFC 9110 section 9.2.2). */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { BackendSpec, PoolSpec } from '../harness/build-plan.ts';
import { type DataPlane, startDataPlane } from '../harness/data-plane.ts';
import { freePort } from '../harness/free-port.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import {
  answerBytes,
  type BackendScript,
  type RecordingBackend,
  startRecordingBackend,
} from '../harness/recording-backend.ts';

/** Ways to fail after the request has been sent. */
const BREAKS = {
  UPSTREAM_RESET: { respond: (_request, { socket }) => void socket.resetAndDestroy() },
  UPSTREAM_CLOSED: { respond: (_request, { socket }) => void socket.end() },
  UPSTREAM_HEAD_TIMEOUT: { respond: () => {} },
} as const satisfies Record<string, BackendScript>;

interface World {
  readonly plane: DataPlane;
  readonly broken: RecordingBackend;
  readonly good: RecordingBackend;
}

/** Round robin begins with the broken backend. */
async function startWorld(t: TestContext, script: BackendScript, pool: Partial<PoolSpec> = {}): Promise<World> {
  const broken = await startRecordingBackend(t, script);
  const good = await startRecordingBackend(t);
  const backends: BackendSpec[] = [
    { name: 'broken', port: broken.port },
    { name: 'good', port: good.port },
  ];
  const plane = await startDataPlane(t, { pools: [{ backends, timeouts: { responseHeadMs: 300 }, ...pool }] });
  return { plane, broken, good };
}

async function ask(t: TestContext, plane: DataPlane, bytes: string): Promise<{ status: number; body: string }> {
  const client = await connectRaw(t, plane.port);
  return client.request(bytes);
}

for (const code of Object.keys(BREAKS) as (keyof typeof BREAKS)[]) {
  const status = code === 'UPSTREAM_HEAD_TIMEOUT' ? 504 : 502;

  for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
    test(`${code}: ${method} is answered by another backend`, async (t) => {
      const { plane, broken, good } = await startWorld(t, BREAKS[code]);
      const body = method === 'PUT' ? 'x'.repeat(65_536) : null;
      const response = await ask(t, plane, requestBytes(method, '/', {}, body));
      assert.equal(response.status, 200);
      assert.equal(broken.arrivals.length, 1);
      assert.equal(good.arrivals[0]?.body, body ?? '');
      assert.equal(plane.pool().retries, 1);
      assert.equal(plane.backend('broken').byCode[code], 1);
      assert.equal(plane.backend('broken').failures, 1);
      assert.equal(plane.pool().failures, 0, 'the client saw none of it');
    });
  }

  for (const method of ['POST', 'PATCH']) {
    test(`${code}: ${method} is never sent twice`, async (t) => {
      const { plane, broken, good } = await startWorld(t, BREAKS[code]);
      const response = await ask(t, plane, requestBytes(method, '/', {}, 'order'));
      assert.equal(response.status, status);
      assert.match(response.body, new RegExp(code));
      assert.equal(broken.arrivals.length, 1);
      assert.equal(good.arrivals.length, 0);
      assert.equal(plane.pool().retries, 0);
      assert.equal(plane.pool().byCode[code], 1);
    });
  }
}

test('a refused connection lets every method go on: nothing was sent', async (t) => {
  const good = await startRecordingBackend(t);
  const backends = [
    { name: 'refusing', port: await freePort() },
    { name: 'good', port: good.port },
  ];
  const plane = await startDataPlane(t, { pools: [{ backends }] });
  for (const method of ['GET', 'POST', 'PATCH']) {
    const response = await ask(t, plane, requestBytes(method, `/${method}`, {}, 'body'));
    assert.equal(response.status, 200, method);
  }
  assert.equal(good.arrivals.length, 3);
  assert.ok((plane.backend('refusing').byCode.UPSTREAM_CONNECT_REFUSED ?? 0) >= 1);
});

test('a body beyond the replay limit is not sent again', async (t) => {
  const { plane, broken, good } = await startWorld(t, BREAKS.UPSTREAM_RESET);
  const response = await ask(t, plane, requestBytes('PUT', '/', {}, 'x'.repeat(65_537)));
  assert.equal(response.status, 502);
  assert.match(response.body, /UPSTREAM_RESET/);
  assert.equal(broken.arrivals.length, 1);
  assert.equal(good.arrivals.length, 0);
});

test('a chunked body is replayed whole', async (t) => {
  const { plane, good } = await startWorld(t, BREAKS.UPSTREAM_CLOSED);
  const chunked = '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n';
  const response = await ask(t, plane, requestBytes('PUT', '/', { 'Transfer-Encoding': 'chunked' }, chunked));
  assert.equal(response.status, 200);
  assert.equal(good.arrivals[0]?.body, 'hello world');
});

test('attempts are limited, and a backend is not tried twice', async (t) => {
  const broken = await Promise.all(Array.from({ length: 4 }, () => startRecordingBackend(t, BREAKS.UPSTREAM_RESET)));
  const backends = broken.map(({ port }, index) => ({ name: `b${index}`, port }));
  for (const attempts of [1, 2, 3]) {
    const plane = await startDataPlane(t, { pools: [{ backends, retry: { attempts } }] });
    const before = broken.map(({ arrivals }) => arrivals.length);
    const response = await ask(t, plane, requestBytes('GET', '/'));
    assert.equal(response.status, 502);
    const tries = broken.map(({ arrivals }, index) => arrivals.length - (before[index] ?? 0));
    assert.equal(
      tries.reduce((sum, count) => sum + count),
      attempts,
    );
    assert.ok(Math.max(...tries) <= 1);
    assert.equal(plane.pool().retries, attempts - 1);
    assert.equal(plane.pool().failures, 1);
  }
});

test('once the answer has begun nothing is tried again: the client sees the cut', async (t) => {
  const { plane, good } = await startWorld(t, {
    respond: (_request, { socket }) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
  });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/'));
  assert.equal(response.status, 200);
  assert.equal(response.isComplete, false);
  assert.equal(good.arrivals.length, 0);
  assert.equal(plane.pool().byCode.UPSTREAM_BODY_CLOSED, 1);
});

test('a malformed answer is 502 and not tried elsewhere', async (t) => {
  const { plane, good } = await startWorld(t, {
    respond: (_request, { socket }) => void socket.write('nonsense\r\n\r\n'),
  });
  const response = await ask(t, plane, requestBytes('GET', '/'));
  assert.equal(response.status, 502);
  assert.match(response.body, /UPSTREAM_HEAD_INVALID/);
  assert.equal(good.arrivals.length, 0);
});

test('failures in a row are reported once they reach the limit, and a success starts over', async (t) => {
  let isBroken = true;
  const backend = await startRecordingBackend(t, {
    respond(request, { socket }) {
      if (isBroken) socket.resetAndDestroy();
      else socket.end(answerBytes(200, request.target, { Connection: 'close' }));
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }], fall: 3 }] });
  for (let number = 0; number < 2; number++) await ask(t, plane, requestBytes('POST', '/', {}, ''));
  isBroken = false;
  await ask(t, plane, requestBytes('GET', '/'));
  assert.equal(plane.backend('a').consecutiveFailures, 0);
  isBroken = true;
  for (let number = 0; number < 2; number++) await ask(t, plane, requestBytes('POST', '/', {}, ''));
  assert.deepEqual(plane.messages('failing'), []);
  await ask(t, plane, requestBytes('POST', '/', {}, ''));
  assert.equal(plane.backend('a').consecutiveFailures, 3);
  assert.equal(plane.messages('failing').length, 1);
  assert.equal(plane.messages('failing')[0]?.code, 'UPSTREAM_RESET');
});
