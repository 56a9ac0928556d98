/** Each time-out: what ends, with which answer, and that nothing else does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { startFullListener } from '../harness/full-listener.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { startRecordingBackend } from '../harness/recording-backend.ts';

const SHORT_MS = 300;

test('a request head that does not end is 408, however steadily it drips', async (t) => {
  const plane = await startDataPlane(t, { pools: [{ backends: [] }], client: { requestHeadTimeoutMs: SHORT_MS } });
  const client = await connectRaw(t, plane.port);
  await client.send('GET / HTTP/1.1\r\nHost: a.example\r\n');
  const drip = setInterval(() => client.socket.writable && client.socket.write('X-A: b\r\n'), 40);
  t.after(() => clearInterval(drip));
  const response = await client.response();
  clearInterval(drip);
  assert.equal(response.status, 408);
  assert.match(response.body, /REQUEST_HEAD_TIMEOUT/);
  assert.equal(response.field('connection'), 'close');
  assert.notEqual(await client.closed(), 'open');
});

test('a connection on which nothing comes closes without a word', async (t) => {
  const plane = await startDataPlane(t, {
    pools: [{ backends: [] }],
    client: { requestHeadTimeoutMs: SHORT_MS, keepAliveTimeoutMs: SHORT_MS },
  });
  const fresh = await connectRaw(t, plane.port);
  const used = await connectRaw(t, plane.port);
  await used.request(requestBytes('GET', '/'));
  for (const client of [fresh, used]) {
    assert.equal(await client.closed(), 'ended');
    assert.equal(client.unread, '');
  }
});

test('a request body that stalls is 408, and the backend never takes it for complete', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }] }],
    client: { bodyIdleTimeoutMs: SHORT_MS },
  });
  for (const framing of [{ 'Content-Length': '10' }, { 'Transfer-Encoding': 'chunked' }]) {
    const client = await connectRaw(t, plane.port);
    await client.send(requestBytes('POST', '/', framing));
    await client.send('5\r\nhe');
    const response = await client.response();
    assert.equal(response.status, 408);
    assert.match(response.body, /REQUEST_BODY_TIMEOUT/);
    assert.equal(await client.closed(), 'ended');
  }
  await eventually('the backend connections to be cut', () => backend.openConnections.length === 0);
  assert.equal(backend.arrivals.length, 0);
  assert.equal(plane.pool().byCode.REQUEST_BODY_TIMEOUT, 2);
  assert.equal(plane.backend('a').failures, 0, 'the backend is not to blame');
});

test('a slow but steady body is not cut', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }] }],
    client: { bodyIdleTimeoutMs: SHORT_MS * 2 },
  });
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('POST', '/', { 'Content-Length': '10' }));
  for (let sent = 0; sent < 10; sent++) {
    await delay(SHORT_MS / 3);
    await client.send('x');
  }
  assert.equal((await client.response()).status, 200);
});

test('a backend that does not begin its answer is 504', async (t) => {
  const backend = await startRecordingBackend(t, { respond: () => {} });
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }], timeouts: { responseHeadMs: SHORT_MS } }],
  });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('POST', '/', {}, 'x'));
  assert.equal(response.status, 504);
  assert.match(response.body, /UPSTREAM_HEAD_TIMEOUT/);
  await eventually('the backend connection to be dropped', () => backend.openConnections.length === 0);
  assert.equal(backend.arrivals.length, 1);
});

test('the time for the answer runs from the end of the request', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }], timeouts: { responseHeadMs: SHORT_MS } }],
  });
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('POST', '/', { 'Content-Length': '2' }));
  await client.send('x');
  await delay(SHORT_MS * 2.5);
  await client.send('y');
  assert.equal((await client.response()).status, 200);
});

test('an answer that stalls is cut where the client can see it', async (t) => {
  const backend = await startRecordingBackend(t, {
    respond: (_request, { socket }) =>
      void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
  });
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }], timeouts: { bodyIdleMs: SHORT_MS } }],
  });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/'));
  assert.equal(response.body, 'hello');
  assert.equal(response.isComplete, false);
  assert.equal(plane.pool().byCode.UPSTREAM_BODY_TIMEOUT, 1);
  await eventually('the backend connection to be dropped', () => backend.openConnections.length === 0);
});

test('a client that stops reading is let go, and the backend with it', async (t) => {
  const piece = Buffer.alloc(1_048_576);
  const backend = await startRecordingBackend(t, {
    respond(_request, { socket }) {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
      const more = (): void => {
        while (socket.writable && socket.write(piece)) {}
      };
      socket.on('drain', more);
      more();
    },
  });
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }] }],
    client: { writeIdleTimeoutMs: SHORT_MS },
  });
  const client = await connectRaw(t, plane.port);
  client.socket.pause();
  await client.send(requestBytes('GET', '/'));
  await eventually('the backend connection to be dropped', () => backend.connections[0]?.isClosed === true);
  await plane.atRest();
  await eventually('the exchange to be counted', () => plane.pool().byCode.CLIENT_READ_TIMEOUT === 1);
  assert.equal(plane.backend('a').failures, 0);
});

for (const [name, coding] of [
  ['of known length', 'Content-Length: 20000000'],
  ['in chunks', 'Transfer-Encoding: chunked'],
] as const) {
  test(`a client that is slow over an answer ${name} is no time-out of its backend`, async (t) => {
    const bytes = 20_000_000;
    const body = coding.startsWith('Content') ? Buffer.alloc(bytes) : inChunks(Buffer.alloc(bytes), 100_000);
    const backend = await startRecordingBackend(t, {
      respond(_request, { socket }) {
        socket.write(`HTTP/1.1 200 OK\r\n${coding}\r\n\r\n`);
        socket.write(body);
      },
    });
    const plane = await startDataPlane(t, {
      pools: [{ backends: [{ name: 'a', port: backend.port }], timeouts: { bodyIdleMs: SHORT_MS } }],
    });
    const client = await connectRaw(t, plane.port);
    client.socket.pause();
    await client.send(requestBytes('GET', '/'));
    await delay(SHORT_MS * 3);
    client.socket.resume();
    const response = await client.response();
    assert.deepEqual([response.isComplete, response.body.length], [true, bytes]);
    assert.equal(plane.backend('a').failures, 0);
  });
}

function inChunks(bytes: Buffer, chunkBytes: number): Buffer {
  const pieces: (Buffer | string)[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const piece = bytes.subarray(at, at + chunkBytes);
    pieces.push(`${piece.length.toString(16)}\r\n`, piece, '\r\n');
  }
  return Buffer.concat([...pieces, '0\r\n\r\n'].map((piece) => Buffer.from(piece as string)));
}

test('a connection that is not accepted in time is 504, and another backend is tried first', async (t) => {
  const port = await startFullListener(t);
  const good = await startRecordingBackend(t);
  const timeouts = { connectMs: SHORT_MS };
  const plane = await startDataPlane(t, {
    pools: [
      {
        name: 'both',
        backends: [
          { name: 'full', port },
          { name: 'good', port: good.port },
        ],
        timeouts,
      },
      { name: 'full', backends: [{ name: 'alone', port }], timeouts },
    ],
    routes: [{ path: '/full', pool: 'full' }, { pool: 'both' }],
  });
  const client = await connectRaw(t, plane.port);
  assert.equal((await client.request(requestBytes('POST', '/', {}, 'x'))).status, 200);
  assert.equal(plane.backend('full').byCode.UPSTREAM_CONNECT_TIMEOUT, 1);
  const response = await client.request(requestBytes('GET', '/full'));
  assert.equal(response.status, 504);
  assert.match(response.body, /UPSTREAM_CONNECT_TIMEOUT/);
});

test('a body that dribbles below the least pace is 408', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }] }],
    client: { bodyIdleTimeoutMs: 400, bodyBytesPerSecond: 1_000 },
  });
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('POST', '/', { 'Content-Length': '1000' }));
  const dribble = setInterval(() => void client.send('x').catch(() => undefined), 50);
  t.after(() => clearInterval(dribble));
  const response = await client.response();
  clearInterval(dribble);
  assert.equal(response.status, 408);
  assert.match(response.body, /REQUEST_BODY_TIMEOUT/);
});
