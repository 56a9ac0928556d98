/**
 * A socket as the data plane uses it: reads into a shared buffer, writes gathered.
 *
 * This file holds every trick that makes a raw socket cheap, and nothing that knows HTTP.
 *
 * 1. Reads go into one buffer that all sockets of the worker share (`onread`), not into a fresh
 *    one each. What a reader wants to keep it copies. Node gives the option to outgoing sockets
 *    only; an accepted one is taken over by wrapping its handle in a socket of our own. Where
 *    Node should ever refuse that, the plain `data` event serves instead.
 * 2. A wire that carries a large body gets a larger buffer of its own (`relay-buffers.ts`). Its bytes
 *    are written to the other side as they lie: if the kernel takes them all, the buffer is free
 *    for the next read; if not, the reader pauses until they are gone. Nothing is copied.
 * 3. Text to be written in one turn of the event loop is gathered and goes out in one `write` of
 *    one latin1 string, all wires of the turn together, after every read of the turn.
 */
import { connect, Socket } from 'node:net';
import { areRelayBuffersShort, lendRelayBuffer, returnRelayBuffer } from './relay-buffers.ts';

const SHARED_BYTES = 64 * 1024;
/** Bytes handed to the kernel's queue and not yet taken, above which the source is paused. */
export const HIGH_WATER_BYTES = 64 * 1024;
/** Bodies up to this size are gathered with their head as text. */
export const GATHER_BYTES = 8 * 1024;

const SHARED = Buffer.allocUnsafeSlow(SHARED_BYTES);

/** The owner of a wire: what it reads and what becomes of it. */
export interface WireOwner {
  /** Bytes `start` to `end` of `buffer` have come; they are gone when this returns. */
  onBytes(buffer: Buffer, start: number, end: number): void;
  /** The other side has ended its direction. */
  onEnd(): void;
  /** The kernel has taken what made a write answer false. */
  onDrain(): void;
  /** Only for wires that were opened from here. */
  onConnect(): void;
  /** The socket is gone; `error` is null where it was closed in order. */
  onClose(error: Error | null): void;
}

// The buffer for the next read of the socket whose callback has just run. Node calls `onread`'s
// `buffer` right after its `callback`, in the same turn and without saying for which socket.
let nextReadBuffer: Buffer = SHARED;
const takeReadBuffer = (): Buffer => {
  const buffer = nextReadBuffer;
  nextReadBuffer = SHARED;
  return buffer;
};

interface OwnedSocket extends Socket {
  wire?: Wire;
}

function onRead(this: OwnedSocket, byteCount: number, buffer: Uint8Array): boolean {
  const { wire } = this;
  if (wire === undefined) return true;
  wire.owner?.onBytes(buffer as Buffer, 0, byteCount);
  nextReadBuffer = wire.relayBuffer ?? SHARED;
  return !wire.isPaused;
}

const queued: Wire[] = [];

function flushQueued(): void {
  // A flush may queue other wires: they go out in the same round.
  for (let index = 0; index < queued.length; index++) queued[index]?.flush();
  queued.length = 0;
}

export class Wire {
  readonly socket: OwnedSocket;
  owner: WireOwner | null;
  relayBuffer: Buffer | null = null;
  isPaused = false;
  isEnded = false;
  isClosed = false;
  /** Writes handed to the socket so far: whether it moved tells sent from unsent. */
  writeCount = 0;
  #error: Error | null = null;
  /** Large writes that the kernel has not taken whole, or has only just. */
  #pendingViews = 0;
  #text = '';
  #isQueued = false;
  #endsAfterText = false;

