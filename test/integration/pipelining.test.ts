/** Pipelined requests are answered in order, and read ahead only so far. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startDataPlane } from '../harness/data-plane.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { answerOk, startRecordingBackend } from '../harness/recording-backend.ts';

test('answers come in the order of the requests, however slow the first is', async (t) => {
  const backend = await startRecordingBackend(t, {
    async respond(request, connection) {
      if (request.target === '/0') await delay(60);
      answerOk(request, connection);
    },
  });
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }] }],
  });
  const client = await connectRaw(t, plane.port);
  const numbers = Array.from({ length: 40 }, (_, number) => number);
  await client.send(numbers.map((number) => requestBytes('GET', `/${number}`)).join(''));
  for (const number of numbers) {
    const response = await client.response();
    assert.equal(response.body, `ok /${number}`);
  }
  assert.equal(plane.pool().requests, 40);
});

test('bodies and bodyless answers in a pipeline keep both sides in step', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  const chunked = requestBytes('PUT', '/chunked', { 'Transfer-Encoding': 'chunked' }, '5\r\nhello\r\n0\r\n\r\n');
  await client.send(
    requestBytes('POST', '/post', {}, 'hello') + requestBytes('HEAD', '/head') + chunked + requestBytes('GET', '/get'),
  );
  assert.equal((await client.response()).body, 'ok /post');
  const head = await client.response({ method: 'HEAD' });
  assert.equal(head.body, '');
  assert.equal(head.field('content-length'), String('ok /head'.length));
  assert.equal((await client.response()).body, 'ok /chunked');
  assert.equal((await client.response()).body, 'ok /get');
  assert.deepEqual(
    backend.arrivals.map(({ method, body }) => `${method} ${body}`),
    ['POST hello', 'HEAD ', 'PUT hello', 'GET '],
  );
});

test('a flood of pipelined requests is not read while the first is unanswered', async (t) => {
  const backend = await startRecordingBackend(t, { respond: () => {} });
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }] });
  const client = await connectRaw(t, plane.port);
  const flood = requestBytes('GET', '/flood').repeat(20_000);
  for (let piece = 0; piece < 40; piece++) client.socket.write(flood, 'latin1');
  let before = -1;
  while (client.socket.writableLength !== before) {
    before = client.socket.writableLength;
    await delay(150);
  }
  assert.ok(client.socket.writableLength > 0, 'the balancer took all of 40 × 800 KB');
  assert.equal(backend.arrivals.length, 1);
  client.destroy();
});
