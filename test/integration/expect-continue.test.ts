/** `Expect: 100-continue` (RFC 9110 section 10.1.1). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { answerBytes, startRecordingBackend } from '../harness/recording-backend.ts';

const EXPECTING = requestBytes('POST', '/', { 'Content-Length': '5', Expect: '100-continue' });

test('a client that waits for 100 gets it and then sends its body', async (t) => {
  const backend = await startRecordingBackend(t, {
    onHead: (_head, { socket }) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  await client.send(EXPECTING);
  await eventually('100 Continue', () => client.received.startsWith('HTTP/1.1 100 '));
  await client.send('hello');
  const response = await client.response();
  assert.deepEqual(response.interim, [100], 'one 100, not two');
  assert.equal(response.body, 'ok /');
  assert.equal(backend.arrivals[0]?.body, 'hello');
});

test('a refusal instead of 100 reaches the client, and the body is never waited for', async (t) => {
  const backend = await startRecordingBackend(t, {
    onHead: (_head, { socket }) => socket.write(answerBytes(413, 'too much', { Connection: 'close' })),
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  await client.send(EXPECTING);
  const response = await client.response();
  assert.equal(response.status, 413);
  assert.equal(response.body, 'too much');
  await client.closed();
  await eventually('the backend connection to be dropped', () => backend.openConnections.length === 0);
  assert.equal(backend.arrivals.length, 0);
});

test('an expectation that nobody knows is 417', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('POST', '/', { Expect: 'a-miracle' }, 'hello'));
  assert.equal(response.status, 417);
  assert.match(response.body, /REQUEST_EXPECTATION_FAILED/);
  assert.equal(await client.closed(), 'ended');
  assert.equal(backend.connections.length, 0);
});

test('HTTP/1.0 knows no expectation: no 100 is sent', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('POST', '/', { Expect: '100-continue' }, 'hello', '1.0'));
  assert.deepEqual(response.interim, []);
  assert.equal(response.body, 'ok /');
});
