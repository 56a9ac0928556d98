/**
 * What a well-formed request head means (RFC 9112 section 3, RFC 9110 sections 7 and 9).
 *
 * Reads the parsed head into one flat object that is used again for every request of a
 * connection. The target is taken as it is: never decoded, never normalised.
 */
import type { FailureCode } from '../protocol/failures.ts';
import { byteAt, equalsIgnoringCase, HOST_IPV6, HOST_NAME, isText } from './bytes.ts';
import { type ConnectionOptions, newConnectionOptions, readConnectionOptions } from './connection-options.ts';
import { FIELD } from './fields.ts';
import { BODY, type Framing, newFraming, requestFraming } from './framing.ts';
import type { HeadReader } from './head-reader.ts';

export interface Request {
  method: string;
  isHead: boolean;
  /** May be sent again (RFC 9110 section 9.2.2). */
  isIdempotent: boolean;
  /** Origin-form or `*`, as it will be forwarded; its bytes lie at `pathStart` to `pathEnd`. */
  pathStart: number;
  pathEnd: number;
  /** True where an absolute-form target without a path stands for `/`. */
  isPathMissing: boolean;
  isAbsoluteForm: boolean;
  /** `Host` as the client sent it; empty where an HTTP/1.0 client sent none. */
  host: string;
  minorVersion: number;
  /** Whether the connection may stay open after the answer. */
  isKeepAlive: boolean;
  /** A WebSocket handshake: the one upgrade that is passed on. */
  isUpgrade: boolean;
  expectsContinue: boolean;
  /** -1 where there is none. */
  maxForwards: number;
  readonly connection: ConnectionOptions;
  readonly framing: Framing;
}

export function newRequest(): Request {
  return {
    method: '',
    isHead: false,
    isIdempotent: false,
    pathStart: 0,
    pathEnd: 0,
    isPathMissing: false,
    isAbsoluteForm: false,
    host: '',
    minorVersion: 1,
    isKeepAlive: true,
    isUpgrade: false,
    expectsContinue: false,
    maxForwards: -1,
    connection: newConnectionOptions(),
    framing: newFraming(),
  };
}

/** QUERY is idempotent by its definition (RFC 10008). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY']);

/**
 * Reads the head that `reader` has just completed.
 * @param viaName the name by which this balancer would find itself in `Via`
 * @returns null, or why the request is refused
 */
export function readRequest(reader: HeadReader, viaName: string, request: Request): FailureCode | null {
  const { head, buffer, base } = reader;
  request.minorVersion = head.minorVersion;
  readMethod(buffer, base + head.start, base + head.methodEnd, request);
  // Before the target, since theirs may have any form.
  if (request.method === 'CONNECT' || request.method === 'TRACE') return 'REQUEST_METHOD_REFUSED';
  const lastHost = request.host;
  request.host = '';
  request.isUpgrade = false;
  request.expectsContinue = false;
  request.maxForwards = -1;
  let hosts = 0;
  let upgrades = 0;
  let isWebSocket = false;
  for (let index = 0; index < head.knownCount; index++) {
    const start = base + head.knownValueStart(index);
    const end = base + head.knownValueEnd(index);
    switch (head.knownField(index)) {
      case FIELD.HOST:
        if (++hosts > 1 || !isHost(buffer, start, end)) return 'REQUEST_HOST_INVALID';
        // Mostly it is the one of the request before, and a string costs more than to look.
        request.host = isText(buffer, start, end, lastHost) ? lastHost : buffer.toString('latin1', start, end);
        break;
      case FIELD.UPGRADE:
        upgrades++;
        isWebSocket = equalsIgnoringCase(buffer, start, end, 'websocket');
        break;
      case FIELD.EXPECT:
        // An HTTP/1.0 client cannot mean it (RFC 9110 section 10.1.1).
        if (head.minorVersion === 0) break;
        if (!equalsIgnoringCase(buffer, start, end, '100-continue')) return 'REQUEST_EXPECTATION_FAILED';
        request.expectsContinue = true;
        break;
      case FIELD.MAX_FORWARDS:
        request.maxForwards = decimal(buffer, start, end);
        break;
      case FIELD.VIA:
        if (namesVia(buffer, start, end, viaName)) return 'REQUEST_LOOP';
    }
  }
  if (hosts === 0 && head.minorVersion === 1) return 'REQUEST_HOST_INVALID';
  const failure = readTarget(buffer, base + head.targetStart, base + head.targetEnd, request);
  if (failure !== null) return failure;
  const framingFailure = requestFraming(head, buffer, base, request.framing);
  if (framingFailure !== null) return framingFailure;
  const { connection } = request;
  readConnectionOptions(head, buffer, base, connection);
  request.isKeepAlive = !connection.isClose && (head.minorVersion === 1 || connection.isKeepAlive);
  request.isUpgrade =
    isWebSocket &&
    upgrades === 1 &&
    connection.isUpgrade &&
    head.minorVersion === 1 &&
    request.method === 'GET' &&
    request.framing.kind === BODY.NONE;
  return null;
}

