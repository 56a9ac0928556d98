/**
 * From the head that came to the head that goes on: hop-by-hop fields out, our own in
 * (RFC 9110 section 7.6).
 *
 * Lines that stay are passed on as they lie, in runs: from one line that goes to the next, one
 * slice. So a head of twenty ordinary fields costs one string, not twenty.
 *
 * What is removed is removed first and ours is added after, so that no client can have a field
 * of ours taken away by naming it in `Connection`.
 */
import { byteAt, COLON, CR, equalsIgnoringCase, SPACE, TOKEN } from './bytes.ts';
import { FIELD } from './fields.ts';
import { BODY, type Framing } from './framing.ts';
import type { HeadReader } from './head-reader.ts';
import type { Request } from './request.ts';

/** What a backend is told of where a request comes from; lines end in CRLF. */
export interface Origin {
  /** Whether what the client itself says in `X-Forwarded-*` is passed on. */
  readonly isTrusted: boolean;
  /** `X-Forwarded-For` with the client's address. */
  readonly forLine: string;
  readonly protoLine: string;
  readonly viaLine: string;
}

/**
 * The head for the backend.
 * @param authority of the backend, for an HTTP/1.0 request without `Host`
 */
export function writeRequestHead(reader: HeadReader, request: Request, origin: Origin, authority: string): string {
  const { head, buffer, base } = reader;
  let text = '';
  let runStart = base + head.fieldsStart;
  if (request.isAbsoluteForm || request.minorVersion === 0) {
    const path = buffer.toString('latin1', request.pathStart, request.pathEnd);
    text = `${request.method} ${missingPath(request, path)}${path} HTTP/1.1\r\n`;
  } else {
    runStart = base + head.start;
  }
  const { framing, connection } = request;
  let hasHost = false;
  let isLengthKept = false;
  let isProtoKept = false;
  let isHostKept = false;
  for (let index = 0; index < head.knownCount; index++) {
    const field = head.knownField(index);
    if (field === FIELD.VIA) continue;
    if (field === FIELD.HOST && isPlain(reader, index, 'host'.length)) {
      hasHost = true;
      continue;
    }
    if (field === FIELD.CONTENT_LENGTH) {
      isLengthKept = framing.isLengthCanonical && isPlain(reader, index, 'content-length'.length);
      if (isLengthKept) continue;
    }
    if (field === FIELD.EXPECT && request.expectsContinue) continue;
    // Only OPTIONS and TRACE count down; for others the field says nothing (section 7.6.2).
    if (field === FIELD.MAX_FORWARDS && (request.method !== 'OPTIONS' || request.maxForwards < 0)) continue;
    if (field === FIELD.FORWARDED && origin.isTrusted) {
      const nameStart = base + head.knownLineStart(index);
      if (isNamed(buffer, nameStart, 'x-forwarded-proto:')) isProtoKept = true;
      if (isNamed(buffer, nameStart, 'x-forwarded-host:')) isHostKept = true;
      if (isNamed(buffer, nameStart, 'x-forwarded-')) continue;
    }
    text += buffer.toString('latin1', runStart, base + head.knownLineStart(index));
    runStart = base + head.knownLineEnd(index);
  }
  text += buffer.toString('latin1', runStart, base + head.fieldsEnd);
  if (connection.nominated !== null) text = withoutNominated(text, connection.nominated);
  if (framing.kind === BODY.CHUNKED) text += 'Transfer-Encoding: chunked\r\n';
  else if (framing.hasLength && !isLengthKept) text += `Content-Length: ${framing.bytes}\r\n`;
  if (request.isUpgrade) text += 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  if (request.method === 'OPTIONS' && request.maxForwards > 0) text += `Max-Forwards: ${request.maxForwards - 1}\r\n`;
  // HTTP/1.0 does without; with a target in absolute-form the host is known all the same.
  if (!hasHost) text += `Host: ${request.host === '' ? authority : request.host}\r\n`;
  if (request.host !== '' && !isHostKept) text += `X-Forwarded-Host: ${request.host}\r\n`;
  return `${text}${origin.forLine}${isProtoKept ? '' : origin.protoLine}${origin.viaLine}\r\n`;
}

/** Whether a line is `name: value` with one space or none; the two fields that all hangs on go on in no other form. */
function isPlain({ head, buffer, base }: HeadReader, index: number, nameBytes: number): boolean {
  const afterColon = head.knownLineStart(index) + nameBytes + 1;
  const blanks = head.knownValueStart(index) - afterColon;
  const isPlainStart = blanks === 0 || (blanks === 1 && byteAt(buffer, base + afterColon) === SPACE);
  return isPlainStart && head.knownValueEnd(index) === head.knownLineEnd(index) - 2;
}

function isNamed(buffer: Buffer, nameStart: number, prefix: string): boolean {
  return equalsIgnoringCase(buffer, nameStart, nameStart + prefix.length, prefix);
}

