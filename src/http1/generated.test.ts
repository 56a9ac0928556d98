/** Properties of the whole codec, over messages that are well-formed and such as are nearly so. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mutate } from '../../test/fuzz/mutate.ts';
import { randomFrom } from '../../test/harness/segmentations.ts';
import { eachByte } from '../../test/http1-cases/feed.ts';
import { assertAnswerForwarded, assertRequestForwarded } from '../../test/http1-cases/forwarding-rules.ts';
import { answer, cutAt, cuts, type GeneratedRequest, request } from '../../test/http1-cases/generate.ts';
import type { Message, ReadStream } from '../../test/http1-cases/message-stream.ts';
import { readRequests, readResponses } from '../../test/http1-cases/read-stream.ts';

function only({ messages, refused, unreadBytes }: ReadStream): Message {
  assert.equal(refused, null);
  const [message] = messages;
  assert.ok(message !== undefined && messages.length === 1, `${messages.length} messages`);
  assert.deepEqual([message.isComplete, unreadBytes], [true, 0]);
  return message;
}

describe('a well-formed request', () => {
  it('is accepted, with its method, target, host and body', () => {
    fc.assert(
      fc.property(request, (one) => {
        const read = only(readRequests([one.text]));
        assert.deepEqual(
          [read.method, read.rawTarget, read.target, read.host, read.framing, read.body, read.trailers],
          [one.method, one.rawTarget, one.target, one.host, one.framing, one.data, one.trailers],
        );
      }),
      { numRuns: 400 },
    );
  });

  it('goes on as one request, without what is not for the backend and with what is ours', () => {
    fc.assert(
      fc.property(request, (one) => assertRequestForwarded(only(readRequests([one.text])))),
      { numRuns: 400 },
    );
  });

  it('is read again where the one before it ends', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 2, maxLength: 4 }), cuts, (all, places) => {
        const { messages, refused } = readRequests(cutAt(all.map(({ text }) => text).join(''), places));
        assert.equal(refused, null);
        assert.deepEqual(
          messages.map(({ method, rawTarget, body }) => [method, rawTarget, body]),
          all.map(({ method, rawTarget, data }) => [method, rawTarget, data]),
        );
      }),
    );
  });
});

describe('a well-formed answer', () => {
  it('is accepted and goes on as one answer', () => {
    fc.assert(
      fc.property(answer, fc.constantFrom('GET', 'HEAD'), (one, method) => {
        const isHead = method === 'HEAD';
        const text = isHead ? one.text.slice(0, one.text.length - one.bytes.length) : one.text;
        const read = only(readResponses([text], { methods: [method] }));
        assert.deepEqual([read.status, read.body], [one.status, isHead ? '' : one.data]);
        assertAnswerForwarded(read, method);
      }),
      { numRuns: 400 },
    );
  });
});

describe('any way to cut a stream', () => {
  it('leads to the same messages, where they are well-formed', () => {
    fc.assert(
      fc.property(request, answer, cuts, (one, other, places) => {
        assert.deepEqual(readRequests(cutAt(one.text, places)), readRequests([one.text]));
        assert.deepEqual(readRequests(eachByte(one.text)), readRequests([one.text]));
        assert.deepEqual(readResponses(cutAt(other.text, places)), readResponses([other.text]));
      }),
      { numRuns: 300 },
    );
  });

  it('leads to the same messages and the same refusal, where they are not', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 3 }), fc.nat(), cuts, (all, seed, places) => {
        const text = mutate(
          all.map((one) => one.text),
          randomFrom(String(seed)),
        );
        assert.deepEqual(readRequests(cutAt(text, places)), readRequests([text]));
        assert.deepEqual(readRequests(eachByte(text)), readRequests([text]));
      }),
      { numRuns: 600 },
    );
  });

  it('leads to the same refusal, where a limit is passed', () => {
    const limits = { headBytes: 60, fields: 3, targetBytes: 12 };
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z:\r\n\0 ]{0,80}$/), fc.nat(20), cuts, (rest, targetBytes, places) => {
        const text = `GET /${'t'.repeat(targetBytes)} HTTP/1.1\r\nHost: a\r\n${rest}\r\n\r\n`;
        const whole = readRequests([text], { limits });
        assert.deepEqual(readRequests(cutAt(text, places), { limits }), whole);
        assert.deepEqual(readRequests(eachByte(text), { limits }), whole);
      }),
      { numRuns: 500 },
    );
  });
});

/** A change after which nobody may accept the request, and what it is then refused for. */
type Spoiling = readonly [what: string, spoil: (one: GeneratedRequest) => string, refused: RegExp];

const withLine =
  (line: string) =>
  ({ text }: GeneratedRequest): string =>
    text.replace(/(?<=HTTP\/1\.1\r\n)/, () => line);
const inLine =
  (pattern: RegExp, by: string) =>
  ({ text }: GeneratedRequest): string =>
    text.replace(pattern, () => by);

