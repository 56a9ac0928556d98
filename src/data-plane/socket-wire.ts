/**
 * A wire over a `net.Socket`, by Node's public interface alone: where there are no handles.
 */
import { connect, type Socket } from 'node:net';
import { SHARED, Wire, type WireOwner } from './wire.ts';

interface OwnedSocket extends Socket {
  wire?: SocketWire;
}

// The buffer for the next read of the socket whose callback has just run. Node calls `onread`'s
// `buffer` right after its `callback`, in the same turn and without saying for which socket.
let nextReadBuffer: Buffer = SHARED;
const takeReadBuffer = (): Buffer => {
  const buffer = nextReadBuffer;
  nextReadBuffer = SHARED;
  return buffer;
};

export class SocketWire extends Wire {
  readonly #socket: OwnedSocket;

  private constructor(socket: OwnedSocket, owner: WireOwner | null) {
    super();
    this.#socket = socket;
    if (owner !== null) this.owner = owner;
    socket.wire = this;
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  /** Takes over an accepted, paused socket. Node lends it no read buffer, so each read has its own. */
  static accept(socket: Socket, ownerOf: (wire: Wire) => WireOwner): SocketWire {
    const wire = new SocketWire(socket, null);
    wire.owner = ownerOf(wire);
    socket.on('data', (bytes: Buffer) => onRead.call(socket, bytes.length, bytes));
    socket.resume();
    return wire;
  }

  /** Opens a connection; `owner.onConnect` or `owner.onClose` follows. */
  static connect(host: string, port: number, owner: WireOwner): SocketWire {
    const onread = { buffer: takeReadBuffer, callback: onRead } as never;
    const socket = connect({ host, port, noDelay: true, keepAlive: true, allowHalfOpen: true, onread });
    socket.once('connect', onConnect);
    return new SocketWire(socket, owner);
  }

  get address(): string {
    return (this.isClosed ? undefined : this.#socket.remoteAddress) ?? 'unknown';
  }

  get untakenBytes(): number {
    // `writableLength` falls only with whole writes; the handle knows of parts of them.
    const { _handle: handle } = this.#socket as unknown as { _handle: { writeQueueSize?: number } | null };
    return this.#socket.writableLength + (handle?.writeQueueSize ?? 0);
  }

  protected send(text: string, bytes: Buffer | null): void {
    const socket = this.#socket;
    const taken = (): void => this.taken(socket.writableLength);
    if (bytes === null) socket.write(text, 'latin1', taken);
    else if (text === '') socket.write(bytes, taken);
    else {
      socket.cork();
      socket.write(text, 'latin1');
      socket.write(bytes, taken);
      socket.uncork();
    }
    this.pendingBytes = socket.writableLength;
  }

  protected startReading(): void {
    this.#socket.resume();
  }

  protected stopReading(): void {
    this.#socket.pause();
  }

  protected shut(): void {
    this.#socket.end();
  }

  protected release(isReset: boolean): void {
    if (isReset) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  // What follows is for the functions below.

  read(byteCount: number, buffer: Uint8Array): boolean {
    this.owner.onBytes(buffer as Buffer, 0, byteCount);
    nextReadBuffer = this.relayBuffer ?? SHARED;
    return !this.isPaused;
  }

  endRead(): void {
    this.owner.onEnd();
  }

  connected(): void {
    this.owner.onConnect();
  }

  socketFailed(error: Error): void {
    this.failed(error);
  }

  socketClosed(): void {
    this.closed();
  }
}

// One function for all sockets: a socket's own closures would cost more than the socket.
function onRead(this: OwnedSocket, byteCount: number, buffer: Uint8Array): boolean {
  return this.wire?.read(byteCount, buffer) ?? true;
}
function onEnd(this: OwnedSocket): void {
  this.wire?.endRead();
}
function onConnect(this: OwnedSocket): void {
  this.wire?.connected();
}
function onError(this: OwnedSocket, error: Error): void {
  this.wire?.socketFailed(error);
}
function onClose(this: OwnedSocket): void {
  this.wire?.socketClosed();
}
