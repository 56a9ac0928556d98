/**
 * What hostile bytes cost: four times as many may cost four times as much, not sixteen times.
 *
 * Work is counted where it can be: how often the parser looks at a byte, or how many bytes it
 * copies aside. Time is held to a bound that only a quadratic reader passes.
 */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { eachByte } from '../../test/http1-cases/feed.ts';
import { readRequests } from '../../test/http1-cases/read-stream.ts';
import { HeadReader } from './head-reader.ts';
import { HEAD, HeadParser, PARSE } from './parse-head.ts';

const SMALL = 16 * 1024;
const LARGE = 64 * 1024;
const LIMITS = { headBytes: 128 * 1024, fields: 100_000, targetBytes: 128 * 1024 };
/** A few times what the slowest of these takes byte by byte on a busy machine. */
const LIMIT_MS = 20_000;

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const filled = (unit: string, bytes: number): string => unit.repeat(Math.ceil(bytes / unit.length)).slice(0, bytes);

/** Streams that grow with their length in one place. */
const SHAPES: readonly (readonly [what: string, stream: (bytes: number) => string])[] = [
  ['carriage returns', (bytes) => filled('\r', bytes)],
  ['empty lines', (bytes) => filled('\r\n', bytes)],
  ['a method without end', (bytes) => filled('M', bytes)],
  ['a target without end', (bytes) => `GET /${filled('a', bytes)}`],
  ['a target of slashes', (bytes) => `GET /${filled('/', bytes)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['a field without end', (bytes) => `${GET}X: ${filled('a', bytes)}`],
  ['a value of blanks', (bytes) => `${GET}Connection:${filled(' ', bytes)}x\r\n\r\n`],
  ['short fields', (bytes) => `${GET}${'a:\r\n'.repeat(bytes / 4)}\r\n`],
  ['short fields with a meaning', (bytes) => `${GET}${'TE:\r\n'.repeat(bytes / 5)}\r\n`],
  ['connection options', (bytes) => `${GET}Connection: ${filled('a,bc,d,', bytes)}\r\n\r\n`],
  [
    'other connection options each',
    (bytes) => `${GET}Connection: ${Array.from({ length: bytes / 8 }, (_, n) => `opt${n}`).join()}\r\n\r\n`,
  ],
  ['commas', (bytes) => `${GET}Connection: ${filled(',', bytes)}\r\nVia: ${filled(',', 1000)}\r\n\r\n`],
  ['members of Via', (bytes) => `${GET}Via: ${filled('1.1 a (b c),', bytes)}\r\n\r\n`],
  ['codings', (bytes) => `${GET}Transfer-Encoding: ${filled('gzip, ', bytes)}chunked\r\n\r\n`],
  ['digits', (bytes) => `${GET}Content-Length: ${filled('0', bytes)}\r\n\r\n`],
  ['a host of dots', (bytes) => `GET / HTTP/1.1\r\nHost: ${filled('a.', bytes)}\r\n\r\n`],
  ['chunks of one byte', (bytes) => `${CHUNKED}${filled('1\r\nx\r\n', bytes - (bytes % 6))}0\r\n\r\n`],
  ['a chunk extension without end', (bytes) => `${CHUNKED}1;${filled('a', bytes)}`],
  ['a quoted extension', (bytes) => `${CHUNKED}1;a="${filled('\\"', bytes)}`],
  ['trailers', (bytes) => `${CHUNKED}0\r\n${'a:\r\n'.repeat(bytes / 4)}\r\n`],
  ['pipelined requests', (bytes) => `${GET}\r\n`.repeat(bytes / 27)],
];

/** A buffer that counts how often a byte of it is looked at. */
function countingBuffer(bytes: Buffer): { buffer: Uint8Array; looks: () => number } {
  let count = 0;
  const buffer = new Proxy(bytes, {
    get: (target, key) => {
      if (typeof key === 'string' && key.charCodeAt(0) <= 0x39) count++;
      return Reflect.get(target, key) as unknown;
    },
  });
  return { buffer, looks: () => count };
}

function looksOfParser(stream: string, pieceBytes: number): number {
  const bytes = Buffer.from(stream, 'latin1');
  const { buffer, looks } = countingBuffer(bytes);
  const parser = new HeadParser(HEAD.REQUEST, LIMITS);
  for (let end = pieceBytes; ; end += pieceBytes) {
    const result = parser.parse(buffer, 0, Math.min(end, bytes.length));
    if (result !== PARSE.INCOMPLETE || end >= bytes.length) return looks();
  }
}

describe('a head', () => {
  for (const [what, stream] of SHAPES) {
    it(`is looked at a few times a byte, in one piece or in many: ${what}`, () => {
      for (const pieceBytes of [LARGE * 2, 1]) {
        const looks = looksOfParser(stream(SMALL), pieceBytes);
        assert.ok(
          looks <= 8 * stream(SMALL).length,
          `${looks} looks at ${stream(SMALL).length} bytes in pieces of ${pieceBytes}`,
        );
      }
    });
  }

  it('that comes byte by byte is copied aside a few times, not once a byte', () => {
    const bytes = Buffer.from(`${GET}X: ${'a'.repeat(LARGE)}\r\n\r\n`, 'latin1');
    const reader = new HeadReader(HEAD.REQUEST, LIMITS, bytes);
    const allocate = mock.method(Buffer, 'allocUnsafeSlow');
    try {
      let result: number = PARSE.INCOMPLETE;
      for (let at = 0; at < bytes.length && result === PARSE.INCOMPLETE; at++) result = reader.read(bytes, at, at + 1);
      assert.equal(result, PARSE.COMPLETE);
      assert.ok(allocate.mock.callCount() <= 10, `${allocate.mock.callCount()} buffers`);
    } finally {
      allocate.mock.restore();
    }
  });
});

describe('64 KiB of a stream', () => {
  for (const [what, stream] of SHAPES) {
    it(`are read in time, in one piece and byte by byte: ${what}`, () => {
      const text = stream(LARGE);
      const startMs = performance.now();
      const whole = readRequests([text], { limits: LIMITS });
      assert.deepEqual(readRequests(eachByte(text), { limits: LIMITS }), whole);
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs < LIMIT_MS, `${tookMs} ms`);
    });
  }
});
