/**
 * A wire over one of Node's TCP handles: see `tcp-handles.ts` for why.
 *
 * A small kept-alive request through two of these costs 7 to 11 % less than through two
 * `net.Socket`s, a new connection 24 to 31 %. The handle calls back with itself as `this`, and
 * bears its wire.
 */
import { isIPv6 } from 'node:net';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { beginRead, endRead } from './clock.ts';
import { type HandleRequest, TCP_HANDLES, type TcpHandle, type TcpHandles } from './tcp-handles.ts';
import { SHARED, Wire, type WireOwner } from './wire.ts';

/** Seconds without a byte after which the kernel asks a backend whether it is still there. */
const KEEP_ALIVE_SECONDS = 30;
/** `UV_EOF` */
const END_OF_FILE = -4095;
const NOT_CONNECTED = -constants.errno.ENOTCONN;

interface OwnedHandle extends TcpHandle {
  wire: HandleWire;
}

interface OwnedRequest extends HandleRequest {
  wire: HandleWire;
  bytes: number;
  /** What is being written must not be collected. */
  kept: unknown;
}

export class HandleWire extends Wire {
  readonly #handle: OwnedHandle;
  #isEndRead = false;
  #isShut = false;

  private constructor(handle: TcpHandle) {
    super();
    this.#handle = handle as OwnedHandle;
    this.#handle.wire = this;
    this.#handle.onread = onRead as () => undefined;
  }

  /** Takes over the handle of an accepted connection. */
  static accept(handle: TcpHandle, ownerOf: (wire: Wire) => WireOwner): HandleWire {
    const wire = new HandleWire(handle);
    wire.owner = ownerOf(wire);
    wire.#begin();
    return wire;
  }

  /** Opens a connection; `owner.onConnect` or `owner.onClose` follows. */
  static connect(
    { TCP, TCPConnectWrap, constants: types }: TcpHandles,
    host: string,
    port: number,
    owner: WireOwner,
  ): HandleWire {
    const handle = new TCP(types.SOCKET);
    const wire = new HandleWire(handle);
    wire.owner = owner;
    const request = new TCPConnectWrap() as OwnedRequest;
    request.wire = wire;
    request.oncomplete = onConnected;
    const status = isIPv6(host) ? handle.connect6(request, host, port) : handle.connect(request, host, port);
    if (status !== 0) wire.failed(systemError(status));
    return wire;
  }

  get address(): string {
    peer.address = '';
    if (!this.isClosed) this.#handle.getpeername(peer);
    return peer.address === '' ? 'unknown' : peer.address;
  }

  get untakenBytes(): number {
    return this.pendingBytes === 0 || this.isClosed ? 0 : this.#handle.writeQueueSize;
  }

  #begin(): void {
    this.#handle.useUserBuffer(SHARED);
    if (!this.isPaused && !this.isClosed) this.#handle.readStart();
  }

  protected send(text: string, bytes: Buffer | null): void {
    const handle = this.#handle;
    let status: number;
    let kept: unknown = null;
    if (bytes === null) status = handle.writeLatin1String(freeRequest, text);
    else if (text === '') status = handle.writeBuffer(freeRequest, (kept = bytes) as Buffer);
    else {
      const pieces = [text, 'latin1', bytes, 'buffer'];
      kept = pieces;
      status = handle.writev(freeRequest, pieces, false);
    }
    if (status !== 0) return this.failed(systemError(status));
    // Mostly the kernel takes all at once, and the request is free for the next write.
    if (state[LAST_WRITE_WAS_ASYNC] === 0) return;
    const request = freeRequest;
    freeRequest = newRequest();
    request.wire = this;
    request.kept = kept;
    request.bytes = text.length + (bytes?.length ?? 0);
    this.pendingBytes += request.bytes;
  }

  protected startReading(): void {
    this.#handle.readStart();
  }

  protected stopReading(): void {
    this.#handle.readStop();
  }

  protected shut(): void {
    if (TCP_HANDLES === null) return;
    const request = new TCP_HANDLES.ShutdownWrap() as OwnedRequest;
    request.wire = this;
    request.oncomplete = onShut;
    const status = this.#handle.shutdown(request);
    // 1: it was done at once. Not connected: the other side is gone already, as the next read will say.
    if (status === 1 || status === NOT_CONNECTED) this.shutDone();
    else if (status !== 0) this.failed(systemError(status));
  }

  protected release(isReset: boolean): void {
    // Its descriptor is closed when this returns; to be called back for it would cost 2 % of a new connection.
    if (!isReset || this.#handle.reset() !== 0) this.#handle.close();
    this.released();
  }

  // What follows is for the functions below.

  read(byteCount: number): Buffer | undefined {
    if (this.isClosed) return undefined;
    if (byteCount > 0) {
      const buffer = this.readBuffer;
      beginRead();
      this.owner.onBytes(buffer, 0, byteCount);
      endRead();
      const next = this.relayBuffer ?? SHARED;
      if (next === buffer) return undefined;
      this.readBuffer = next;
      return next;
    }
    if (byteCount === 0) return undefined;
    if (byteCount !== END_OF_FILE) {
      this.failed(systemError(byteCount));
      return undefined;
    }
    this.#isEndRead = true;
    this.owner.onEnd();
    if (this.#isShut) this.destroy();
    return undefined;
  }

  /** What the handle reads into next. */
  readBuffer: Buffer = SHARED;

  connected(status: number): void {
    if (this.isClosed) return;
    if (status !== 0) return this.failed(systemError(status));
    this.#handle.setNoDelay(true);
    this.#handle.setKeepAlive(true, KEEP_ALIVE_SECONDS);
    this.#begin();
    this.owner.onConnect();
  }

  written(status: number, bytes: number): void {
    if (status !== 0) this.failed(systemError(status));
    this.taken(this.pendingBytes - bytes);
  }

  shutDone(): void {
    this.#isShut = true;
    if (this.#isEndRead) this.destroy();
  }
}

const state = TCP_HANDLES?.streamBaseState ?? new Int32Array(8);
const READ_BYTES_OR_ERROR = TCP_HANDLES?.kReadBytesOrError ?? 0;
const LAST_WRITE_WAS_ASYNC = TCP_HANDLES?.kLastWriteWasAsync ?? 0;

/** What `getpeername` fills in: one for all, since properties that are there already cost half to set. */
const peer = { address: '', family: '', port: 0 };

/** The request of the next write: used again for as long as the kernel takes all at once. */
let freeRequest = newRequest();

function newRequest(): OwnedRequest {
  const { WriteWrap = Object as unknown as new () => HandleRequest } = TCP_HANDLES ?? {};
  const request = new WriteWrap() as OwnedRequest;
  request.oncomplete = onWritten;
  return request;
}

function systemError(status: number): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(code), { code });
}

function onRead(this: OwnedHandle): Buffer | undefined {
  return this.wire.read(state[READ_BYTES_OR_ERROR] as number);
}
function onConnected(this: HandleRequest, status: number): void {
  (this as OwnedRequest).wire.connected(status);
}
function onWritten(this: HandleRequest, status: number): void {
  const { wire, bytes } = this as OwnedRequest;
  (this as OwnedRequest).kept = null;
  wire.written(status, bytes);
}
function onShut(this: HandleRequest): void {
  (this as OwnedRequest).wire.shutDone();
}
