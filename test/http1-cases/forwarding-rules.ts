/**
 * What must be true of everything that goes on to the other side, whatever came in. A second,
 * slow and simple statement of the rules of `forward-fields.ts`, which shares nothing with it, and
 * the tests' own strict reader on what was written.
 */
import assert from 'node:assert/strict';
import { escapeBytes } from '../harness/read-message.ts';
import { readRequest } from '../harness/read-request.ts';
import { readResponse } from '../harness/read-response.ts';
import { eachByte } from './feed.ts';
import type { Message } from './message-stream.ts';
import { AUTHORITY, ORIGIN, readRequests, readResponses } from './read-stream.ts';

type Line = readonly [name: string, value: string];

/** Field lines of a head, values as they lie. */
export function linesOf(head: string): Line[] {
  const lines = head.split('\r\n').slice(1, -2);
  return lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]);
}

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];
const REMOVED = new Set([...HOP_BY_HOP, 'http2-settings', 'forwarded', 'x-real-ip']);
/** Names with meaning to a proxy: with an underscore for a hyphen they do not go on. */
const KNOWN = new Set([...REMOVED, 'host', 'content-length', 'expect', 'max-forwards', 'via']);

function isRemoved(name: string, nominated: ReadonlySet<string>): boolean {
  const plain = name.replaceAll('_', '-');
  if (plain.startsWith('x-forwarded-') && plain !== 'x-forwarded-') return true;
  if (plain !== name) return KNOWN.has(plain) || nominated.has(name);
  return REMOVED.has(name) || nominated.has(name);
}

const strip = (value: string): string => value.replace(/^[ \t]+|[ \t]+$/g, '');

/** One space before the value or none, and nothing behind it. */
const isPlain = (value: string): boolean => value === strip(value) || value === ` ${strip(value)}`;

/** The lines that the backend must get, in order. */
function expectedRequestLines(message: Message): Line[] {
  const nominated = new Set(message.nominated);
  const isOptions = message.method === 'OPTIONS' && message.maxForwards >= 0;
  const length = String(message.lengthBytes);
  const kept = linesOf(message.head).filter(([anyCase, value]) => {
    const name = anyCase.toLowerCase();
    if (isRemoved(name, nominated)) return false;
    if (name === 'content-length') return isPlain(value) && strip(value) === length;
    if (name === 'host') return isPlain(value);
    if (name === 'expect') return message.expectsContinue;
    return !(name === 'max-forwards' && isOptions);
  });
  const lines: Line[] = [...kept];
  const has = (wanted: string): boolean => kept.some(([name]) => name.toLowerCase() === wanted);
  const had = (wanted: string): boolean => linesOf(message.head).some(([name]) => name.toLowerCase() === wanted);
  if (message.framing === 'chunked') lines.push(['Transfer-Encoding', ' chunked']);
  else if (had('content-length') && !has('content-length')) lines.push(['Content-Length', ` ${length}`]);
  if (message.isUpgrade) lines.push(['Connection', ' Upgrade'], ['Upgrade', ' websocket']);
  if (isOptions && message.maxForwards > 0) lines.push(['Max-Forwards', ` ${message.maxForwards - 1}`]);
  if (!has('host')) lines.push(['Host', ` ${message.host === '' ? AUTHORITY : message.host}`]);
  if (message.host !== '') lines.push(['X-Forwarded-Host', ` ${message.host}`]);
  return [...lines, ...linesOf(`\r\n${ORIGIN.forLine}${ORIGIN.protoLine}${ORIGIN.viaLine}\r\n`)];
}

/** HTAB, SP, VCHAR and obs-text (RFC 9110 section 5.5). */
const isAllowed = (byte: string): boolean => byte === '\t' || (byte >= ' ' && byte !== '\x7f');

function assertClean(written: string): void {
  const lines = written.split('\r\n');
  for (const line of lines) assert.ok(eachByte(line).every(isAllowed), `a control byte in "${escapeBytes(line)}"`);
  assert.ok(
    written.endsWith('\r\n\r\n') && written.indexOf('\r\n\r\n') === written.length - 4,
    'one empty line, at the end',
  );
}

/** A body in the form in which it is passed on. */
function writtenBody({ framing, body, writtenTrailers }: Message): string {
  if (framing !== 'chunked') return body;
  const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`;
  return `${chunk}0\r\n${writtenTrailers}\r\n`;
}

const TRAILER = /^(?:server-timing|digest|content-digest|repr-digest|content-md5|etag|grpc-[a-z-]+):/i;

function assertTrailers(message: Message): void {
  for (const line of message.writtenTrailers.split('\r\n').slice(0, -1)) {
    assert.match(line, TRAILER, 'a trailer that may not be passed on');
    assert.ok(message.trailers.includes(`${line}\r\n`), 'a trailer that nobody sent');
    assert.ok(!message.nominated.includes(line.slice(0, line.indexOf(':')).toLowerCase()), 'a nominated trailer');
  }
}

/** Checks a complete request and the head that was written for it. */
export function assertRequestForwarded(message: Message): void {
  const { written } = message;
  assertClean(written);
  assertTrailers(message);
  assert.deepEqual(linesOf(written), expectedRequestLines(message));
  const whole = written + writtenBody(message);
  const again = readRequests([whole], { viaName: 'another' });
  const [read] = again.messages;
  assert.ok(read !== undefined && again.refused === null && again.messages.length === 1, `refused: ${again.refused}`);
  assert.equal(again.unreadBytes, 0);
  const judged = readRequest(whole, 0);
  assert.ok(judged !== null, 'it is incomplete');
  assert.equal(judged.end, whole.length);
  for (const seen of [read, judged]) {
    assert.deepEqual([seen.method, seen.target, seen.body], [message.method, message.target, message.body]);
  }
  assert.equal(read.isUpgrade, message.isUpgrade);
}

/** Checks a complete answer and the head that was written for it, with the framing that it came with. */
export function assertAnswerForwarded(message: Message, method: string): void {
  const { written } = message;
  assertClean(written);
  assertTrailers(message);
  assert.match(written, new RegExp(`^HTTP/1\\.1 ${message.status} [\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n`));
  for (const [name] of linesOf(written)) {
    const lower = name.toLowerCase();
    const isOurs = lower === 'transfer-encoding' && message.framing === 'chunked';
    assert.ok(isOurs || !HOP_BY_HOP.includes(lower), `${name} is hop-by-hop`);
    assert.ok(!message.nominated.includes(lower), `${name} was named by Connection`);
  }
  const whole = written + writtenBody(message);
  const again = readResponses([whole], { methods: [method] });
  assert.ok(
    again.messages.length === 1 && again.refused === null && again.unreadBytes === 0,
    `refused: ${again.refused}`,
  );
  const judged = readResponse(whole, 0, method, 'open');
  assert.ok(judged?.isComplete === true, 'it is incomplete');
  for (const seen of [again.messages[0], judged]) {
    assert.deepEqual([seen?.status, seen?.body], [message.status, message.body]);
  }
}
