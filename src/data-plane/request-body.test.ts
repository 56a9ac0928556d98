import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { BODY } from '../http1/framing.ts';
import { RequestBody } from './request-body.ts';
import { GATHER_BYTES, type Wire } from './wire.ts';

/** Stands for the wires of client and backend: takes what is written and says when it has enough. */
class TakingWire {
  written = '';
  isFull = false;

  writeText(text: string): void {
    this.written += text;
  }

  writeBytes(buffer: Buffer, start: number, end: number): boolean {
    this.written += buffer.toString('latin1', start, end);
    return !this.isFull;
  }

  get wire(): Wire {
    return this as unknown as Wire;
  }
}

const CLIENT = new TakingWire().wire;

/** Writes `text` from a buffer that is used for something else right after, as a read buffer is. */
function write(body: RequestBody, text: string, target: TakingWire | null, line = ''): boolean {
  const buffer = Buffer.from(`<${text}>`, 'latin1');
  const isTaken = body.write(line, buffer, 1, 1 + text.length, text.length, CLIENT, target?.wire ?? null);
  buffer.fill(0x21);
  return isTaken;
}

function newBody(kind: number, limitBytes: number, isRepeatable = true): RequestBody {
  const body = new RequestBody();
  body.begin(kind, limitBytes, isRepeatable);
  return body;
}

describe('a request body', () => {
  it('that is none has ended and can be sent again any number of times', () => {
    const body = newBody(BODY.NONE, 0);
    const target = new TakingWire();
    body.replay(target.wire);
    body.replay(target.wire);
    assert.deepEqual([body.isEnded, body.isKept, body.bytes, target.written], [true, true, 0, '']);
  });

  it('waits for a connection and is sent again to the next one', () => {
    const body = newBody(BODY.LENGTH, 100);
    const [first, second] = [new TakingWire(), new TakingWire()];
    write(body, 'hello', null);
    body.replay(first.wire);
    write(body, ' world', first);
    body.end('', false, first.wire);
    body.replay(second.wire);
    assert.equal(first.written, 'hello world');
    assert.equal(second.written, 'hello world');
    assert.deepEqual([body.isKept, body.bytes], [true, 11]);
  });

  it('in chunks goes on as it came, and keeps its trailers', () => {
    const body = newBody(BODY.CHUNKED, 100);
    const [first, second] = [new TakingWire(), new TakingWire()];
    write(body, '5\r\nhello\r\n', null);
    body.replay(first.wire);
    write(body, `${'x'.repeat(17)}\r\n`, first, '11\r\n');
    body.end('ETag: "1"\r\n', false, first.wire);
    body.replay(second.wire);
    const expected = `5\r\nhello\r\n11\r\n${'x'.repeat(17)}\r\n0\r\nETag: "1"\r\n\r\n`;
    assert.equal(first.written, expected);
    assert.equal(second.written, expected);
  });

  it('whose end came with its last chunk is not ended twice', () => {
    const body = newBody(BODY.CHUNKED, 100);
    const [first, second] = [new TakingWire(), new TakingWire()];
    write(body, '1\r\na\r\n0\r\n\r\n', first);
    body.end('', true, first.wire);
    body.replay(second.wire);
    assert.deepEqual([first.written, second.written, body.isEnded], ['1\r\na\r\n0\r\n\r\n', first.written, true]);
  });

  it('takes little more memory than it keeps, however small its pieces are', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const usedBytes = (): number => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const [bodies, pieces, wireBytes] = [50, 10_000, 6];
    const before = usedBytes();
    const all = Array.from({ length: bodies }, () => newBody(BODY.CHUNKED, 64 * 1024));
    for (const body of all) for (let piece = 0; piece < pieces; piece++) write(body, 'x\r\n', null, '1\r\n');
    const perByte = (usedBytes() - before) / (bodies * pieces * wireBytes);
    assert.ok(perByte < 4, `${perByte.toFixed(1)} bytes of memory for a byte that is kept`);
    assert.ok(all.every(({ isKept }) => isKept));
  });

  it('pauses the client above the limit while there is no connection, and loses nothing', () => {
    const body = newBody(BODY.LENGTH, 8);
    const target = new TakingWire();
    assert.equal(write(body, 'x'.repeat(8), null), true);
    assert.equal(write(body, 'y', null), false);
    assert.deepEqual([body.isFull, body.isKept], [true, true]);
    body.replay(target.wire);
    assert.equal(target.written, 'xxxxxxxxy');
    assert.deepEqual([body.isFull, body.isKept], [false, false], 'too large to be kept on');
  });

  it('is let go as soon as it outgrows the limit', () => {
    const body = newBody(BODY.LENGTH, 8);
    const target = new TakingWire();
    body.replay(target.wire);
    write(body, 'x'.repeat(8), target);
    assert.equal(body.isKept, true);
    write(body, 'y', target);
    assert.equal(body.isKept, false);
    const next = new TakingWire();
    body.replay(next.wire);
    assert.equal(next.written, '', 'no part of it is kept');
  });

  it('of a request that cannot be repeated is kept no longer than it may lie unwritten', () => {
    const body = newBody(BODY.LENGTH, GATHER_BYTES * 2, false);
    const [first, second] = [new TakingWire(), new TakingWire()];
    write(body, 'x'.repeat(GATHER_BYTES), null);
    body.replay(first.wire);
    assert.equal(body.isKept, true, 'the connection may turn out to be closed before a byte is written');
    body.replay(second.wire);
    assert.equal(second.written, first.written);
    write(body, 'y', second);
    assert.equal(body.isKept, false);
  });

  it('passes on that the backend does not keep up', () => {
    const body = newBody(BODY.CHUNKED, 100);
    const target = new TakingWire();
    assert.equal(write(body, 'a', target), true);
    target.isFull = true;
    assert.equal(write(body, 'b', target), false);
  });

  it('leaves nothing behind for the next request', () => {
    const body = newBody(BODY.CHUNKED, 100);
    write(body, 'secret', null);
    body.end('', false, null);
    body.begin(BODY.LENGTH, 100, true);
    const target = new TakingWire();
    body.replay(target.wire);
    assert.deepEqual([target.written, body.bytes, body.isEnded, body.isKept], ['', 0, false, true]);
    write(body, 'b', target);
    assert.equal(target.written, 'b', 'not chunked any more');
  });

  it('reaches every backend byte for byte, as long as it says that it is kept', () => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('write' as const), text: fc.stringMatching(/^[a-z]{1,40}$/) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('connect' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const) }) },
    );
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        fc.nat(120),
        fc.array(step, { maxLength: 20 }),
        (isChunked, isRepeatable, limitBytes, steps) => {
          const body = newBody(isChunked ? BODY.CHUNKED : BODY.LENGTH, limitBytes, isRepeatable);
          let target: TakingWire | null = null;
          let sent = '';
          for (const one of steps) {
            if (one.kind === 'write') {
              const line = isChunked ? `${one.text.length.toString(16)}\r\n` : '';
              sent += line + one.text;
              write(body, one.text, target, line);
            } else if (one.kind === 'lose') {
              target = null;
              if (!body.isKept) break;
            } else if (target === null) {
              target = new TakingWire();
              body.replay(target.wire);
            }
            if (target !== null) assert.equal(target.written, sent);
            if (target !== null && body.isKept) assert.equal(body.isFull, false, 'no more than the limit is kept');
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
