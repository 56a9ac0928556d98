/** WebSocket and its tunnel: bytes both ways until either side ends (RFC 9110 section 7.8). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { type DataPlane, startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { type HttpBackend, startHttpBackend } from '../harness/http-backends.ts';
import { connectRaw, type RawClient, requestBytes } from '../harness/raw-client.ts';
import {
  answerOk,
  type BackendScript,
  type RecordingBackend,
  startRecordingBackend,
} from '../harness/recording-backend.ts';

const UPGRADE = requestBytes('GET', '/ws', {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
});
const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

async function startEcho(t: TestContext): Promise<HttpBackend> {
  const echo = new WebSocketServer({ noServer: true });
  echo.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
  return startHttpBackend(t, 'echo', {
    prepare: (server) =>
      server.on('upgrade', (request, socket, head) =>
        echo.handleUpgrade(request, socket, head, (one) => echo.emit('connection', one, request)),
      ),
  });
}

async function openWebSocket(t: TestContext, plane: DataPlane): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${plane.port}/chat`);
  t.after(() => socket.terminate());
  socket.on('error', () => {});
  await once(socket, 'open');
  return socket;
}

test('fifty WebSockets at once, each with its own echo', async (t) => {
  const backend = await startEcho(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [backend] }] }, 2);
  const sockets = await Promise.all(Array.from({ length: 50 }, () => openWebSocket(t, plane)));
  assert.equal(plane.backend('echo').inFlight, 50, 'an open tunnel is in flight');
  await Promise.all(
    sockets.map(async (socket, index) => {
      for (const size of [1, 125, 70_000]) {
        const message = `${index}:`.padEnd(size, 'x');
        socket.send(message);
        const [echoed] = (await once(socket, 'message')) as [Buffer];
        assert.equal(echoed.toString(), message);
      }
    }),
  );
  for (const socket of sockets) socket.close(1000);
  await Promise.all(sockets.map((socket) => once(socket, 'close')));
  await plane.atRest();
  await eventually('all to be counted', () => plane.pool().statusClasses[1] === 50);
  assert.equal(plane.pool().failures, 0);
});

test('when the backend dies the client is closed at once, and the other way round', async (t) => {
  const backend = await startEcho(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [backend] }] });
  const first = await openWebSocket(t, plane);
  const second = await openWebSocket(t, plane);
  const connections = (): Promise<number> =>
    new Promise((resolve) => backend.server.getConnections((_error, count) => resolve(count)));
  assert.equal(await connections(), 2);
  first.terminate();
  await eventually('one backend connection to close', async () => (await connections()) === 1);
  const closed = once(second, 'close');
  await backend.close();
  const [code] = (await closed) as [number];
  assert.equal(code, 1006);
  await plane.atRest();
});

interface Tunnel {
  readonly plane: DataPlane;
  readonly backend: RecordingBackend;
  readonly client: RawClient;
}

async function openTunnel(t: TestContext, script: BackendScript, tunnelIdleMs = 60_000): Promise<Tunnel> {
  const backend = await startRecordingBackend(t, script);
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }], timeouts: { tunnelIdleMs } }],
  });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(UPGRADE);
  assert.equal(response.status, 101);
  assert.equal(response.field('upgrade'), 'websocket');
  assert.equal(response.field('connection')?.toLowerCase(), 'upgrade');
  return { plane, backend, client };
}

test('bytes right behind the 101 are not lost, and either side may end first', async (t) => {
  for (const first of ['client', 'backend'] as const) {
    const { plane, backend, client } = await openTunnel(t, {
      respond: (_request, { socket }) => void socket.write(`${SWITCHED}hello from the backend`),
    });
    await eventually('the first bytes', () => client.unread === 'hello from the backend');
    const upstream = backend.connections[0];
    assert.ok(upstream);
    upstream.socket.removeAllListeners('end');
    let isUpstreamEnded = false;
    upstream.socket.on('end', () => {
      isUpstreamEnded = true;
    });
    if (first === 'client') {
      await client.send('last words');
      client.halfClose();
      await eventually('the end at the backend', () => isUpstreamEnded);
      assert.ok(upstream.received.endsWith('last words'));
      upstream.socket.end(' and goodbye');
      assert.equal(await client.closed(), 'ended');
      assert.equal(client.unread, 'hello from the backend and goodbye');
    } else {
      upstream.socket.end(' and goodbye');
      assert.equal(await client.closed(), 'ended');
      assert.equal(client.unread, 'hello from the backend and goodbye');
      await client.send('last words');
      client.halfClose();
      await eventually('the end at the backend', () => isUpstreamEnded);
      assert.ok(upstream.received.endsWith('last words'));
    }
    await plane.atRest();
  }
});

test('a tunnel on which nothing moves is closed', async (t) => {
  const { plane, backend, client } = await openTunnel(
    t,
    { respond: (_request, { socket }) => void socket.write(SWITCHED) },
    300,
  );
  assert.notEqual(await client.closed(), 'open');
  await eventually('the backend side to close', () => backend.openConnections.length === 0);
  await plane.atRest();
  await eventually('the exchange to be counted', () => plane.pool().byCode.TUNNEL_IDLE_TIMEOUT === 1);
});

test('an upgrade that the backend declines stays HTTP', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  await client.send(UPGRADE + requestBytes('GET', '/after'));
  assert.equal((await client.response()).body, 'ok /ws');
  assert.equal((await client.response()).body, 'ok /after');
  assert.equal(backend.arrivals[0]?.field('upgrade'), 'websocket');
  assert.equal(backend.arrivals[1]?.field('upgrade'), null);
});

test('a switch that nobody asked for is 502', async (t) => {
  const backend = await startRecordingBackend(t, {
    respond(request, connection) {
      if (request.target === '/plain') connection.socket.write(`${SWITCHED}poison`);
      else answerOk(request, connection);
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/plain'));
  assert.equal(response.status, 502);
  assert.match(response.body, /UPSTREAM_UPGRADE_INVALID/);
  const other = await connectRaw(t, plane.port);
  assert.equal((await other.request(requestBytes('GET', '/next'))).body, 'ok /next');
});
