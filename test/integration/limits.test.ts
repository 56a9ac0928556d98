/** What is too large is refused at the limit, and not after it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { startRecordingBackend } from '../harness/recording-backend.ts';

const LIMITS = { headBytes: 2_000, fields: 20, targetBytes: 500, bodyBytes: 1_000 };

const REFUSED: readonly (readonly [what: string, bytes: string, status: number, code: string])[] = [
  ['target', requestBytes('GET', `/${'a'.repeat(500)}`), 414, 'REQUEST_TARGET_TOO_LONG'],
  ['target without an end', `GET /${'a'.repeat(600)}`, 414, 'REQUEST_TARGET_TOO_LONG'],
  ['head', requestBytes('GET', '/', { 'X-A': 'a'.repeat(2_000) }), 431, 'REQUEST_HEAD_TOO_LARGE'],
  [
    'head without an end',
    `GET / HTTP/1.1\r\nHost: a.example\r\nX: ${'a'.repeat(2_100)}`,
    431,
    'REQUEST_HEAD_TOO_LARGE',
  ],
  ['fields', `GET / HTTP/1.1\r\nHost: a\r\n${'a:b\r\n'.repeat(21)}\r\n`, 431, 'REQUEST_HEAD_TOO_LARGE'],
  ['length', requestBytes('POST', '/', { 'Content-Length': '1001' }), 413, 'REQUEST_BODY_TOO_LARGE'],
];

test('each limit has its status', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }], limits: LIMITS });
  for (const [what, bytes, status, code] of REFUSED) {
    const client = await connectRaw(t, plane.port);
    const response = await client.request(bytes);
    assert.equal(response.status, status, what);
    assert.match(response.body, new RegExp(code), what);
    assert.equal(await client.closed(), 'ended', what);
  }
  assert.equal(backend.connections.length, 0);
});

test('what is just within the limits passes', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }], limits: LIMITS });
  const client = await connectRaw(t, plane.port);
  const target = `/${'a'.repeat(499)}`;
  const response = await client.request(requestBytes('POST', target, { 'X-A': 'a'.repeat(1_000) }, 'b'.repeat(1_000)));
  assert.equal(response.status, 200);
});

test('a chunked body is cut at the limit', async (t) => {
  const backend = await startRecordingBackend(t);
  const plane = await startDataPlane(t, { pools: [{ backends: [{ name: 'a', port: backend.port }] }], limits: LIMITS });
  const client = await connectRaw(t, plane.port);
  await client.send(requestBytes('POST', '/', { 'Transfer-Encoding': 'chunked' }), `258\r\n${'x'.repeat(600)}\r\n`);
  await client.send(`258\r\n${'x'.repeat(600)}\r\n0\r\n\r\n`);
  const response = await client.response();
  assert.equal(response.status, 413);
  assert.equal(await client.closed(), 'ended');
  await eventually('the backend connection to be cut', () => backend.openConnections.length === 0);
  assert.equal(backend.arrivals.length, 0);
});

test('one connection more than the limit is closed at once, and its place is given back', async (t) => {
  const backend = await startRecordingBackend(t);
  const backends = [{ name: 'a', port: backend.port }];
  for (const [limit, code] of [
    ['connections', 'CONNECTIONS_FULL'],
    ['connectionsPerClient', 'CLIENT_CONNECTIONS_FULL'],
  ] as const) {
    const plane = await startDataPlane(t, { pools: [{ backends }], limits: { [limit]: 2 } });
    const first = await connectRaw(t, plane.port);
    const second = await connectRaw(t, plane.port);
    for (const client of [first, second]) assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
    const third = await connectRaw(t, plane.port);
    await third.closed();
    assert.equal(third.received, '');
    assert.equal(plane.totals.byCode[code], 1);
    first.destroy();
    await eventually('a place to be free', () => plane.totals.clientConnections === 1);
    const fourth = await connectRaw(t, plane.port);
    assert.equal((await fourth.request(requestBytes('GET', '/'))).status, 200);
  }
});

test('the failure code stands in a field where that is asked for', async (t) => {
  const plane = await startDataPlane(t, {
    pools: [{ backends: [] }],
    failureField: 'X-Ballast-Failure',
  });
  const client = await connectRaw(t, plane.port);
  assert.equal((await client.request(requestBytes('GET', '/'))).field('x-ballast-failure'), 'POOL_UNAVAILABLE');
  assert.equal((await client.request('nonsense\r\n\r\n')).field('x-ballast-failure'), 'REQUEST_LINE_INVALID');
});
