/**
 * How servers read requests that are less strict than ours, each in its own way. What the
 * balancer writes must be so plain that all of them see the same requests: two that do not agree
 * are what request smuggling is made of.
 */

export interface LenientReader {
  readonly name: string;
  /** Which wins where a message has both lengths. */
  readonly prefers: 'content-length' | 'transfer-encoding';
  /** Which of two equal fields counts. */
  readonly takes: 'first' | 'last';
  /** Whether a bare LF ends a line. */
  readonly endsLinesAtLf: boolean;
  /** Whether `_` is read as `-`, as by servers that hand fields on as environment variables. */
  readonly readsUnderscores: boolean;
}

export const LENIENT_READERS: readonly LenientReader[] = [
  { name: 'length first', prefers: 'content-length', takes: 'first', endsLinesAtLf: false, readsUnderscores: false },
  { name: 'chunks first', prefers: 'transfer-encoding', takes: 'last', endsLinesAtLf: true, readsUnderscores: false },
  { name: 'environment', prefers: 'content-length', takes: 'last', endsLinesAtLf: true, readsUnderscores: true },
];

function fieldsOf(lines: readonly string[], reader: LenientReader): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const written = line.slice(0, colon).trim().toLowerCase();
    const name = reader.readsUnderscores ? written.replaceAll('_', '-') : written;
    if (reader.takes === 'last' || !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

/** First byte after the chunked body that begins at `from`; null while it is incomplete. */
function endOfChunks(bytes: string, from: number, lineEnd: RegExp): number | null {
  for (let at = from; ; ) {
    const line = bytes.slice(at).match(lineEnd);
    if (line?.index === undefined) return null;
    const size = Number.parseInt(bytes.slice(at, at + line.index), 16) || 0;
    at += line.index + line[0].length;
    if (size > 0) {
      at += size + 2;
      continue;
    }
    // The trailer section ends with an empty line.
    for (;;) {
      const trailer = bytes.slice(at).match(lineEnd);
      if (trailer?.index === undefined) return null;
      at += trailer.index + trailer[0].length;
      if (trailer.index === 0) return at;
    }
  }
}

/** `METHOD target` of every complete request in the bytes of one connection, as `reader` sees them. */
export function readLeniently(bytes: string, reader: LenientReader): string[] {
  const lineEnd = reader.endsLinesAtLf ? /\r?\n/ : /\r\n/;
  const headEnd = reader.endsLinesAtLf ? /\r?\n\r?\n/ : /\r\n\r\n/;
  const seen: string[] = [];
  for (let at = 0; ; ) {
    const end = bytes.slice(at).match(headEnd);
    if (end?.index === undefined) return seen;
    const [requestLine = '', ...lines] = bytes.slice(at, at + end.index).split(lineEnd);
    const fields = fieldsOf(lines, reader);
    at += end.index + end[0].length;
    const length = fields.get('content-length');
    const isChunked = fields.get('transfer-encoding')?.includes('chunked') === true;
    let bodyEnd: number | null = at;
    if (length !== undefined && (reader.prefers === 'content-length' || !isChunked))
      bodyEnd = at + Number.parseInt(length, 10);
    else if (isChunked) bodyEnd = endOfChunks(bytes, at, lineEnd);
    if (bodyEnd === null || bodyEnd > bytes.length) return seen;
    at = bodyEnd;
    seen.push(requestLine.split(' ').slice(0, 2).join(' '));
  }
}
