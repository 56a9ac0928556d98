/**
 * Backends that read requests less strictly than RFC 9112 asks, each in one way that real servers
 * have been caught at. What the balancer writes must be so plain that all of them see the same
 * requests: two readers that do not agree are what request smuggling is made of.
 *
 * Nothing is malformed to them. Whatever they take for a request is counted and answered.
 */
import { once } from 'node:events';
import net from 'node:net';
import type { Cleanup } from './cleanup.ts';

export interface LenientModel {
  readonly name: string;
  /** Which wins where a request has both lengths; the other one is not looked at. */
  readonly prefers: 'content-length' | 'transfer-encoding';
  /** A bare LF ends a line, in heads and in chunked bodies. */
  readonly endsLinesAtLf: boolean;
  /** Two bytes after the data of a chunk are skipped, whatever they are. */
  readonly skipsTwoAfterChunk: boolean;
  /** Methods whose requests have no body, whatever they say. */
  readonly bodyless: readonly string[];
  /** `_` in a field name is read as `-`, as by servers that hand fields on as environment variables. */
  readonly readsUnderscores: boolean;
}

const PLAIN: Omit<LenientModel, 'name'> = {
  prefers: 'transfer-encoding',
  endsLinesAtLf: false,
  skipsTwoAfterChunk: false,
  bodyless: [],
  readsUnderscores: false,
};

export const LENIENT_MODELS: readonly LenientModel[] = [
  { ...PLAIN, name: 'length first', prefers: 'content-length' },
  { ...PLAIN, name: 'chunks first' },
  { ...PLAIN, name: 'lines end at LF', endsLinesAtLf: true },
  { ...PLAIN, name: 'two bytes skipped after a chunk', skipsTwoAfterChunk: true },
  { ...PLAIN, name: 'no body on GET and DELETE', bodyless: ['GET', 'DELETE'] },
  { ...PLAIN, name: 'underscores are dashes', prefers: 'content-length', readsUnderscores: true },
];

export interface LenientRequest {
  readonly method: string;
  readonly target: string;
  readonly body: string;
  /** Counted from 0 in the order of arrival. */
  readonly connection: number;
}

interface Found extends Omit<LenientRequest, 'connection'> {
  readonly end: number;
}

class LenientReader {
  readonly #model: LenientModel;
  readonly #lineEnd: RegExp;
  readonly #headEnd: RegExp;

  constructor(model: LenientModel) {
    this.#model = model;
    this.#lineEnd = model.endsLinesAtLf ? /\r?\n/g : /\r\n/g;
    this.#headEnd = model.endsLinesAtLf ? /\r?\n\r?\n/g : /\r\n\r\n/g;
  }

  /** The request at `from`, or null while it is incomplete. */
  read(bytes: string, from: number): Found | null {
    let start = from;
    while (bytes[start] === '\r' || bytes[start] === '\n') start++;
    const head = this.#find(this.#headEnd, bytes, start);
    if (head === null) return null;
    const [requestLine = '', ...lines] = bytes.slice(start, head.start).split(this.#lineEnd);
    const [method = '', target = ''] = requestLine.split(/[ \t]+/);
    const fields = this.#fields(lines);
    const body = this.#body(method, fields, bytes, head.end);
    return body === null ? null : { method, target, ...body };
  }

  #fields(lines: readonly string[]): Map<string, string> {
    const fields = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      const written = line.slice(0, colon).trim().toLowerCase();
      const name = this.#model.readsUnderscores ? written.replaceAll('_', '-') : written;
      fields.set(name, line.slice(colon + 1).trim());
    }
    return fields;
  }

  #body(
    method: string,
    fields: ReadonlyMap<string, string>,
    bytes: string,
    from: number,
  ): { body: string; end: number } | null {
    const { prefers, bodyless } = this.#model;
    const isChunked = fields.get('transfer-encoding')?.toLowerCase().includes('chunked') === true;
    const lengthBytes = Number.parseInt(fields.get('content-length') ?? '', 10);
    const hasLength = lengthBytes >= 0;
    if (bodyless.includes(method) || (!isChunked && !hasLength)) return { body: '', end: from };
    if (isChunked && (prefers === 'transfer-encoding' || !hasLength)) return this.#chunks(bytes, from);
    const end = from + lengthBytes;
    return end > bytes.length ? null : { body: bytes.slice(from, end), end };
  }

  #chunks(bytes: string, from: number): { body: string; end: number } | null {
    let body = '';
    for (let at = from; ; ) {
      const line = this.#find(this.#lineEnd, bytes, at);
      if (line === null) return null;
      const size = Number.parseInt(bytes.slice(at, line.start), 16) || 0;
      at = line.end;
      if (size === 0) return this.#trailers(bytes, at, body);
      if (at + size + 2 > bytes.length) return null;
      body += bytes.slice(at, at + size);
      at += size;
      if (this.#model.skipsTwoAfterChunk) at += 2;
      else if (bytes.startsWith('\r\n', at)) at += 2;
      else if (this.#model.endsLinesAtLf && bytes[at] === '\n') at++;
    }
  }

  /** The section ends with an empty line. */
  #trailers(bytes: string, from: number, body: string): { body: string; end: number } | null {
    for (let at = from; ; ) {
      const line = this.#find(this.#lineEnd, bytes, at);
      if (line === null) return null;
      if (line.start === at) return { body, end: line.end };
      at = line.end;
    }
  }

  #find(pattern: RegExp, bytes: string, from: number): { start: number; end: number } | null {
    pattern.lastIndex = from;
    const match = pattern.exec(bytes);
    return match === null ? null : { start: match.index, end: match.index + match[0].length };
  }
}

export class LenientBackend {
  readonly model: LenientModel;
  /** Complete requests, in the order in which they became so. */
  readonly requests: LenientRequest[] = [];
  readonly #reader: LenientReader;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #connections = 0;

  constructor(model: LenientModel) {
    this.model = model;
    this.#reader = new LenientReader(model);
    this.#server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(socket: net.Socket): void {
    const connection = this.#connections++;
    this.#sockets.add(socket);
    let received = '';
    let at = 0;
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      for (;;) {
        const found = this.#reader.read(received, at);
        if (found === null) return;
        const { end, ...request } = found;
        at = end;
        this.requests.push({ ...request, connection });
        socket.write(answerTo(request.method, request.target), 'latin1');
      }
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

/** 200 that names the target. */
function answerTo(method: string, target: string): string {
  const body = `ok ${target}`;
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${method === 'HEAD' ? '' : body}`;
}

/** Starts one on a port of its own. */
export async function startLenientBackend(cleanup: Cleanup, model: LenientModel): Promise<LenientBackend> {
  const backend = new LenientBackend(model);
  await backend.listen();
  cleanup.after(() => backend.close());
  return backend;
}
