/** Backends that close kept-alive connections just as they are used again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { answerBytes, answerOk, startRecordingBackend } from '../harness/recording-backend.ts';
import { randomFrom } from '../harness/segmentations.ts';

test('GETs never fail, whenever an idle connection is closed or reset', async (t) => {
  const random = randomFrom('stale');
  const script = {
    respond(request: Parameters<typeof answerOk>[0], connection: Parameters<typeof answerOk>[1]): void {
      answerOk(request, connection);
      const { socket, requests } = connection;
      const seen = requests.length;
      const cut = (): void => {
        // Only while idle: in the middle of a request it would be another fault.
        if (requests.length !== seen || connection.pendingBytes > 0) return;
        if (random() < 0.5) socket.end();
        else socket.resetAndDestroy();
      };
      const share = random();
      if (share < 0.2) setImmediate(cut);
      else if (share < 0.7) setTimeout(cut, random() * 12);
    },
  };
  const a = await startRecordingBackend(t, script);
  const b = await startRecordingBackend(t, script);
  const backends = [
    { name: 'a', port: a.port },
    { name: 'b', port: b.port },
  ];
  const plane = await startDataPlane(t, { pools: [{ backends }] }, 2);
  const report = await runLoad({ port: plane.port, requests: 4_000, concurrency: 6 });
  assert.deepEqual(failedIn(report), []);
  assert.equal(report.byStatus.get(200), 4_000);
  assert.deepEqual(plane.messages('failing'), [], 'a stale connection is no failure of the backend');
});

test('POSTs are never sent twice over it', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b'], {
    server: { keepAliveTimeout: 5 },
    handle(request, response, { name }) {
      request.resume().on('end', () => response.end(name));
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends }] }, 2);
  const report = await runLoad({ port: plane.port, requests: 1_000, concurrency: 4, method: 'POST', body: 'order' });
  for (const backend of backends)
    assert.deepEqual(
      [...backend.ids].filter(([, times]) => times > 1),
      [],
    );
  const [a, b] = backends;
  assert.deepEqual(
    [...(a?.ids.keys() ?? [])].filter((id) => b?.ids.has(id)),
    [],
  );
  assert.equal(report.errors.size, 0);
});

test('the time that a backend names in Keep-Alive is kept to, with a second to spare', async (t) => {
  const backend = await startRecordingBackend(t, {
    respond: (_request, { socket }) =>
      void socket.write(answerBytes(200, 'ok', { 'Keep-Alive': 'timeout=2, max=100' })),
  });
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }], idleConnections: { timeoutMs: 60_000 } }],
  });
  const client = await connectRaw(t, plane.port);
  await client.request(requestBytes('GET', '/'));
  await eventually('the connection to be idle', () => plane.backend('a').idle === 1);
  const start = performance.now();
  await eventually('the balancer to close it', () => backend.connections[0]?.isClosed === true, 20_000);
  const tookMs = performance.now() - start;
  assert.ok(tookMs > 300 && tookMs < 1_900, `closed after ${Math.round(tookMs)} ms of 2 s`);
});

test('idle connections are limited in number and in time', async (t) => {
  const backend = await startRecordingBackend(t, {
    async respond(request, connection) {
      await delay(50);
      answerOk(request, connection);
    },
  });
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }], idleConnections: { max: 3, timeoutMs: 600 } }],
  });
  await runLoad({ port: plane.port, requests: 10, concurrency: 10 });
  assert.ok(backend.connections.length >= 4, `${backend.connections.length} connections`);
  await eventually(
    'three to stay',
    () => backend.openConnections.length === 3 && plane.backend('a').idle === 3,
    20_000,
  );
  await eventually('none to stay', () => backend.openConnections.length === 0, 20_000);
  await eventually('none to be counted', () => plane.backend('a').connections === 0);
});

test('bytes on an idle connection are not an answer to anybody', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  await client.request(requestBytes('GET', '/1'));
  backend.connections[0]?.socket.write(answerBytes(200, 'poison'));
  await eventually('the connection to be dropped', () => backend.openConnections.length === 0);
  const response = await client.request(requestBytes('GET', '/2'));
  assert.equal(response.body, 'ok /2');
  assert.equal(backend.connections.length, 2);
});
