/**
 * Mutated messages through the codec alone, both directions. What must hold for any bytes:
 *
 * - nothing throws;
 * - however the bytes are cut, the same messages come out, and the same refusal;
 * - every byte belongs to a message, is left over, or comes after a refusal;
 * - what is accepted goes on as exactly one message that a strict reader takes for the same one.
 */
import assert from 'node:assert/strict';
import { assertAnswerForwarded, assertRequestForwarded } from '../http1-cases/forwarding-rules.ts';
import type { Message, ReadStream } from '../http1-cases/message-stream.ts';
import { readRequests, readResponses } from '../http1-cases/read-stream.ts';
import { type Direction, readCorpus } from './corpus.ts';
import { cut, mutate, type Random } from './mutate.ts';

/** Every answer of a stream is one to HEAD: more of them than any stream has. */
export const ALL_HEAD: readonly string[] = new Array<string>(4096).fill('HEAD');

export interface CodecFigures {
  streams: number;
  /** Messages whose head was accepted. */
  messages: number;
  refused: number;
}

export class FuzzFailure extends Error {
  readonly direction: Direction;
  readonly bytes: string;

  constructor(direction: Direction, bytes: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.direction = direction;
    this.bytes = bytes;
  }
}

/** Checks one stream, whole and in pieces. Throws where a rule is broken. */
export function checkStream(
  direction: Direction,
  bytes: string,
  pieces: readonly string[],
  methods: readonly string[],
): ReadStream {
  const read = (from: readonly string[]): ReadStream =>
    direction === 'requests' ? readRequests(from) : readResponses(from, { methods });
  const whole = read([bytes]);
  assert.deepEqual(read(pieces), whole, 'in pieces it is another one');
  const complete = whole.messages.filter((message) => message.isComplete);
  for (const message of complete) assertForwarded(direction, message, methods);
  const taken = complete.reduce((sum, message) => sum + message.head.length + message.body.length, 0);
  assert.ok(taken + whole.unreadBytes <= bytes.length, 'more bytes than there were');
  return whole;
}

function assertForwarded(direction: Direction, message: Message, methods: readonly string[]): void {
  if (direction === 'requests') return assertRequestForwarded(message);
  // Interim answers and a switch of protocols have no body to be judged by.
  if (message.status >= 200) assertAnswerForwarded(message, methods[0] ?? 'GET');
}

/** Runs as many streams as `isDone` lets it. Throws `FuzzFailure` with the bytes that broke a rule. */
export function fuzzCodec(random: Random, isDone: (figures: CodecFigures) => boolean): CodecFigures {
  const corpora = { requests: readCorpus('requests'), answers: readCorpus('answers') };
  const figures: CodecFigures = { streams: 0, messages: 0, refused: 0 };
  while (!isDone(figures)) {
    const direction: Direction = random() < 0.6 ? 'requests' : 'answers';
    const bytes = mutate(corpora[direction], random);
    const methods = random() < 0.2 ? ALL_HEAD : [];
    try {
      const stream = checkStream(direction, bytes, cut(bytes, random), methods);
      figures.streams++;
      figures.messages += stream.messages.length;
      if (stream.refused !== null) figures.refused++;
    } catch (error) {
      throw new FuzzFailure(direction, bytes, error);
    }
  }
  return figures;
}
