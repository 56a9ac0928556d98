/**
 * A client that sends bytes as they are told, in separate segments, and reads answers with the
 * tests' own strict reader. One object is one connection.
 */
import { once } from 'node:events';
import net from 'node:net';
import type { Cleanup } from './cleanup.ts';
import { eventually } from './eventually.ts';
import { escapeBytes } from './read-message.ts';
import type { ReadingSide, ReadResponse } from './read-response.ts';
import { readResponse } from './read-response.ts';
import { writePieces } from './segmentations.ts';

/** How long a test waits for an answer or an end before it fails. */
const LIMIT_MS = 30_000;

export interface ClientResponse extends ReadResponse {
  /** Statuses of the interim answers before it. */
  readonly interim: readonly number[];
}

export interface ResponseOptions {
  /** Method of the request that it answers, perhaps known only when it is here: a HEAD has no body. */
  readonly method?: string | (() => string);
  readonly limitMs?: number;
}

export class RawClient {
  readonly socket: net.Socket;
  /** Every byte received, as latin1. */
  received = '';
  side: ReadingSide = 'open';
  /** Called with every piece that arrives. */
  onData: (() => void) | null = null;
  #consumed = 0;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
      this.onData?.();
    });
    socket.on('end', () => {
      if (this.side === 'open') this.side = 'ended';
      this.onData?.();
    });
    socket.on('error', () => {
      if (this.side === 'open') this.side = 'reset';
      this.onData?.();
    });
  }

  /** Sends pieces as separate segments. */
  async send(...pieces: string[]): Promise<void> {
    await writePieces(this.socket, pieces);
  }

  /** Ends the sending side only. */
  halfClose(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Received bytes that belong to no answer read so far. */
  get unread(): string {
    return this.received.slice(this.#consumed);
  }

  /** What there is of the next answer now: null without a whole head. Throws on malformed bytes. */
  peek(method = 'GET'): { response: ClientResponse | null; end: number } {
    const interim: number[] = [];
    let from = this.#consumed;
    for (;;) {
      const response = readResponse(this.received, from, method, this.side);
      if (response === null) return { response: null, end: from };
      if (response.status >= 200 || response.status === 101) {
        return { response: { ...response, interim }, end: response.end };
      }
      interim.push(response.status);
      from = response.end;
    }
  }

  /** The next answer: complete, or as far as it came before the connection ended. */
  async response(options: ResponseOptions = {}): Promise<ClientResponse> {
    const { method = 'GET', limitMs = LIMIT_MS } = options;
    const peek = (): ReturnType<RawClient['peek']> => this.peek(typeof method === 'string' ? method : method());
    let found = peek();
    await eventually(
      () => `a complete answer; received "${escapeBytes(this.unread)}"`,
      () => {
        found = peek();
        return found.response?.isComplete === true || this.side !== 'open';
      },
      limitMs,
    );
    found = peek();
    if (found.response === null)
      throw new Error(`connection ${this.side} without an answer: "${escapeBytes(this.unread)}"`);
    this.#consumed = found.response.isComplete ? found.end : this.received.length;
    return found.response;
  }

  /** The next answer if it is complete by now, else null. */
  take(method = 'GET'): ClientResponse | null {
    const { response, end } = this.peek(method);
    if (response === null || !response.isComplete) return null;
    this.#consumed = end;
    return response;
  }

  /** One request, sent whole, and its answer. */
  async request(bytes: string, options: ResponseOptions = {}): Promise<ClientResponse> {
    await this.send(bytes);
    return this.response({ method: bytes.slice(0, bytes.indexOf(' ')), ...options });
  }

  /** Waits until the peer has ended or reset the connection. */
  async closed(limitMs = LIMIT_MS): Promise<ReadingSide> {
    await eventually('the end of the connection', () => this.side !== 'open', limitMs);
    return this.side;
  }
}

/** Opens a connection to 127.0.0.1, or to `host`. */
export async function connectRaw(
  cleanup: Cleanup,
  port: number,
  options: Omit<net.TcpSocketConnectOpts, 'port'> = {},
): Promise<RawClient> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true, ...options });
  const client = new RawClient(socket);
  await once(socket, 'connect');
  cleanup.after(() => client.destroy());
  return client;
}

/** The bytes of a request: HTTP/1.1 with a Host unless the fields or the version say otherwise. */
export function requestBytes(
  method: string,
  target: string,
  fields: Readonly<Record<string, string>> = {},
  body: string | null = null,
  version = '1.1',
): string {
  const all: Record<string, string> = { Host: 'a.example', ...fields };
  if (body !== null && all['Transfer-Encoding'] === undefined) all['Content-Length'] ??= String(body.length);
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/${version}\r\n${lines.join('')}\r\n${body ?? ''}`;
}
