/** The cases of the codec: see `README.md`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { escapeBytes } from '../harness/read-message.ts';
import { type CodecCase, readCaseFile, readNotation } from './case-file.ts';
import { eachByte } from './feed.ts';
import type { Message, ReadStream } from './message-stream.ts';
import { ORIGIN, readRequests, readResponses } from './read-stream.ts';

const METHOD = /^[A-Z]+$/;
const STATUS = /^[1-5]\d\d$/;
/** Up to this length a case is cut at every place. */
const CUT_BYTES = 600;

const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';
const CHUNKED_POST = `${POST}Transfer-Encoding: chunked\r\n\r\n`;

/** Field lines, and whatever is behind the empty line if there is one, as a whole message. */
const withEnd = (fields: string): string => (fields.includes('\r\n\r\n') ? fields : `${fields}\r\n`);

interface Kind {
  readonly file: string;
  /** The message that a case stands for. */
  message(one: CodecCase): string;
  read(pieces: readonly string[], one: CodecCase): ReadStream;
}

const methodsOf = ({ options }: CodecCase): string[] => options.filter((option) => METHOD.test(option));

const asRequest = (pieces: readonly string[]): ReadStream => readRequests(pieces);
const asResponse = (pieces: readonly string[], one: CodecCase): ReadStream =>
  readResponses(pieces, { methods: methodsOf(one) });

const READ: readonly Kind[] = [
  { file: 'request-heads.txt', message: ({ input }) => input, read: asRequest },
  {
    file: 'request-framing.txt',
    message: ({ input, options }) => (options.includes('1.0') ? POST.replace('/1.1', '/1.0') : POST) + withEnd(input),
    read: asRequest,
  },
  { file: 'chunked-bodies.txt', message: ({ input }) => CHUNKED_POST + input, read: asRequest },
  { file: 'response-heads.txt', message: ({ input }) => input, read: asResponse },
  {
    file: 'response-framing.txt',
    message: ({ input, options }) => {
      const status = options.find((option) => STATUS.test(option)) ?? '200';
      return `HTTP/1.1 ${status} OK\r\n${withEnd(input)}`;
    },
    read: asResponse,
  },
];

const FORWARDED: readonly (Kind & { output(message: Message): string })[] = [
  {
    file: 'forwarded-requests.txt',
    message: ({ input }) => input,
    read: (pieces, { options }) =>
      readRequests(pieces, { origin: { ...ORIGIN, isTrusted: options.includes('trusted') } }),
    output: ({ written }) => written,
  },
  {
    file: 'forwarded-responses.txt',
    message: ({ input }) => input,
    read: (pieces, one) =>
      readResponses(pieces, {
        methods: methodsOf(one),
        answer: {
          isChunked: one.options.includes('chunked'),
          keepsLength: !one.options.includes('no length') && !one.options.includes('chunked'),
          connectionLine: one.options.includes('close') ? 'Connection: close\r\n' : '',
        },
      }),
    output: ({ written }) => written,
  },
  {
    file: 'forwarded-trailers.txt',
    message: ({ input, options }) => {
      const nominated = options.map((option) => `Connection: ${option.replace('nominated ', '')}\r\n`).join('');
      return `${POST}${nominated}Transfer-Encoding: chunked\r\n\r\n0\r\n${input}\r\n`;
    },
    read: asRequest,
    output: ({ writtenTrailers }) => writtenTrailers,
  },
];

/** Every way to cut the message is read; all must come to the same. */
function readAllWays(kind: Kind, one: CodecCase): ReadStream {
  const message = kind.message(one);
  const whole = kind.read([message], one);
  assert.deepEqual(kind.read(eachByte(message), one), whole, 'byte by byte it is another one');
  for (let cut = 1; cut < message.length && message.length <= CUT_BYTES; cut++) {
    const pieces = [message.slice(0, cut), message.slice(cut)];
    assert.deepEqual(kind.read(pieces, one), whole, `cut at ${cut} it is another one`);
  }
  return whole;
}

const yesNo = (is: boolean | undefined): string => (is === true ? 'yes' : 'no');
const textOf = (text: string | undefined): string => (text === undefined || text === '' ? '(none)' : text);

function properties({ messages, refused, unreadBytes }: ReadStream): Record<string, string> {
  const last = messages.at(-1);
  const body = last?.framing === 'length' ? `length ${last.lengthBytes}` : last?.framing;
  return {
    messages: String(messages.length),
    refused: refused ?? '(none)',
    unread: refused === null ? String(unreadBytes) : '0',
    incomplete: yesNo(refused === null && last?.isComplete === false),
    method: textOf(last?.method),
    target: textOf(last?.target),
    host: textOf(last?.host),
    status: String(last?.status),
    version: `1.${last?.minorVersion}`,
    body: textOf(body),
    data: textOf(last?.body),
    trailers: textOf(last?.trailers),
    nominated: textOf(last?.nominated.join(', ')),
    'keep-alive': yesNo(last?.isKeepAlive),
    upgrade: yesNo(last?.isUpgrade),
    'expects-continue': yesNo(last?.expectsContinue),
  };
}

function expectedProperties({ expected }: CodecCase, got: Record<string, string>): Record<string, string> {
  const named = Object.fromEntries(
    expected.map((line) => {
      const [, key = '', value = ''] = /^([a-z-]+): (.*)$/.exec(line) ?? [];
      assert.ok(key in got, `nobody judges "${line}"`);
      return [key, readNotation(value)];
    }),
  );
  const isRefused = 'refused' in named;
  // A body that is not all there is left over together with its head.
  const unread = named['incomplete'] === 'yes' ? (got['unread'] ?? '') : '0';
  return { messages: isRefused ? '0' : '1', refused: '(none)', incomplete: 'no', unread, ...named };
}

for (const kind of READ) {
  describe(kind.file, () => {
    for (const one of readCaseFile(kind.file)) {
      it(`${one.name} (line ${one.line})`, () => {
        const got = properties(readAllWays(kind, one));
        const expected = expectedProperties(one, got);
        const judged = Object.fromEntries(Object.keys(expected).map((key) => [key, got[key]]));
        assert.deepEqual(judged, expected);
      });
    }
  });
}

for (const kind of FORWARDED) {
  describe(kind.file, () => {
    for (const one of readCaseFile(kind.file)) {
      it(`${one.name} (line ${one.line})`, () => {
        const { messages, refused } = readAllWays(kind, one);
        const [message] = messages;
        assert.ok(message !== undefined, `refused: ${refused}`);
        assert.equal(escapeBytes(kind.output(message)), escapeBytes(readNotation(one.expected.join(''))));
      });
    }
  });
}