const FIELD = /^REQUEST_FIELD_INVALID$/;
const LINE = /^REQUEST_(LINE|TARGET)_INVALID$/;
const LENGTH = /^REQUEST_LENGTH_(INVALID|CONFLICT)$/;
const HOST = /^REQUEST_HOST_INVALID$/;

const SPOILINGS: readonly Spoiling[] = [
  ...eachByte('\r\n\0\x01\x08\x0b\x0c\x1f\x7f').map(
    (byte): Spoiling => [`byte ${byte.charCodeAt(0)} in a value`, withLine(`Y: a${byte}b\r\n`), FIELD],
  ),
  ...eachByte(' \t\0\r\n"(),/;<=>?@[\\]{}\x7f\x80\xff').map(
    (byte): Spoiling => [`byte ${byte.charCodeAt(0)} in a name`, withLine(`Y${byte}Z: a\r\n`), FIELD],
  ),
  ['a space before a colon', withLine('Y : a\r\n'), FIELD],
  ['no name', withLine(': a\r\n'), FIELD],
  ['no colon', withLine('Y\r\n'), FIELD],
  ['a folded line', withLine('Y: a\r\n b\r\n'), FIELD],
  ['a first line that is folded', withLine(' Y: a\r\n'), FIELD],
  ['a line that ends in LF', withLine('Y: a\n'), FIELD],
  ['a line that ends in CR', withLine('Y: a\rZ: b\r\n'), FIELD],
  ['a line that ends in CR CR LF', withLine('Y: a\r\r\n'), FIELD],
  ...eachByte('\0\t\r\n#\x7f\x80\xff').map(
    (byte): Spoiling => [`byte ${byte.charCodeAt(0)} in the target`, inLine(/ HTTP\/1\.1/, `${byte}x HTTP/1.1`), LINE],
  ),
  [
    'a target of no length',
    ({ method, text }) => text.replace(/ .*? HTTP/, () => '  HTTP').replace(method, () => method),
    LINE,
  ],
  ['a second space', inLine(/ HTTP\/1\.1/, '  HTTP/1.1'), LINE],
  ['a fourth word', inLine(/HTTP\/1\.1/, 'x HTTP/1.1'), LINE],
  ['a space at the end of the line', inLine(/HTTP\/1\.1/, 'HTTP/1.1 '), LINE],
  ['a line of the request that ends in LF', inLine(/HTTP\/1\.1\r\n/, 'HTTP/1.1\n'), LINE],
  ['a protocol in lower case', inLine(/HTTP\/1\.1/, 'http/1.1'), LINE],
  ['a version of one digit', inLine(/HTTP\/1\.1/, 'HTTP/1'), LINE],
  ['a version of three', inLine(/HTTP\/1\.1/, 'HTTP/1.10'), LINE],
  ['another version', inLine(/HTTP\/1\.1/, 'HTTP/3.0'), /^REQUEST_VERSION_UNSUPPORTED$/],
  ['CONNECT', inLine(/^(\r\n)*\S+/, 'CONNECT'), /^REQUEST_METHOD_REFUSED$/],
  ['TRACE', inLine(/^(\r\n)*\S+/, 'TRACE'), /^REQUEST_METHOD_REFUSED$/],
  ['no host', inLine(/\r\nHost: .*?\r\n/, '\r\n'), HOST],
  ['a second host', withLine('host: a\r\n'), HOST],
  ['user information in the host', inLine(/\r\nHost: .*?\r\n/, '\r\nHost: u@a\r\n'), HOST],
  ['a second length', withLine('Content-Length: 5\r\nContent-Length: 5\r\n'), LENGTH],
  ...['', '-1', '+1', '0x1', '1e1', '1.0', '1 1', '1,1', '\xb2', '1\xa0', '\xb9'].map(
    (value): Spoiling => [
      `length "${value}"`,
      ({ line, text }) =>
        text.replace(line === '' ? '\r\n' : line, () => `${line === '' ? '\r\n' : ''}Content-Length: ${value}\r\n`),
      LENGTH,
    ],
  ),
  [
    'both lengths',
    ({ line, text }) => {
      const both = 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n';
      return line === '' ? withLine(both)({ text } as GeneratedRequest) : text.replace(line, () => both);
    },
    LENGTH,
  ],
];

describe('a request that is malformed in one place', () => {
  for (const [what, spoil, code] of SPOILINGS) {
    it(`is refused: ${what}`, () => {
      fc.assert(
        fc.property(request, (one) => {
          const text = spoil({ ...one, text: one.text.replace(/^(\r\n)*/, '') });
          const { messages, refused } = readRequests([text]);
          assert.match(String(refused), code, JSON.stringify(text));
          assert.equal(messages.length, 0);
        }),
        { numRuns: 30 },
      );
    });
  }
});