  private constructor(socket: OwnedSocket, owner: WireOwner) {
    this.socket = socket;
    this.owner = owner;
    socket.wire = this;
    socket.on('end', onEnd);
    socket.on('drain', onDrain);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  /** Takes over an accepted, paused socket. */
  static accept(accepted: Socket, ownerOf: (wire: Wire) => WireOwner): Wire {
    const holder = accepted as unknown as { _handle: { useUserBuffer?: unknown } | null };
    const handle = holder._handle;
    let socket: Socket = accepted;
    if (typeof handle?.useUserBuffer === 'function') {
      // The first socket lets go of the handle and ends at once, so that the server does not
      // wait for it; the second one owns the connection from here on.
      holder._handle = null;
      accepted.destroy();
      const options = { handle, allowHalfOpen: true, onread: { buffer: takeReadBuffer, callback: onRead } };
      socket = new Socket(options as object as ConstructorParameters<typeof Socket>[0]);
    }
    const wire = new Wire(socket, NOBODY);
    wire.owner = ownerOf(wire);
    if (socket === accepted) {
      accepted.on('data', (bytes: Buffer) => onRead.call(socket, bytes.length, bytes));
      accepted.resume();
    }
    return wire;
  }

  /** Opens a connection; `owner.onConnect` or `owner.onClose` follows. */
  static connect(host: string, port: number, owner: WireOwner): Wire {
    const socket = connect({
      host,
      port,
      noDelay: true,
      allowHalfOpen: true,
      onread: { buffer: takeReadBuffer, callback: onRead } as never,
    });
    socket.once('connect', onConnect);
    return new Wire(socket, owner);
  }

  /** Bytes written and not yet taken by the kernel. */
  get pendingBytes(): number {
    return this.socket.writableLength;
  }

  /**
   * A figure that falls whenever the kernel takes anything, and that only more writes can raise.
   * `pendingBytes` falls only with whole writes; the handle knows of parts of them.
   */
  get untakenBytes(): number {
    const { _handle: handle } = this.socket as unknown as { _handle: { writeQueueSize?: number } | null };
    return this.socket.writableLength + (handle?.writeQueueSize ?? 0);
  }

  /** Adds text, one byte a character, to what goes out at the end of this turn. */
  writeText(text: string): void {
    this.#text += text;
    this.#queue();
  }

  /**
   * Writes bytes `start` to `end` of `buffer`, after the text so far.
   * @returns false if the source should pause until `onDrain`
   */
  writeBytes(buffer: Buffer, start: number, end: number, source: Wire): boolean {
    if (this.isClosed) return true;
    if (end - start <= GATHER_BYTES && this.#text.length + end - start <= GATHER_BYTES * 2) {
      this.#text += buffer.toString('latin1', start, end);
      this.#queue();
      return this.socket.writableLength <= HIGH_WATER_BYTES;
    }
    this.writeCount++;
    const isOwn = buffer === source.relayBuffer;
    const view = isOwn ? buffer.subarray(start, end) : Buffer.from(buffer.subarray(start, end));
    this.#pendingViews++;
    if (this.#text === '') {
      this.socket.write(view, this.#viewTaken);
    } else {
      this.socket.cork();
      this.#writeText();
      this.socket.write(view, this.#viewTaken);
      this.socket.uncork();
    }
    const pendingBytes = this.socket.writableLength;
    if (pendingBytes === 0) return true;
    // The kernel still reads from the source's own buffer: not a byte may be read into it.
    this.#isAwaited = isOwn || pendingBytes > HIGH_WATER_BYTES;
    return !this.#isAwaited;
  }

  /** The source waits for the large writes to be taken. */
  #isAwaited = false;

  readonly #viewTaken = (): void => {
    if (--this.#pendingViews > 0 || !this.#isAwaited) return;
    this.#isAwaited = false;
    this.owner?.onDrain();
  };

  /** Ends this direction once all that was written has gone out. */
  end(): void {
    this.#endsAfterText = true;
    this.#queue();
  }

  /** Writes out the text gathered so far. */
  flush(): void {
    this.#isQueued = false;
    if (this.isClosed) return;
    if (this.#text !== '') this.#writeText();
    if (this.#endsAfterText && !this.isEnded) {
      this.isEnded = true;
      this.socket.end();
    }
  }

  #writeText(): void {
    const text = this.#text;
    this.#text = '';
    this.writeCount++;
    this.socket.write(text, 'latin1');
  }

  #queue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    if (queued.length === 0) setImmediate(flushQueued);
    queued.push(this);
  }

  /** Stops reading; what the kernel holds stays there. */
  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (!this.isClosed) this.socket.resume();
  }

  /** Gives this wire a read buffer of its own, from its next read on. */
  beginRelay(): void {
    this.relayBuffer ??= lendRelayBuffer();
  }

  /**
   * Between two messages. The next one is likely to be as large as the last, so a buffer that
   * is free stays, as long as there are not too many.
   * @param isFree whether nothing of it is still to be written anywhere
   */
  restRelay(isFree: boolean): void {
    if (!isFree || areRelayBuffersShort()) this.endRelay(isFree);
  }

  /**
   * Takes the read buffer back.
   * @param isFree whether nothing of it is still to be written anywhere
   */
  endRelay(isFree: boolean): void {
    const buffer = this.relayBuffer;
    if (buffer === null) return;
    this.relayBuffer = null;
    returnRelayBuffer(buffer, isFree);
  }

  /** Closes at once; text not written out yet is lost. `onClose` follows. */
  destroy(): void {
    this.isClosed = true;
    this.socket.destroy();
  }

  /** Closes with a reset, so that the other side cannot take what it has for the whole. */
  reset(): void {
    this.isClosed = true;
    this.socket.resetAndDestroy();
  }

  /** For the handlers below. */
  closed(): void {
    this.isClosed = true;
    this.endRelay(false);
    const { owner } = this;
    this.owner = null;
    owner?.onClose(this.#error);
  }

  failed(error: Error): void {
    this.#error ??= error;
    this.isClosed = true;
  }
}

const NOBODY: WireOwner = {
  onBytes: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onConnect: () => undefined,
  onClose: () => undefined,
};

// One function for all sockets: a socket's own closures would cost more than the socket.
function onEnd(this: OwnedSocket): void {
  this.wire?.owner?.onEnd();
}
function onDrain(this: OwnedSocket): void {
  this.wire?.owner?.onDrain();
}
function onConnect(this: OwnedSocket): void {
  this.wire?.owner?.onConnect();
}
function onError(this: OwnedSocket, error: Error): void {
  this.wire?.failed(error);
}
function onClose(this: OwnedSocket): void {
  this.wire?.closed();
}
