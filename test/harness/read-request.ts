/** Reads one request, as a strict backend does (RFC 9112 sections 3 and 6). */
import type { Field } from './read-message.ts';
import {
  contentLengthOf,
  escapeBytes,
  fieldOf,
  isChunked,
  MalformedMessage,
  readChunked,
  readHead,
} from './read-message.ts';

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly fields: readonly Field[];
  /** The values of a field as one list, or null. */
  field(name: string): string | null;
}

export interface ReadRequest extends RequestHead {
  readonly body: string;
  readonly trailers: readonly Field[];
  readonly framing: 'none' | 'length' | 'chunked';
  /** Where the next request begins. */
  readonly end: number;
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\xff]+) HTTP\/(1\.[01])$/;

/** The head of the request at `from` and where its body begins, or null while it is incomplete. */
export function readRequestHead(bytes: string, from: number): { head: RequestHead; bodyStart: number } | null {
  const found = readHead(bytes, from);
  if (found === null) return null;
  const line = REQUEST_LINE.exec(found.startLine);
  if (line === null) throw new MalformedMessage(`request line "${escapeBytes(found.startLine)}"`);
  const [, method = '', target = '', version = ''] = line;
  const { fields } = found;
  const hosts = fields.filter(([name]) => name.toLowerCase() === 'host');
  if (hosts.length > 1 || (hosts.length === 0 && version === '1.1'))
    throw new MalformedMessage(`${hosts.length} Host fields`);
  return { head: { method, target, version, fields, field: (name) => fieldOf(fields, name) }, bodyStart: found.end };
}

/** The request at `from`, or null while it is incomplete. */
export function readRequest(bytes: string, from: number): ReadRequest | null {
  const found = readRequestHead(bytes, from);
  if (found === null) return null;
  const { head, bodyStart } = found;
  if (isChunked(head.fields)) {
    if (head.version === '1.0') throw new MalformedMessage('Transfer-Encoding in HTTP/1.0');
    const { isComplete, body, trailers, end } = readChunked(bytes, bodyStart);
    return isComplete ? { ...head, body, trailers, framing: 'chunked', end } : null;
  }
  const length = contentLengthOf(head.fields);
  const end = bodyStart + (length ?? 0);
  if (bytes.length < end) return null;
  const body = bytes.slice(bodyStart, end);
  return { ...head, body, trailers: [], framing: length === null ? 'none' : 'length', end };
}
