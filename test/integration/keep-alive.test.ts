/** Connections are kept on both sides, and closed where either side asks for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { answerBytes, startRecordingBackend } from '../harness/recording-backend.ts';

test('many requests of one client go over one backend connection', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  for (let number = 0; number < 10; number++) {
    const response = await client.request(requestBytes('GET', `/${number}`));
    assert.equal(response.body, `ok /${number}`);
  }
  assert.equal(backend.connections.length, 1);
  assert.equal(client.side, 'open');
  assert.equal(plane.backend('a').connects, 1);
});

test('a backend connection outlives its client and serves the next one', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  for (let number = 0; number < 5; number++) {
    const client = await connectRaw(t, plane.port);
    const response = await client.request(requestBytes('GET', `/${number}`, { Connection: 'close' }));
    assert.equal(response.field('connection'), 'close');
    assert.equal(await client.closed(), 'ended');
  }
  assert.equal(backend.connections.length, 1);
  await eventually('no client connection counted', () => plane.totals.clientConnections === 0);
  assert.equal(plane.backend('a').idle, 1);
});

test('a backend that says "Connection: close" is asked on a new connection', async (t) => {
  const backend = await startRecordingBackend(t, {
    respond(request, { socket }) {
      socket.end(answerBytes(200, `ok ${request.target}`, { Connection: 'close' }));
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  for (let number = 0; number < 5; number++) {
    const response = await client.request(requestBytes('GET', `/${number}`));
    assert.equal(response.body, `ok /${number}`);
    assert.equal(response.field('connection'), null, 'the client connection is not the backend’s');
  }
  assert.equal(backend.connections.length, 5);
  assert.equal(client.side, 'open');
});

test('a client that ends its side after the request still gets the answer', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('GET', '/half'));
  client.halfClose();
  const response = await client.response();
  assert.equal(response.body, 'ok /half');
  assert.equal(await client.closed(), 'ended');
});
