/** What is in flight on a backend whose time for it is used up: cut visibly, or answered elsewhere. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackend, startHttpBackends } from '../harness/http-backends.ts';
import { runLoad } from '../harness/load.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { startRecordingBackend } from '../harness/recording-backend.ts';

test('WebSockets of the backend are closed, those of others stay', async (t) => {
  const backends = await Promise.all(
    ['a', 'b'].map((name) => {
      const echo = new WebSocketServer({ noServer: true });
      echo.on('connection', (socket) => socket.on('message', () => socket.send(name)));
      return startHttpBackend(t, name, {
        prepare: (server) =>
          server.on('upgrade', (request, socket, head) =>
            echo.handleUpgrade(request, socket, head, (one) => echo.emit('connection', one, request)),
          ),
      });
    }),
  );
  const plane = await startDataPlane(t, { pools: [{ backends }] }, 2);
  const closed: string[] = [];
  const sockets = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${plane.port}/chat`);
      t.after(() => socket.terminate());
      socket.on('error', () => {});
      await once(socket, 'open');
      socket.send('who are you?');
      const [answer] = (await once(socket, 'message')) as [Buffer];
      const name = answer.toString();
      socket.on('close', (code) => closed.push(`${name} ${code}`));
      return { name, socket };
    }),
  );
  plane.setMode('a', 'DRAIN');
  plane.cut('a');
  await eventually('five to be closed', () => closed.length === 5);
  assert.deepEqual(new Set(closed), new Set(['a 1006']));
  await eventually('none to be in flight there', () => plane.backend('a').inFlight === 0);
  assert.equal(plane.backend('a').byCode.BACKEND_CUT, 5);
  assert.equal(plane.pool().byCode.BACKEND_CUT, 5);
  assert.equal(plane.backend('a').failures, 0, 'it is not to blame');
  const kept = sockets.filter(({ name }) => name === 'b');
  assert.equal(kept.length, 5);
  for (const { socket } of kept) {
    socket.send('still there?');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    assert.equal(answer.toString(), 'b');
    socket.terminate();
  }
});

const DOWNLOADS = {
  'of known length': 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhello',
  'in chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
  'until close': 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello',
};

for (const [kind, bytes] of Object.entries(DOWNLOADS)) {
  test(`a download ${kind} is cut so that the client sees it`, async (t) => {
    const backend = await startRecordingBackend(t, { respond: (_request, { socket }) => void socket.write(bytes) });
    const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
    const client = await connectRaw(t, plane.port);
    await client.send(requestBytes('GET', '/'));
    await eventually('the first bytes', () => client.unread.includes('hello'));
    plane.setMode('a', 'DRAIN');
    plane.cut('a');
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.equal(response.isComplete, false);
    await plane.atRest();
    assert.equal(plane.pool().byCode.BACKEND_CUT, 1);
    await eventually('the backend to see it', () => backend.openConnections.length === 0);
  });
}

test('what has no answer yet goes elsewhere where the method bears it, and is told where not', async (t) => {
  const silent = await startRecordingBackend(t, { respond: () => {} });
  const [good] = await startHttpBackends(t, ['good']);
  assert.ok(good);
  const backends = [
    { name: 'silent', port: silent.port },
    { name: 'good', port: good.port },
  ];
  // No further attempt is paid for: one that was cut needs no budget.
  const retry = { budgetPercent: 0, budgetPerSecond: 0 };
  const plane = await startDataPlane(t, { pools: [{ backends, retry }] });
  plane.setMode('good', 'DRAIN');
  const get = await connectRaw(t, plane.port);
  await get.send(requestBytes('GET', '/'));
  const post = await connectRaw(t, plane.port);
  await post.send(requestBytes('POST', '/', {}, 'order'));
  await eventually('both to have arrived', () => silent.arrivals.length === 2);
  plane.setMode('good', 'READY');
  plane.setMode('silent', 'MAINTENANCE');
  plane.cut('silent');
  assert.equal((await get.response()).body, 'good');
  const refused = await post.response({ method: 'POST' });
  assert.equal(refused.status, 503);
  assert.match(refused.body, /^BACKEND_CUT: /);
  assert.equal(good.requests, 1);
  assert.equal(plane.backend('silent').byCode.BACKEND_CUT, 2);
  assert.equal(plane.pool().byCode.BACKEND_CUT, 1, 'the client of the other one saw nothing');
  assert.equal(plane.backend('silent').consecutiveFailures, 0);
  assert.deepEqual(plane.messages('failing'), []);
});

test('an upload is cut in the middle, and its client is told', async (t) => {
  const silent = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: silent.port }] }] });
  const client = await connectRaw(t, plane.port);
  await client.send('POST /up HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\n', 'x'.repeat(1_000));
  await eventually('the first bytes', () => (silent.connections[0]?.received.length ?? 0) > 1_000);
  plane.setMode('a', 'DRAIN');
  plane.cut('a');
  const response = await client.response({ method: 'POST' });
  assert.equal(response.status, 503);
  assert.match(response.body, /^BACKEND_CUT: /);
  await plane.atRest();
});

test('idle connections go too, and are kept again once the backend is back', async (t) => {
  const [a] = await startHttpBackends(t, ['a']);
  assert.ok(a);
  const plane = await startDataPlane(t, { pools: [{ backends: [a] }] });
  await runLoad({ port: plane.port, requests: 1, concurrency: 1 });
  assert.deepEqual([plane.backend('a').idle, a.connections], [1, 1]);
  plane.setMode('a', 'MAINTENANCE');
  plane.cut('a');
  await eventually('it to be closed', () => plane.backend('a').connections === 0);
  assert.equal(plane.backend('a').idle, 0);
  plane.setMode('a', 'READY');
  await runLoad({ port: plane.port, requests: 10, concurrency: 1 });
  assert.equal(a.connections, 2, 'one connection for all ten');
});