function readMethod(buffer: Buffer, start: number, end: number, request: Request): void {
  if (
    end - start === 3 &&
    byteAt(buffer, start) === 0x47 &&
    byteAt(buffer, start + 1) === 0x45 &&
    byteAt(buffer, start + 2) === 0x54
  ) {
    request.method = 'GET';
    request.isHead = false;
    request.isIdempotent = true;
    return;
  }
  request.method = buffer.toString('latin1', start, end);
  request.isHead = request.method === 'HEAD';
  request.isIdempotent = IDEMPOTENT.has(request.method);
}

const SLASH = 0x2f;
const HTTP_SCHEME = 'http://';

function readTarget(buffer: Buffer, start: number, end: number, request: Request): FailureCode | null {
  request.isPathMissing = false;
  request.isAbsoluteForm = false;
  request.pathStart = start;
  request.pathEnd = end;
  const first = byteAt(buffer, start);
  if (first === SLASH) return null;
  if (first === 0x2a && end - start === 1) return request.method === 'OPTIONS' ? null : 'REQUEST_TARGET_INVALID';
  // Absolute-form (RFC 9112 section 3.2.2). Its authority rules over Host; where the two differ
  // somebody is being misled, so the request is refused.
  const authority = start + HTTP_SCHEME.length;
  if (authority >= end || !equalsIgnoringCase(buffer, start, authority, HTTP_SCHEME)) return 'REQUEST_TARGET_INVALID';
  let authorityEnd = authority;
  while (authorityEnd < end && byteAt(buffer, authorityEnd) !== SLASH && byteAt(buffer, authorityEnd) !== 0x3f)
    authorityEnd++;
  if (!isHost(buffer, authority, authorityEnd)) return 'REQUEST_TARGET_INVALID';
  const named = buffer.toString('latin1', authority, authorityEnd);
  if (request.host === '') request.host = named;
  else if (named.toLowerCase() !== request.host.toLowerCase()) return 'REQUEST_HOST_INVALID';
  request.isAbsoluteForm = true;
  request.pathStart = authorityEnd;
  request.isPathMissing = authorityEnd === end || byteAt(buffer, authorityEnd) !== SLASH;
  return null;
}

/** `uri-host [ ":" port ]`, neither empty, the port a possible one (RFC 9110 section 7.2). */
function isHost(buffer: Buffer, start: number, end: number): boolean {
  let at = start;
  if (byteAt(buffer, at) === 0x5b) {
    at++;
    while (at < end && HOST_IPV6[byteAt(buffer, at)] === 1) at++;
    if (at >= end || byteAt(buffer, at) !== 0x5d || at < start + 3) return false;
    at++;
  } else {
    while (at < end && HOST_NAME[byteAt(buffer, at)] === 1) at++;
    if (at === start) return false;
  }
  if (at === end) return true;
  if (byteAt(buffer, at) !== 0x3a || end - at > 6) return false;
  let port = 0;
  for (at++; at < end; at++) {
    const digit = byteAt(buffer, at) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65535;
}

/** A small decimal number; -1 for anything else. */
function decimal(buffer: Buffer, start: number, end: number): number {
  if (end === start || end - start > 9) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = byteAt(buffer, at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Whether one of the members `1.1 name (comment)` of a `Via` field has our name. */
function namesVia(buffer: Buffer, start: number, end: number, viaName: string): boolean {
  const members = buffer.toString('latin1', start, end).split(',');
  return members.some((member) => /^[ \t]*[^ \t]+[ \t]+([^ \t]+)/.exec(member)?.[1] === viaName);
}
