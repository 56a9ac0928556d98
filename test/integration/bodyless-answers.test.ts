/** Answers to HEAD, and 204 and 304, have no body, whatever their fields say (RFC 9112 section 6.3). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { startRecordingBackend } from '../harness/recording-backend.ts';

const CASES = [
  { method: 'HEAD', head: 'HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n', length: '5000000' },
  { method: 'HEAD', head: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n', length: null },
  { method: 'HEAD', head: 'HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n', length: '9' },
  { method: 'GET', head: 'HTTP/1.1 204 No Content\r\n', length: null },
  { method: 'GET', head: 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n', length: null },
  { method: 'GET', head: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n', length: '77' },
];

test('a bodyless answer ends with its head and leaves both connections in step', async (t) => {
  let head = '';
  const backend = await startRecordingBackend(t, {
    respond(request, { socket }) {
      socket.write(request.target === '/next' ? 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext' : `${head}\r\n`);
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  for (const one of CASES) {
    head = one.head;
    const response = await client.request(requestBytes(one.method, '/'));
    assert.equal(String(response.status), one.head.slice(9, 12));
    assert.equal(response.field('content-length'), one.length, one.head);
    const next = await client.request(requestBytes('GET', '/next'));
    assert.equal(next.body, 'next', `after ${one.head}`);
  }
  assert.equal(backend.connections.length, 1);
});
