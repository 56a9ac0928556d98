/** 1xx answers pass, except to HTTP/1.0 (RFC 9110 section 15.2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { answerBytes, startRecordingBackend } from '../harness/recording-backend.ts';

const HINT = 'HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n';

test('a 103 passes at once, with its fields, before the answer is there', async (t) => {
  let finish = (): void => {};
  const backend = await startRecordingBackend(t, {
    respond(_request, { socket }) {
      socket.write(HINT);
      finish = () => socket.write(answerBytes(200, 'final'));
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('GET', '/'));
  await eventually('the 103', () => /^HTTP\/1\.1 103 .*rel=preload.*\r\n\r\n$/s.test(client.received));
  finish();
  const response = await client.response();
  assert.equal(response.body, 'final');
  assert.deepEqual(response.interim, [103]);
});

test('an HTTP/1.0 client gets no interim answer', async (t) => {
  const backend = await startRecordingBackend(t, {
    respond: (_request, { socket }) => void socket.write(HINT + HINT + answerBytes(200, 'final')),
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/', {}, null, '1.0'));
  assert.deepEqual(response.interim, []);
  assert.equal(response.body, 'final');
});

test('a backend that sends nothing but interim answers is given up', async (t) => {
  const backend = await startRecordingBackend(t, {
    respond: (_request, { socket }) => void socket.write(HINT.repeat(2_000)),
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/'));
  assert.equal(response.status, 502);
  assert.match(response.body, /UPSTREAM_INTERIM_FLOOD/);
  await eventually('the backend connection to be dropped', () => backend.openConnections.length === 0);
});
