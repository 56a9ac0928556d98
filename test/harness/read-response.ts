/** Reads one answer, as a strict client does (RFC 9112 sections 4, 6.3 and 8). */
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

/** What has become of the reading side of a connection: its peer has ended or reset it. */
export type ReadingSide = 'open' | 'ended' | 'reset';

export interface ReadResponse {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly Field[];
  field(name: string): string | null;
  readonly body: string;
  readonly trailers: readonly Field[];
  /** How its end is found; after `tunnel` the connection is no longer HTTP. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close' | 'tunnel';
  readonly isComplete: boolean;
  /** Where the next answer begins; meaningless unless complete. */
  readonly end: number;
}

const STATUS_LINE = /^HTTP\/(1\.[01]) ([0-9]{3}) ([\t\x20-\x7e\x80-\xff]*)$/;

/** The answer at `from` to a request with `method`, as far as it is there; null without its head. */
export function readResponse(bytes: string, from: number, method: string, side: ReadingSide): ReadResponse | null {
  const head = readHead(bytes, from);
  if (head === null) return null;
  const line = STATUS_LINE.exec(head.startLine);
  if (line === null) throw new MalformedMessage(`status line "${escapeBytes(head.startLine)}"`);
  const { fields } = head;
  const status = Number(line[2]);
  const common = {
    version: line[1] ?? '',
    status,
    reason: line[3] ?? '',
    fields,
    field: (name: string): string | null => fieldOf(fields, name),
  };
  const bodyless = { ...common, body: '', trailers: [], isComplete: true, end: head.end };
  const chunked = isChunked(fields);
  const length = contentLengthOf(fields);
  if (status === 101) return { ...bodyless, framing: 'tunnel' };
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return { ...bodyless, framing: 'none' };
  if (chunked) return { ...common, framing: 'chunked', ...readChunked(bytes, head.end) };
  if (length !== null) {
    const end = head.end + length;
    return {
      ...common,
      framing: 'length',
      body: bytes.slice(head.end, end),
      trailers: [],
      isComplete: bytes.length >= end,
      end,
    };
  }
  const body = bytes.slice(head.end);
  return { ...common, framing: 'close', body, trailers: [], isComplete: side === 'ended', end: bytes.length };
}
