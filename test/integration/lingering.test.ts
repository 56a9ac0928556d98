/** The last answer on a connection arrives, however much of its request is still on the way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { startRecordingBackend } from '../harness/recording-backend.ts';

const CLIENTS = 20;
const UPLOAD_BYTES = 10 * 2 ** 20;
/** More than a kernel queues for two sockets, and far less than the upload. */
const HUGE_BYTES = 64 * 2 ** 20;

const upload = (bytes: number): string => requestBytes('POST', '/upload', {}, 'u'.repeat(bytes));

test('an upload that no backend takes is answered, in the middle of it', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port, health: 'UNHEALTHY' }] }],
  });
  const bytes = upload(UPLOAD_BYTES);
  for (let number = 0; number < CLIENTS; number++) {
    const client = await connectRaw(t, plane.port);
    client.socket.write(bytes, 'latin1');
    const response = await client.response();
    assert.equal(response.status, 503);
    assert.ok(response.isComplete);
    assert.match(response.body, /^POOL_UNAVAILABLE: /);
    client.destroy();
  }
  assert.equal(plane.pool().requests, CLIENTS);
});

test('an upload whose backend resets is answered, in the middle of it', async (t) => {
  const backend = await startRecordingBackend(t, {
    onHead: (_head, { socket }) => void socket.resetAndDestroy(),
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const bytes = upload(UPLOAD_BYTES);
  for (let number = 0; number < CLIENTS; number++) {
    const client = await connectRaw(t, plane.port);
    client.socket.write(bytes, 'latin1');
    const response = await client.response();
    assert.equal(response.status, 502);
    assert.match(response.body, /^UPSTREAM_/);
    client.destroy();
  }
});

test('no more of the upload is read than the kernel queues, and it is not waited for long', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }] }],
    limits: { bodyBytes: 1_000 },
  });
  const client = await connectRaw(t, plane.port);
  client.socket.write(upload(HUGE_BYTES), 'latin1');
  assert.equal((await client.response()).status, 413);
  // The client sends on all the same, until nobody takes it any more.
  const { _handle: handle } = client.socket as unknown as { _handle: { writeQueueSize: number } };
  assert.ok(handle.writeQueueSize > HUGE_BYTES / 2, `${HUGE_BYTES - handle.writeQueueSize} bytes were taken`);
  await eventually('the connection to be closed', () => plane.totals.clientConnections === 0);
  assert.deepEqual(plane.totals.byCode, { REQUEST_BODY_TOO_LARGE: 1 });
});
