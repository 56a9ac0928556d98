/**
 * Makes hostile messages out of the conformance cases: bytes flipped, tokens of the grammar put in
 * at wrong places, pieces left out, doubled or taken from another message.
 *
 * All randomness comes from the generator that is handed in, so that a seed gives the same
 * messages again.
 */

import { eachByte } from '../http1-cases/feed.ts';

/** Numbers 0 ≤ x < 1. */
export type Random = () => number;

const TOKENS = [
  ...['\r\n', '\r', '\n', '\r\n\r\n', '\0', ' ', '\t', ':', ';', ',', '"', '\\', '=', '/', '#', '*', '\x0b', '\x7f'],
  ...['\x80', '\xa0', '\xff', '0', '1', 'f', '-', '+', '_', '0x', '00000000', '9999999999999999999', 'fffffffffffff'],
  ...[
    'GET ',
    'POST ',
    'HEAD ',
    'OPTIONS ',
    ' HTTP/1.1\r\n',
    ' HTTP/1.0\r\n',
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 100 \r\n',
  ],
  ...[
    'http://a.example',
    'a.example',
    '0\r\n\r\n',
    '1\r\nx\r\n',
    '5;a="b"\r\n',
    'chunked',
    'gzip, ',
    'close',
    'keep-alive',
  ],
  ...['Content-Length: 1\r\n', 'Content-Length: 0\r\n', 'Content_Length: 5\r\n', 'Transfer-Encoding: chunked\r\n'],
  ...[
    'Connection: close\r\n',
    'Connection: upgrade, host, x\r\n',
    'Upgrade: websocket\r\n',
    'Expect: 100-continue\r\n',
  ],
  ...['Host: b\r\n', 'TE: trailers\r\n', 'Via: 1.1 ballast\r\n', 'X-Forwarded-For: 1\r\n', 'Max-Forwards: 0\r\n'],
  ...['Trailer: ETag\r\n', 'ETag: "1"\r\n', 'X: y\r\n', ' : ', '\r\n folded'],
] as const;

const below = (random: Random, limit: number): number => Math.floor(random() * limit);

function oneOf<T>(random: Random, items: readonly T[], fallback: T): T {
  return items[below(random, items.length)] ?? fallback;
}

/** Lengths of pieces: mostly a few bytes. */
const pieceLength = (random: Random): number => 1 + below(random, random() < 0.8 ? 4 : 64);

type Mutation = (message: string, random: Random, corpus: readonly string[]) => string;

const put = (message: string, at: number, removed: number, added: string): string =>
  message.slice(0, at) + added + message.slice(at + removed);

const MUTATIONS: readonly Mutation[] = [
  // A bit of a byte.
  (message, random) => {
    const at = below(random, message.length);
    return put(message, at, 1, String.fromCharCode(message.charCodeAt(at) ^ (1 << below(random, 8))));
  },
  // Any byte.
  (message, random) => put(message, below(random, message.length), 1, String.fromCharCode(below(random, 256))),
  // A token, put in or over something.
  (message, random) => put(message, below(random, message.length + 1), 0, oneOf(random, TOKENS, ':')),
  (message, random) => {
    const token = oneOf(random, TOKENS, ':');
    return put(message, below(random, message.length), token.length, token);
  },
  // A token at the start of a line, where most of them mean something.
  (message, random) => {
    const lines = message.split('\r\n');
    const at = lines.slice(0, below(random, lines.length)).join('\r\n').length;
    return put(message, at, 0, `\r\n${oneOf(random, TOKENS, 'X: y\r\n').replace(/\r\n$/, '')}`);
  },
  // A piece less, or twice.
  (message, random) => put(message, below(random, message.length), pieceLength(random), ''),
  (message, random) => {
    const at = below(random, message.length);
    return put(message, at, 0, message.slice(at, at + pieceLength(random)).repeat(1 + below(random, 3)));
  },
  // The start of one message and the end of another.
  (message, random, corpus) => {
    const other = oneOf(random, corpus, message);
    return message.slice(0, below(random, message.length)) + other.slice(below(random, other.length));
  },
  // Another message behind it.
  (message, random, corpus) => message + oneOf(random, corpus, message),
];

/** Longer ones only cost time. */
const LONGEST_BYTES = 4096;

/** One message of the corpus, changed in one to four ways, or now and then not at all. */
export function mutate(corpus: readonly string[], random: Random): string {
  let message = oneOf(random, corpus, '');
  const changes = random() < 0.05 ? 0 : random() < 0.6 ? 1 : 2 + below(random, 3);
  for (let change = 0; change < changes && message.length > 0; change++) {
    const mutation = MUTATIONS[below(random, MUTATIONS.length)];
    if (mutation !== undefined) message = mutation(message, random, corpus);
  }
  return message.slice(0, LONGEST_BYTES);
}

/** Cuts a message at random places; often at none, sometimes at every byte. */
export function cut(message: string, random: Random): string[] {
  const kind = random();
  if (kind < 0.1) return eachByte(message);
  const cuts = kind < 0.4 ? 1 : 1 + below(random, 6);
  const places = Array.from({ length: cuts }, () => below(random, message.length + 1)).sort((a, b) => a - b);
  return [0, ...places].map((start, index) => message.slice(start, places[index] ?? message.length));
}
