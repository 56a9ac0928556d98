/**
 * A strict and simple HTTP/1.1 reader for tests (RFC 9112), independent of `src/http1`: what the
 * tests see of a message must not share the code under test. It reads whole strings of latin1
 * bytes, again from the start of the message whenever there is more.
 */

export type Field = readonly [name: string, value: string];

/** The bytes are not HTTP/1.1 as RFC 9112 has it. */
export class MalformedMessage extends Error {}

export interface Head {
  readonly startLine: string;
  readonly fields: readonly Field[];
  /** Where the body begins. */
  readonly end: number;
}

export interface Chunked {
  readonly isComplete: boolean;
  readonly body: string;
  readonly trailers: readonly Field[];
  /** Where the next message begins; meaningless unless complete. */
  readonly end: number;
}

const FIELD_LINE =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/;
const CHUNK_LINE = /^([0-9A-Fa-f]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;

/** Bytes as they can be shown in a message: CR, LF and other unprintable ones escaped. */
export function escapeBytes(bytes: string, limit = 600): string {
  const shown = bytes.length > limit ? `${bytes.slice(0, limit / 2)} … ${bytes.slice(-limit / 2)}` : bytes;
  const escaped = shown.replaceAll(/[^\x20-\x7e…]/g, (byte) =>
    byte === '\r' ? '\\r' : byte === '\n' ? '\\n' : `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return shown === bytes ? escaped : `${escaped} (${bytes.length} bytes)`;
}

function readFieldLine(line: string): Field {
  const match = FIELD_LINE.exec(line);
  if (match === null) throw new MalformedMessage(`field line "${escapeBytes(line)}"`);
  return [match[1] ?? '', match[2] ?? ''];
}

/** The head that begins at `from`, or null while it is incomplete. */
export function readHead(bytes: string, from: number): Head | null {
  const end = bytes.indexOf('\r\n\r\n', from);
  if (end < 0) return null;
  const [startLine = '', ...lines] = bytes.slice(from, end).split('\r\n');
  if (/[\r\n\0]/.test(startLine)) throw new MalformedMessage(`start line "${escapeBytes(startLine)}"`);
  return { startLine, fields: lines.map(readFieldLine), end: end + 4 };
}

/** All values of a field, joined as one list; null where it is absent. */
export function fieldOf(fields: readonly Field[], name: string): string | null {
  const values = fields.filter(([known]) => known.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return values.length === 0 ? null : values.join(', ');
}

/** The value of Content-Length, or null; it must be there once, in digits. */
export function contentLengthOf(fields: readonly Field[]): number | null {
  const value = fieldOf(fields, 'content-length');
  if (value === null) return null;
  if (!/^[0-9]{1,15}$/.test(value)) throw new MalformedMessage(`Content-Length "${escapeBytes(value)}"`);
  return Number(value);
}

/** Whether the body is chunked; any other transfer coding, and one beside a length, is malformed. */
export function isChunked(fields: readonly Field[]): boolean {
  const value = fieldOf(fields, 'transfer-encoding');
  if (value === null) return false;
  if (value.toLowerCase() !== 'chunked') throw new MalformedMessage(`Transfer-Encoding "${escapeBytes(value)}"`);
  if (fieldOf(fields, 'content-length') !== null) throw new MalformedMessage('Transfer-Encoding and Content-Length');
  return true;
}

/** Reads a chunked body from `from` on, as far as it is there. */
export function readChunked(bytes: string, from: number): Chunked {
  const parts: string[] = [];
  const incomplete = (): Chunked => ({ isComplete: false, body: parts.join(''), trailers: [], end: bytes.length });
  let at = from;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return incomplete();
    const match = CHUNK_LINE.exec(bytes.slice(at, lineEnd));
    if (match === null) throw new MalformedMessage(`chunk line "${escapeBytes(bytes.slice(at, lineEnd))}"`);
    const size = Number.parseInt(match[1] ?? '', 16);
    at = lineEnd + 2;
    if (size === 0) break;
    parts.push(bytes.slice(at, at + size));
    if (bytes.length < at + size + 2) return incomplete();
    if (!bytes.startsWith('\r\n', at + size)) throw new MalformedMessage('no CRLF after the data of a chunk');
    at += size + 2;
  }
  if (bytes.startsWith('\r\n', at)) return { isComplete: true, body: parts.join(''), trailers: [], end: at + 2 };
  const end = bytes.indexOf('\r\n\r\n', at);
  if (end < 0) return incomplete();
  const trailers = bytes.slice(at, end).split('\r\n').map(readFieldLine);
  return { isComplete: true, body: parts.join(''), trailers, end: end + 4 };
}
