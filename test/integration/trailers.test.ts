/** Trailers are never taken for fields of the head (RFC 9110 section 6.5.1). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { startRecordingBackend } from '../harness/recording-backend.ts';

const BODY =
  '5\r\nhello\r\n0\r\nX-Sum: abc\r\nX-Forwarded-For: 10.0.0.1\r\nContent-Length: 99\r\nHost: evil\r\nSet-Cookie: a=1\r\n\r\n';
const NEVER = ['x-forwarded-for', 'content-length', 'host', 'set-cookie', 'transfer-encoding'];

test('in requests', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  await client.request(requestBytes('POST', '/1', { 'Transfer-Encoding': 'chunked', Trailer: 'X-Sum' }, BODY));
  const next = await client.request(requestBytes('GET', '/2'));
  assert.equal(next.body, 'ok /2');
  const [request] = backend.arrivals;
  assert.ok(request);
  assert.equal(request.body, 'hello');
  assert.equal(request.field('x-sum'), null);
  assert.equal(request.field('host'), 'a.example');
  assert.equal(request.field('x-forwarded-for'), '127.0.0.1');
  for (const [name] of request.trailers) assert.ok(!NEVER.includes(name.toLowerCase()), `trailer ${name}`);
});

test('in answers', async (t) => {
  const backend = await startRecordingBackend(t, {
    respond: (_request, { socket }) =>
      void socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${BODY}`),
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  for (let number = 0; number < 3; number++) {
    const response = await client.request(requestBytes('GET', '/'));
    assert.equal(response.body, 'hello');
    assert.equal(response.isComplete, true);
    assert.equal(response.field('x-sum'), null);
    assert.equal(response.field('set-cookie'), null);
    for (const [name] of response.trailers) assert.ok(!NEVER.includes(name.toLowerCase()), `trailer ${name}`);
  }
  assert.equal(backend.connections.length, 1);
});
