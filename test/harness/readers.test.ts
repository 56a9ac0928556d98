/** The readers that judge all other tests are judged here, on bytes written by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedMessage, readChunked } from './read-message.ts';
import { readRequest } from './read-request.ts';
import { readResponse } from './read-response.ts';
import { SEGMENTATION_NAMES, SEGMENTATIONS } from './segmentations.ts';

test('a request is read up to its end and no further', () => {
  const post = 'POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
  const request = readRequest(`${post}GET`, 0);
  assert.equal(request?.method, 'POST');
  assert.equal(request?.body, 'hello');
  assert.equal(request?.end, post.length);
  for (let length = 0; length < post.length; length++) assert.equal(readRequest(post.slice(0, length), 0), null);
});

test('what a strict backend must not accept is malformed', () => {
  const heads = [
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\n X: b\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nX: b\nY: c\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nX: b\0\r\n\r\n',
    'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    'GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ];
  for (const head of heads) assert.throws(() => readRequest(head, 0), MalformedMessage, head);
});

test('chunks are read exactly', () => {
  const body = '5;a=b\r\nhello\r\nB\r\n, my world!\r\n0\r\nX-Sum: 1\r\n\r\n';
  const read = readChunked(body, 0);
  assert.deepEqual(
    [read.isComplete, read.body, read.trailers, read.end],
    [true, 'hello, my world!', [['X-Sum', '1']], body.length],
  );
  for (let length = 0; length < body.length; length++)
    assert.equal(readChunked(body.slice(0, length), 0).isComplete, false);
  for (const broken of ['x\r\n', '5\r\nhelloX\r\n0\r\n\r\n', '\r\n', '0x5\r\nhello\r\n', '-1\r\n']) {
    assert.throws(() => readChunked(broken, 0), MalformedMessage, broken);
  }
});

test('an answer says by itself whether it is whole', () => {
  const cases: readonly (readonly [
    bytes: string,
    method: string,
    side: 'open' | 'ended' | 'reset',
    framing: string,
    isComplete: boolean,
  ])[] = [
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'GET', 'open', 'length', true],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell', 'GET', 'ended', 'length', false],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'HEAD', 'open', 'none', true],
    ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 'GET', 'open', 'none', true],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', 'GET', 'ended', 'chunked', false],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'GET', 'open', 'chunked', true],
    ['HTTP/1.1 200 OK\r\n\r\nhello', 'GET', 'open', 'close', false],
    ['HTTP/1.1 200 OK\r\n\r\nhello', 'GET', 'ended', 'close', true],
    ['HTTP/1.1 200 OK\r\n\r\nhello', 'GET', 'reset', 'close', false],
    ['HTTP/1.1 101 Switching\r\n\r\nraw', 'GET', 'open', 'tunnel', true],
  ];
  for (const [bytes, method, side, framing, isComplete] of cases) {
    const read = readResponse(bytes, 0, method, side);
    assert.deepEqual([read?.framing, read?.isComplete], [framing, isComplete], bytes);
  }
  assert.equal(readResponse('HTTP/1.1 200 OK\r\n', 0, 'GET', 'open'), null);
  assert.throws(() => readResponse('HTTP/1.1 20 OK\r\n\r\n', 0, 'GET', 'open'), MalformedMessage);
});

test('every segmentation keeps every byte', () => {
  const bytes = `POST / HTTP/1.1\r\nHost: a\r\n\r\n${'x'.repeat(70_000)}\r\nend`;
  for (const name of SEGMENTATION_NAMES) {
    const pieces = SEGMENTATIONS[name](bytes, 'seed');
    assert.equal(pieces.join(''), bytes, name);
    assert.ok(
      pieces.every((piece) => piece !== ''),
      name,
    );
    assert.equal(pieces.length > 1, name !== 'whole', name);
    assert.deepEqual(SEGMENTATIONS[name](bytes, 'seed'), pieces, name);
  }
  assert.equal(SEGMENTATIONS['byte by byte']('GET / HTTP/1.1\r\n', '').length, 16);
  assert.deepEqual(SEGMENTATIONS['after every CR']('a\r\nb\r\n', ''), ['a\r', '\nb\r', '\n']);
  assert.deepEqual(SEGMENTATIONS['at every LF']('a\r\nb\r\n', ''), ['a\r\n', 'b\r\n']);
});
