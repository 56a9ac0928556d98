/**
 * A switched connection: bytes both ways as they come, each direction with an end of its own.
 *
 * Made by the exchange at the switch. What is counted about it, and what becomes of the exchange
 * when one of its sides fails, stays with the exchange.
 */
import type { Client } from './client.ts';
import type { UpstreamConnection } from './upstream/connection.ts';

export class Tunnel {
  bytesFromClient = 0;
  bytesFromBackend = 0;
  readonly #client: Client;
  readonly #connection: UpstreamConnection;
  #isClientEnded = false;
  #isBackendEnded = false;

  constructor(client: Client, connection: UpstreamConnection) {
    this.#client = client;
    this.#connection = connection;
  }

  /** Both sides have ended theirs. */
  get isEnded(): boolean {
    return this.#isClientEnded && this.#isBackendEnded;
  }

  fromClient(buffer: Buffer, start: number, end: number): void {
    this.bytesFromClient += end - start;
    this.#connection.touchTunnel();
    if (!this.#connection.wire.writeBytes(buffer, start, end, this.#client.wire)) this.#client.pauseRequest();
  }

  fromBackend(buffer: Buffer, start: number, end: number): void {
    this.bytesFromBackend += end - start;
    if (this.#client.wire.writeBytes(buffer, start, end, this.#connection.wire)) return;
    this.#connection.pause();
    this.#client.answerStalled();
  }

  /** The client sends no more: the backend hears of it. */
  clientEnded(): void {
    this.#isClientEnded = true;
    this.#connection.wire.end();
  }

  backendEnded(): void {
    this.#isBackendEnded = true;
    this.#client.wire.end();
  }
}
