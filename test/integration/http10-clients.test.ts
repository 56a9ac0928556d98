/** Clients that speak HTTP/1.0, with and without keep-alive. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { startRecordingBackend } from '../harness/recording-backend.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n';

test('without keep-alive the connection closes after the answer', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/', {}, null, '1.0'));
  assert.equal(response.body, 'ok /');
  assert.equal(await client.closed(), 'ended');
});

test('with keep-alive it stays open and says so', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  for (let number = 0; number < 3; number++) {
    const bytes = requestBytes('GET', `/${number}`, { Connection: 'keep-alive' }, null, '1.0');
    const response = await client.request(bytes);
    assert.equal(response.body, `ok /${number}`);
    assert.equal(response.field('connection')?.toLowerCase(), 'keep-alive');
  }
  assert.equal(client.side, 'open');
});

test('a chunked answer reaches it without chunks, ended by the close', async (t) => {
  const backend = await startRecordingBackend(t, { respond: (_request, { socket }) => void socket.write(CHUNKED) });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/', { Connection: 'keep-alive' }, null, '1.0'));
  assert.equal(response.field('transfer-encoding'), null);
  assert.equal(response.framing, 'close');
  assert.equal(response.body, 'hello world');
  assert.equal(await client.closed(), 'ended');
});

test('a chunked answer that is cut does not end cleanly for it', async (t) => {
  const backend = await startRecordingBackend(t, {
    respond: (_request, { socket }) =>
      void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('GET', '/', {}, null, '1.0'));
  assert.equal(await client.closed(), 'reset', 'only a reset tells an HTTP/1.0 client that something is missing');
});

test('the backend is spoken to in HTTP/1.1', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  await client.request(requestBytes('POST', '/', {}, 'hello', '1.0'));
  assert.equal(backend.arrivals[0]?.version, '1.1');
  assert.equal(backend.arrivals[0]?.body, 'hello');
  assert.equal(backend.arrivals[0]?.field('via'), '1.0 ballast');
});