function missingPath(request: Request, path: string): string {
  if (!request.isPathMissing) return '';
  return request.method === 'OPTIONS' && path === '' ? '*' : '/';
}

/** What the answer's head must say about its own body and about the client's connection. */
export interface AnswerFraming {
  /** Pass the body on in chunks. */
  isChunked: boolean;
  /** Pass the answer's `Content-Length` on, where it has one. */
  keepsLength: boolean;
  /** `Connection` line for the client with its CRLF, or empty. */
  connectionLine: string;
}

/** The head for the client, of a final or interim answer. */
export function writeResponseHead(
  reader: HeadReader,
  framing: Framing,
  nominated: Set<string> | null,
  answer: AnswerFraming,
): string {
  const { head, buffer, base } = reader;
  let runStart = base;
  let text = '';
  const statusEnd = base + 12;
  if (head.minorVersion === 0 || byteAt(buffer, statusEnd) === CR) {
    // From HTTP/1.0, or without the space after the status: the line is written anew.
    text = `HTTP/1.1 ${head.status} ${buffer.toString('latin1', Math.min(statusEnd + 1, base + head.fieldsStart - 2), base + head.fieldsStart)}`;
    if (byteAt(buffer, statusEnd) === CR) text = `HTTP/1.1 ${head.status} \r\n`;
    runStart = base + head.fieldsStart;
  }
  for (let index = 0; index < head.knownCount; index++) {
    const field = head.knownField(index);
    if (!isRemovedFromResponse(field, framing, answer)) continue;
    text += buffer.toString('latin1', runStart, base + head.knownLineStart(index));
    runStart = base + head.knownLineEnd(index);
  }
  text += buffer.toString('latin1', runStart, base + head.fieldsEnd);
  if (nominated !== null) text = withoutNominated(text, nominated);
  if (answer.isChunked) text += 'Transfer-Encoding: chunked\r\n';
  else if (answer.keepsLength && framing.hasLength && !framing.isLengthCanonical) {
    text += `Content-Length: ${framing.bytes}\r\n`;
  }
  return `${text}${answer.connectionLine}\r\n`;
}

function isRemovedFromResponse(field: number, framing: Framing, answer: AnswerFraming): boolean {
  switch (field) {
    case FIELD.CONTENT_LENGTH:
      return !answer.keepsLength || !framing.isLengthCanonical;
    case FIELD.TRANSFER_ENCODING:
    case FIELD.CONNECTION:
    case FIELD.HOP_BY_HOP:
    case FIELD.KEEP_ALIVE:
    case FIELD.UPGRADE:
      return true;
    default:
      // Names that only mean something in a request pass, and those with an underscore.
      return false;
  }
}

/** Takes the lines out of `text` whose names `Connection` has made hop-by-hop. */
function withoutNominated(text: string, nominated: Set<string>): string {
  return text
    .split('\r\n')
    .filter((line, index) => index === 0 || !nominated.has(line.slice(0, line.indexOf(':')).toLowerCase()))
    .join('\r\n');
}

/**
 * Trailer fields that may be passed on (RFC 9110 section 6.5.1): those whose definition allows
 * for it and that no one frames, routes, authenticates or forwards by.
 */
const TRAILERS = new Set([
  'server-timing',
  'digest',
  'content-digest',
  'repr-digest',
  'content-md5',
  'etag',
  'grpc-status',
  'grpc-message',
  'grpc-status-details-bin',
]);

/** The trailer section to send on after the last chunk: the allowed lines of `reader`, in order. */
export function writeTrailers(reader: HeadReader | null, nominated: Set<string> | null): string {
  if (reader === null) return '';
  const { head, buffer, base } = reader;
  let text = '';
  let at = base + head.fieldsStart;
  const end = base + head.fieldsEnd;
  while (at < end) {
    let nameEnd = at;
    while (nameEnd < end && TOKEN[byteAt(buffer, nameEnd)] === 1) nameEnd++;
    let lineEnd = nameEnd;
    while (lineEnd < end && byteAt(buffer, lineEnd) !== CR) lineEnd++;
    const name = buffer.toString('latin1', at, nameEnd).toLowerCase();
    if (byteAt(buffer, nameEnd) === COLON && TRAILERS.has(name) && nominated?.has(name) !== true) {
      text += buffer.toString('latin1', at, lineEnd + 2);
    }
    at = lineEnd + 2;
  }
  return text;
}

/** Every value of an ordinary or known field of a head, joined by commas; empty where there is none. */
export function fieldText(reader: HeadReader, lowerName: string): string {
  const { head, buffer, base } = reader;
  const lines = buffer.toString('latin1', base + head.fieldsStart, base + head.fieldsEnd).split('\r\n');
  return lines
    .filter(
      (line) =>
        line.charCodeAt(lowerName.length) === COLON && line.slice(0, lowerName.length).toLowerCase() === lowerName,
    )
    .map((line) => line.slice(lowerName.length + 1).replace(/^[ \t]+|[ \t]+$/g, ''))
    .join(', ');
}
