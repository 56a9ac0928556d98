/**
 * A second opinion on everything that is accepted: Node's own parser must accept it as well, and
 * see the same. Where it does not there must be a reason, and it stands here.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readCorpus } from '../../test/fuzz/corpus.ts';
import { mutate } from '../../test/fuzz/mutate.ts';
import { escapeBytes } from '../../test/harness/read-message.ts';
import { randomFrom } from '../../test/harness/segmentations.ts';
import { answer, request } from '../../test/http1-cases/generate.ts';
import {
  PEER_METHODS,
  type PeerStream,
  readRequestsAsPeer,
  readResponsesAsPeer,
} from '../../test/http1-cases/llhttp.ts';
import type { Message, ReadStream } from '../../test/http1-cases/message-stream.ts';
import { fieldLines, readRequests, readResponses } from '../../test/http1-cases/read-stream.ts';

/** A code of its own, why it is right and so are we, and whether this message is such a one. */
type Exception = readonly [error: string, why: string, isOne: (message: Message, text: string) => boolean];

const hasBlankInChunkLine = (_: Message, text: string): boolean => /\n[0-9a-f]+(?=[^\r\n]*[ \t])[ \t]*;/i.test(text);
const framesInTrailers = ({ trailers }: Message): boolean => /^(content-length|transfer-encoding):/im.test(trailers);

/** What we accept and it refuses. */
const EXCEPTIONS: readonly Exception[] = [
  [
    'HPE_INVALID_METHOD',
    'It knows a list of methods; to us any token is one (RFC 9110 section 16.1.1).',
    ({ method }) => !PEER_METHODS.has(method),
  ],
  [
    'HPE_INVALID_CHUNK_SIZE',
    'BWS before an extension is bad, but allowed (RFC 9112 section 7.1.1).',
    hasBlankInChunkLine,
  ],
  ['HPE_STRICT', 'BWS inside an extension is as well; what we send on has no extensions.', hasBlankInChunkLine],
  [
    'HPE_INVALID_CONTENT_LENGTH',
    'It frames by trailers; we drop them unread (RFC 9110 section 6.5.1).',
    framesInTrailers,
  ],
  ['HPE_UNEXPECTED_CONTENT_LENGTH', 'As before.', framesInTrailers],
  ['HPE_INVALID_TRANSFER_ENCODING', 'As before.', framesInTrailers],
];

/** What it accepts and we refuse. */
const STRICTER: Readonly<Record<string, string>> = {
  REQUEST_LINE_INVALID: 'It takes LF for an empty line before a request, and other protocols.',
  REQUEST_TARGET_INVALID: 'It knows HTTP/0.9, takes bytes above ASCII and does not compare forms and methods.',
  REQUEST_METHOD_REFUSED: 'CONNECT and TRACE are not for a reverse proxy.',
  REQUEST_HOST_INVALID: 'It leaves Host to its caller.',
  REQUEST_EXPECTATION_FAILED: 'It leaves Expect to its caller.',
  REQUEST_LOOP: 'It is no proxy.',
  REQUEST_CODING_INVALID: 'It takes empty members of the list, and chunked in HTTP/1.0.',
  REQUEST_CODING_UNSUPPORTED: 'It leaves other codings to its caller.',
  REQUEST_CHUNK_INVALID: 'It takes any number of zeros before a size.',
  UPSTREAM_HEAD_INVALID: 'It takes any three digits for a status and control bytes in a reason.',
  UPSTREAM_FRAMING_INVALID: 'It takes other codings, two fields of them, and chunked in HTTP/1.0.',
};

const asksForUpgrade = ({ head }: Message): boolean =>
  /\r\nupgrade:/i.test(head) && /\r\nconnection:.*upgrade/i.test(head);

/** Compares message by message, as far as both know where one ends. */
function compare(ours: ReadStream, peer: PeerStream, text: string): void {
  const shown = escapeBytes(text, 3_000);
  for (const [index, message] of ours.messages.entries()) {
    if (!message.isComplete) return;
    // It knows the interim answers up to 103, and gives others a body (RFC 9110 section 15.2: none has one).
    if (message.status > 103 && message.status < 200) return;
    const theirs = peer.messages[index];
    if (theirs?.isComplete !== true) {
      const isExcepted = EXCEPTIONS.some(([error, , isOne]) => error === peer.error && isOne(message, text));
      return assert.ok(isExcepted, `${peer.error} for message ${index} of "${shown}"`);
    }
    if (message.status === 0) assert.equal(theirs.method, PEER_METHODS.get(message.method), shown);
    const status = message.status === 0 ? undefined : message.status;
    assert.deepEqual([theirs.target, theirs.status, theirs.body], [message.rawTarget, status, message.body], shown);
    assert.deepEqual(theirs.fields, fieldLines(message.head).flat(), shown);
    // It reads no further: what follows is nobody's request, or is of another protocol.
    if (!message.isKeepAlive || message.status === 101 || asksForUpgrade(message)) return;
  }
  if (ours.refused === null || peer.messages[ours.messages.length]?.isComplete !== true || peer.error !== null) return;
  assert.ok(ours.refused in STRICTER, `${ours.refused}, and it sees nothing wrong in "${shown}"`);
}

const compareRequests = (text: string): void => compare(readRequests([text]), readRequestsAsPeer(text), text);
const compareAnswers = (text: string, methods: readonly string[]): void =>
  compare(readResponses([text], { methods }), readResponsesAsPeer(text, methods), text);

describe('what we accept, llhttp accepts and sees alike', () => {
  it('generated requests', () => {
    fc.assert(
      fc.property(request, ({ text }) => compareRequests(text)),
      { numRuns: 500 },
    );
  });

  it('generated answers', () => {
    fc.assert(
      fc.property(answer, ({ text }) => compareAnswers(text, [])),
      { numRuns: 500 },
    );
  });

  it('the conformance cases and what mutations make of them', () => {
    const random = randomFrom('llhttp');
    const requests = readCorpus('requests');
    const answers = readCorpus('answers');
    for (const text of requests) compareRequests(text);
    for (const text of answers) compareAnswers(text, []);
    for (let run = 0; run < 8_000; run++) {
      compareRequests(mutate(requests, random));
      compareAnswers(mutate(answers, random), run % 4 === 0 ? ['HEAD', 'HEAD', 'HEAD'] : []);
    }
  });
});
