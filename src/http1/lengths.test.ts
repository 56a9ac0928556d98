/** The numbers of the codec against arithmetic that knows no limit. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Message } from '../../test/http1-cases/message-stream.ts';
import { readRequests } from '../../test/http1-cases/read-stream.ts';

const LARGEST_LENGTH = 10n ** 15n - 1n;
const LARGEST_CHUNK = 2n ** 48n;

/** Numbers around every limit that a careless reader has. */
const numbers = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 80n }),
  fc.bigInt({ min: 0n, max: 2n ** 54n }),
  fc.bigInt({ min: 0n, max: 100_000n }),
  fc
    .tuple(
      fc.constantFrom(2n ** 31n, 2n ** 32n, 2n ** 48n, 2n ** 53n, 2n ** 63n, 2n ** 64n, 10n ** 15n),
      fc.integer({ min: -3, max: 3 }),
    )
    .map(([limit, offset]) => limit + BigInt(offset)),
);
const zeros = fc.nat(40).map((count) => '0'.repeat(count));

function readLength(value: string): { message: Message | undefined; refused: string | null } {
  const { messages, refused } = readRequests([`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${value}\r\n\r\n`]);
  return { message: messages[0], refused };
}

describe('a length', () => {
  it('is the number that is written, or refused as too large', () => {
    fc.assert(
      fc.property(zeros, numbers, (before, number) => {
        const value = `${before}${number}`;
        const { message, refused } = readLength(value);
        if (number > LARGEST_LENGTH || value.length > 32) return assert.equal(refused, 'REQUEST_BODY_TOO_LARGE');
        assert.equal(refused, null);
        assert.equal(BigInt(message?.lengthBytes ?? -1), number);
        assert.match(
          message?.written ?? '',
          new RegExp(`\\r\\nContent-Length: ${number}\\r\\n`),
          'it goes on in plain digits',
        );
      }),
      { numRuns: 500 },
    );
  });

  it('of anything but digits is refused', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[!-~]{1,40}$/).filter((text) => !/^\d+$/.test(text)),
        (value) => {
          assert.equal(readLength(value).refused, 'REQUEST_LENGTH_INVALID');
        },
      ),
    );
  });
});

describe('the size of a chunk', () => {
  it('is the number that is written, or refused', () => {
    fc.assert(
      fc.property(zeros, numbers, fc.boolean(), (before, number, isUpper) => {
        const digits = before + (isUpper ? number.toString(16).toUpperCase() : number.toString(16));
        const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
        const { messages, refused } = readRequests([`${head}${digits}\r\n`, 'x'.repeat(70_000)]);
        if (number > LARGEST_CHUNK || digits.length > 16) return assert.equal(refused, 'REQUEST_CHUNK_INVALID');
        // Nothing, or an x where the line should end: more data than its size says.
        const isShort = number < 70_000n;
        const expected = number === 0n ? 'REQUEST_TRAILER_INVALID' : 'REQUEST_CHUNK_INVALID';
        assert.equal(refused, isShort ? expected : null);
        assert.equal(BigInt(messages[0]?.body.length ?? -1), isShort ? number : 70_000n);
      }),
      { numRuns: 300 },
    );
  });
});
