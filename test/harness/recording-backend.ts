/**
 * A backend on a raw socket that records every byte, reads requests with the tests' own strict
 * reader and answers as its script says.
 */
import { once } from 'node:events';
import net from 'node:net';
import type { Cleanup } from './cleanup.ts';
import { MalformedMessage } from './read-message.ts';
import type { ReadRequest, RequestHead } from './read-request.ts';
import { readRequest, readRequestHead } from './read-request.ts';

export interface BackendConnection {
  /** Counted from 0 in the order of arrival. */
  readonly id: number;
  readonly socket: net.Socket;
  /** Every byte received, as latin1. */
  received: string;
  readonly requests: RecordedRequest[];
  /** Why its bytes are no request; null while they are fine. */
  malformed: string | null;
  side: 'open' | 'ended' | 'reset';
  isClosed: boolean;
  /** Bytes of a request that is not complete. */
  pendingBytes: number;
  /** An answer is under way; requests behind it are read when it is written. */
  isAnswering: boolean;
}

export interface RecordedRequest extends ReadRequest {
  readonly connection: BackendConnection;
}

export interface BackendScript {
  /** Called once a request is complete; the next one on that connection waits until it is done. */
  readonly respond?: (request: RecordedRequest, connection: BackendConnection) => void | Promise<void>;
  /** Called once a head is complete, before the body. */
  readonly onHead?: (head: RequestHead, connection: BackendConnection) => void;
  readonly onConnection?: (connection: BackendConnection) => void;
  /** Stops reading at once: what comes after stays in the kernel until `socket.resume()`. */
  readonly isPaused?: boolean;
}

/** The bytes of an answer with a length. */
export function answerBytes(status: number, body: string, fields: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Test\r\nContent-Length: ${body.length}\r\n${lines.join('')}\r\n${body}`;
}

/** Answers 200 and names the target, without a body to HEAD. */
export function answerOk(request: ReadRequest, connection: BackendConnection): void {
  const answer = answerBytes(200, `ok ${request.target}`);
  connection.socket.write(
    request.method === 'HEAD' ? answer.slice(0, answer.indexOf('\r\n\r\n') + 4) : answer,
    'latin1',
  );
}

export class RecordingBackend {
  readonly connections: BackendConnection[] = [];
  /** Complete requests in the order in which they became so. */
  readonly arrivals: RecordedRequest[] = [];
  readonly #server: net.Server;
  #script: BackendScript;

  constructor(script: BackendScript) {
    this.#script = script;
    this.#server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  async listen(port = 0): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  get openConnections(): BackendConnection[] {
    return this.connections.filter((connection) => !connection.isClosed);
  }

  /** Takes another script for what comes from now on. */
  set script(script: BackendScript) {
    this.#script = script;
  }

  /** Stops accepting and cuts every connection. */
  async close(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(socket: net.Socket): void {
    const connection: BackendConnection = {
      id: this.connections.length,
      socket,
      received: '',
      requests: [],
      malformed: null,
      side: 'open',
      isClosed: false,
      pendingBytes: 0,
      isAnswering: false,
    };
    this.connections.push(connection);
    let start = 0;
    let headSeen = -1;
    let isReading = false;
    const read = async (): Promise<void> => {
      if (isReading || connection.malformed !== null) return;
      isReading = true;
      try {
        for (;;) {
          connection.pendingBytes = connection.received.length - start;
          if (this.#script.onHead !== undefined && headSeen < start) {
            const found = readRequestHead(connection.received, start);
            if (found === null) break;
            headSeen = start;
            this.#script.onHead(found.head, connection);
          }
          const request = readRequest(connection.received, start);
          if (request === null) break;
          start = request.end;
          connection.pendingBytes = connection.received.length - start;
          const recorded = { ...request, connection };
          connection.requests.push(recorded);
          this.arrivals.push(recorded);
          connection.isAnswering = true;
          await (this.#script.respond ?? answerOk)(recorded, connection);
          connection.isAnswering = false;
        }
      } catch (error) {
        if (!(error instanceof MalformedMessage)) throw error;
        connection.malformed = error.message;
      } finally {
        isReading = false;
        connection.isAnswering = false;
      }
    };
    socket.on('data', (bytes: Buffer) => {
      connection.received += bytes.toString('latin1');
      connection.pendingBytes += bytes.length;
      void read();
    });
    socket.on('end', () => {
      connection.side = 'ended';
      if (socket.writable) socket.end();
    });
    socket.on('error', () => {
      connection.side = 'reset';
    });
    socket.on('close', () => {
      connection.isClosed = true;
    });
    if (this.#script.isPaused === true) socket.pause();
    this.#script.onConnection?.(connection);
  }
}

/** Starts one on a port of its own, or on `port`. */
export async function startRecordingBackend(
  cleanup: Cleanup,
  script: BackendScript = {},
  port = 0,
): Promise<RecordingBackend> {
  const backend = new RecordingBackend(script);
  await backend.listen(port);
  cleanup.after(() => backend.close());
  return backend;
}
