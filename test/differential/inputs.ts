/**
 * What is sent through the balancer: the conformance cases, mutations of them, and generated
 * requests whose meaning is known beforehand. The seed can be set by `SEED`.
 */
import { readRequestCases } from '../conformance/cases.ts';
import { readCorpus } from '../fuzz/corpus.ts';
import { mutate } from '../fuzz/mutate.ts';
import { randomFrom, SEGMENTATIONS } from '../harness/segmentations.ts';
import { type SeenRequest, seenRequest } from './peer.ts';

export interface Input {
  readonly id: string;
  readonly bytes: string;
  /** The same bytes as they are sent, piece by piece. */
  readonly pieces: readonly string[];
  /** What a backend must see of it, where that is known. */
  readonly expected: readonly SeenRequest[] | null;
}

/** Another one gives other mutants and other generated requests. */
const SEED = process.env['SEED'] ?? 'ballast';

function input(id: string, bytes: string, isCut: boolean, expected: Input['expected'] = null): Input {
  return { id, bytes, expected, pieces: isCut ? SEGMENTATIONS['two random cuts'](bytes, id) : [bytes] };
}

/** Every conformance case, once. */
export function caseInputs(): Input[] {
  return readRequestCases().map(({ id, raw }, index) => input(id, raw, index % 2 === 1));
}

export function mutantInputs(count: number): Input[] {
  const corpus = readCorpus('requests');
  return Array.from({ length: count }, (_, index) => {
    const id = `mutant ${SEED} ${index}`;
    return input(id, mutate(corpus, randomFrom(id)), index % 2 === 1);
  });
}

const METHODS = ['GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'PROPFIND', 'REPORT'];
const SEGMENTS = [
  'a',
  'b.html',
  '%2f',
  '%00',
  '%0d%0a',
  'x;y=1',
  '~u',
  'a+b',
  '%',
  '%zz',
  'a:b@c',
  "it's",
  '%e2%82%ac',
];
const QUERIES = ['', '', '?', '?x=1&y=2', '?a=http://b/c', '?q=%20%22', '?a=[1]', '?a=1?b', '?"', '?<x>', '?a|b^c`{}'];
const FIELDS = [
  'Accept: */*',
  'Cookie: a=1; b="2"',
  'X-Empty:',
  'X-Bytes: \xe9\xff',
  'X-Tab: a\tb',
  'Content-Type: text/plain',
  'Authorization: Basic Zm9vOmJhcg==',
  'X-Look: Content-Length: 5',
  "X-All!#$%&'*+-.^`|~: 1",
  'TE: trailers',
  'Expect: 100-continue',
  'Keep-Alive: timeout=5',
];
const BODY_PIECES = [
  'hello',
  '0\r\n\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: evil.example\r\n\r\n',
  '\r\n\r\n',
  '\0\x01\x7f\x80\xff',
  'x'.repeat(9_000),
  '5\r\nhello\r\n0\r\n\r\n',
  '\n',
];

interface Dice {
  /** True in `share` of the throws. */
  readonly falls: (share: number) => boolean;
  readonly oneOf: (items: readonly string[]) => string;
  readonly upTo: (limit: number) => number;
}

function diceFrom(seed: string): Dice {
  const random = randomFrom(seed);
  const upTo = (limit: number): number => Math.floor(random() * (limit + 1));
  return { falls: (share) => random() < share, oneOf: (items) => items[upTo(items.length - 1)] ?? '', upTo };
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

function chunked(body: string, dice: Dice): string {
  let text = '';
  for (let at = 0; at < body.length; ) {
    const size = Math.min(body.length - at, 1 + dice.upTo(dice.falls(0.5) ? 7 : 5_000));
    const extension = dice.oneOf(['', '', '', ';a', ';a=b', ' ; a = "b\\"c"', ';0d0a=1']);
    text += `${dice.oneOf(['', '0', '000'])}${size.toString(16)}${extension}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  const trailers = dice.falls(0.3) ? 'X-Trailer: 1\r\nContent-Length: 7\r\n' : '';
  return `${text}${dice.oneOf(['0', '000', '0;last'])}\r\n${trailers}\r\n`;
}

function generate(dice: Dice): { bytes: string; seen: SeenRequest } {
  const method = dice.oneOf(METHODS);
  const target = `/${times(dice.upTo(3), () => dice.oneOf(SEGMENTS)).join('/')}${dice.oneOf(QUERIES)}`;
  const form = dice.falls(0.1) ? `http://a.example${target}` : target;
  const fields = new Set(times(dice.upTo(4), () => dice.oneOf(FIELDS)));
  const kind = dice.oneOf(['none', 'none', 'length', 'length', 'chunked']);
  const body = kind === 'none' ? '' : times(dice.upTo(3), () => dice.oneOf(BODY_PIECES)).join('');
  if (kind === 'none') fields.delete('Expect: 100-continue');
  if (kind === 'length') fields.add(`${dice.oneOf(['Content-Length', 'content-length'])}: ${body.length}`);
  if (kind === 'chunked')
    fields.add(`${dice.oneOf(['Transfer-Encoding', 'TRANSFER-ENCODING'])}: ${dice.oneOf(['chunked', 'Chunked'])}`);
  const lines = [`${dice.oneOf(['Host', 'HOST', 'host'])}: a.example`, ...fields].sort(() =>
    dice.falls(0.5) ? 1 : -1,
  );
  const head = `${method} ${form} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  return { bytes: head + (kind === 'chunked' ? chunked(body, dice) : body), seen: seenRequest(method, target, body) };
}

/** Valid requests, up to four on a connection at once. */
export function generatedInputs(count: number): Input[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `generated ${SEED} ${index}`;
    const dice = diceFrom(id);
    const requests = times(1 + (dice.falls(0.5) ? dice.upTo(3) : 0), () => generate(dice));
    const bytes = requests.map((request) => request.bytes).join('');
    return input(
      id,
      bytes,
      index % 2 === 1,
      requests.map(({ seen }) => seen),
    );
  });
}
