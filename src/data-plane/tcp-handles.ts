/**
 * Node's own TCP handles, below `net.Socket`.
 *
 * A `net.Socket` is two streams with their queues, states, listeners and a tick of the event loop
 * for each write; none of it is of use to a proxy that gathers its writes itself. What lies below
 * is reached by `process.binding`, which is documented as deprecated and has no successor yet; so
 * everything that depends on it is `handle-wire.ts` and what is declared here, and where any part
 * is missing or different the plain sockets of `socket-wire.ts` serve. `BALLAST_SOCKETS=plain`
 * asks for those.
 */
import type { Server } from 'node:net';

/** A request to the kernel that may end later. */
export interface HandleRequest {
  oncomplete: (this: HandleRequest, status: number, ...more: never[]) => void;
}

export interface TcpHandle {
  /** Called with an ArrayBuffer or nothing after each read; may answer the buffer for the next one. */
  onread: (this: TcpHandle) => Uint8Array | undefined;
  readonly writeQueueSize: number;
  readStart(): number;
  readStop(): number;
  useUserBuffer(buffer: Uint8Array): void;
  writeLatin1String(request: HandleRequest, text: string): number;
  writeBuffer(request: HandleRequest, bytes: Uint8Array): number;
  writev(request: HandleRequest, pieces: readonly (string | Uint8Array)[], areAllBuffers: boolean): number;
  shutdown(request: HandleRequest): number;
  connect(request: HandleRequest, address: string, port: number): number;
  connect6(request: HandleRequest, address: string, port: number): number;
  setNoDelay(isOn: boolean): number;
  setKeepAlive(isOn: boolean, delaySeconds: number): number;
  getpeername(out: { address?: string }): number;
  close(): void;
  reset(): number;
}

interface StreamBinding {
  readonly WriteWrap: new () => HandleRequest;
  readonly ShutdownWrap: new () => HandleRequest;
  /** What the last call on any handle of this thread has left. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kBytesWritten: number;
  readonly kLastWriteWasAsync: number;
}

interface TcpBinding {
  readonly TCP: new (type: number) => TcpHandle;
  readonly TCPConnectWrap: new () => HandleRequest;
  readonly constants: { readonly SOCKET: number };
}

export type TcpHandles = StreamBinding & TcpBinding;

/** The handles of this Node, or null where it has none that are known here. */
export const TCP_HANDLES: TcpHandles | null = process.env['BALLAST_SOCKETS'] === 'plain' ? null : load();

function load(): TcpHandles | null {
  const { binding } = process as { readonly binding?: (name: string) => object };
  if (binding === undefined) return null;
  try {
    const handles = { ...binding('stream_wrap'), ...binding('tcp_wrap') } as Partial<TcpHandles>;
    const { WriteWrap, ShutdownWrap, TCP, TCPConnectWrap, constants, streamBaseState } = handles;
    const { kReadBytesOrError, kBytesWritten, kLastWriteWasAsync } = handles;
    const hasAll =
      [WriteWrap, ShutdownWrap, TCP, TCPConnectWrap].every((made) => typeof made === 'function') &&
      [kReadBytesOrError, kBytesWritten, kLastWriteWasAsync, constants?.SOCKET].every((index) => index !== undefined) &&
      streamBaseState instanceof Int32Array &&
      ['useUserBuffer', 'writeLatin1String', 'writev', 'readStart', 'shutdown', 'reset'].every(
        (method) => method in (TCP as TcpBinding['TCP']).prototype,
      );
    return hasAll ? (handles as TcpHandles) : null;
  } catch {
    return null;
  }
}

/**
 * Has a listening server hand out handles instead of sockets.
 * @returns false where it cannot: it goes on handing out sockets
 */
export function takeHandles(server: Server, take: (handle: TcpHandle) => void): boolean {
  if (TCP_HANDLES === null) return false;
  const { _handle: listening } = server as unknown as {
    readonly _handle: {
      onconnection?: (status: number, handle: TcpHandle | undefined) => void;
      setNoDelay?: (isOn: boolean) => number;
    } | null;
  };
  if (typeof listening?.onconnection !== 'function' || typeof listening.setNoDelay !== 'function') return false;
  // Accepted sockets inherit it on Linux; a call for each of them is saved.
  const isInherited = process.platform === 'linux' && listening.setNoDelay(true) === 0;
  listening.onconnection = (status, handle) => {
    // Out of file descriptors: the connection waits in the kernel, and the next one is tried.
    if (status !== 0 || handle === undefined) return;
    if (!isInherited) handle.setNoDelay(true);
    take(handle);
  };
  return true;
}
