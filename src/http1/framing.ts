/**
 * How long is this body? Every rule that a smuggled request could turn on lives in this file
 * (RFC 9112 section 6.3, RFC 9110 section 8.6).
 *
 * The rules are stricter than the RFC's wherever it leaves a choice: a message whose length two
 * readers could see differently is refused, never repaired.
 */
import type { FailureCode } from '../protocol/failures.ts';
import { byteAt, equalsIgnoringCase, isBlank, TOKEN } from './bytes.ts';
import { FIELD } from './fields.ts';
import type { HeadParser } from './parse-head.ts';

/** How the end of a body is found. */
export const BODY = { NONE: 0, LENGTH: 1, CHUNKED: 2, UNTIL_CLOSE: 3 } as const;

/** The answer of the two functions below, written over at each call. */
export interface Framing {
  /** One of `BODY`. */
  kind: number;
  /** Bytes, for `LENGTH`. */
  bytes: number;
  /** Whether the message's own `Content-Length` may be passed on as it is. */
  isLengthCanonical: boolean;
  /** Whether a `Content-Length` was there, whatever it says about this message. */
  hasLength: boolean;
}

export function newFraming(): Framing {
  return { kind: BODY.NONE, bytes: 0, isLengthCanonical: true, hasLength: false };
}

/** Lengths have at most this many digits once leading zeros are gone: 2^53 has 16. */
const LENGTH_DIGITS = 15;
/** Digits in all; nobody writes more leading zeros than this for a good reason. */
const LENGTH_DIGITS_WRITTEN = 32;

/** How long the body of a request is. @returns null, or why it cannot be told */
export function requestFraming(head: HeadParser, buffer: Buffer, base: number, framing: Framing): FailureCode | null {
  const failure = readLengths(head, buffer, base, framing);
  if (failure === null) {
    if (codings === 0) framing.kind = framing.hasLength && framing.bytes > 0 ? BODY.LENGTH : BODY.NONE;
    else framing.kind = BODY.CHUNKED;
    return null;
  }
  return failure;
}

/**
 * How long the body of an answer is (RFC 9112 section 6.3).
 * @param isHead whether the request's method was HEAD
 * @returns whether it can be told
 */
export function responseFraming(
  head: HeadParser,
  buffer: Buffer,
  base: number,
  isHead: boolean,
  framing: Framing,
): boolean {
  if (readLengths(head, buffer, base, framing) !== null) return false;
  const { status } = head;
  if (isHead || status < 200 || status === 204 || status === 304) framing.kind = BODY.NONE;
  else if (codings > 0) framing.kind = BODY.CHUNKED;
  else if (!framing.hasLength) framing.kind = BODY.UNTIL_CLOSE;
  else framing.kind = framing.bytes > 0 ? BODY.LENGTH : BODY.NONE;
  return true;
}

/** Transfer-Encoding fields seen by the last call of `readLengths`: 0 or 1. */
let codings = 0;

function readLengths(head: HeadParser, buffer: Buffer, base: number, framing: Framing): FailureCode | null {
  framing.bytes = 0;
  framing.isLengthCanonical = true;
  framing.hasLength = false;
  codings = 0;
  for (let index = 0; index < head.knownCount; index++) {
    const field = head.knownField(index);
    if (field === FIELD.CONTENT_LENGTH) {
      // Even two equal ones: an intermediary that sends them is not one to be trusted.
      if (framing.hasLength) return 'REQUEST_LENGTH_INVALID';
      framing.hasLength = true;
      const failure = readLength(buffer, base + head.knownValueStart(index), base + head.knownValueEnd(index), framing);
      if (failure !== null) return failure;
    } else if (field === FIELD.TRANSFER_ENCODING) {
      if (++codings > 1) return 'REQUEST_CODING_INVALID';
      const failure = readCoding(buffer, base + head.knownValueStart(index), base + head.knownValueEnd(index));
      if (failure !== null) return failure;
    }
  }
  if (codings > 0 && framing.hasLength) return 'REQUEST_LENGTH_CONFLICT';
  if (codings > 0 && head.minorVersion === 0) return 'REQUEST_CODING_INVALID';
  return null;
}

/** Digits only: no sign, no list, no space inside. The value never leaves the exact integers. */
function readLength(buffer: Buffer, start: number, end: number, framing: Framing): FailureCode | null {
  if (end === start || end - start > LENGTH_DIGITS_WRITTEN) {
    return isAllDigits(buffer, start, end) ? 'REQUEST_BODY_TOO_LARGE' : 'REQUEST_LENGTH_INVALID';
  }
  let value = 0;
  let digits = 0;
  for (let at = start; at < end; at++) {
    const digit = byteAt(buffer, at) - 0x30;
    if (digit < 0 || digit > 9) return 'REQUEST_LENGTH_INVALID';
    if (value > 0 || digit > 0) digits++;
    value = value * 10 + digit;
  }
  if (digits > LENGTH_DIGITS) return 'REQUEST_BODY_TOO_LARGE';
  framing.bytes = value;
  framing.isLengthCanonical = end - start === Math.max(digits, 1);
  return null;
}

function isAllDigits(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = byteAt(buffer, at);
    if (byte < 0x30 || byte > 0x39) return false;
  }
  return end > start;
}

/** The list must be exactly `chunked`. Other codings that are written correctly are told apart. */
function readCoding(buffer: Buffer, start: number, end: number): FailureCode | null {
  if (equalsIgnoringCase(buffer, start, end, 'chunked')) return null;
  // `gzip, chunked` is well-formed: understood, but not supported. All else is malformed.
  let last = '';
  let at = start;
  let members = 0;
  while (at < end) {
    const memberStart = at;
    while (at < end && TOKEN[byteAt(buffer, at)] === 1) at++;
    if (at === memberStart) return 'REQUEST_CODING_INVALID';
    last = buffer.toString('latin1', memberStart, at).toLowerCase();
    members++;
    if (last === 'chunked' && at < end) return 'REQUEST_CODING_INVALID';
    while (at < end && isBlank(byteAt(buffer, at))) at++;
    if (at === end) break;
    if (byteAt(buffer, at) !== 0x2c) return 'REQUEST_CODING_INVALID';
    at++;
    while (at < end && isBlank(byteAt(buffer, at))) at++;
    if (at === end) return 'REQUEST_CODING_INVALID';
  }
  return members > 1 && last === 'chunked' ? 'REQUEST_CODING_UNSUPPORTED' : 'REQUEST_CODING_INVALID';
}
