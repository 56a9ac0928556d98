/**
 * The number of a listening socket, under which it can be handed to another process.
 *
 * File descriptors belong to the process and not to the thread, so a worker can tell its own to
 * the main thread, which passes it on. Node keeps the number on a handle that is not part of its
 * documented face; where it is not there, nothing can be handed over, and all else works.
 */
import type { Server } from 'node:net';

/** Null where the server does not listen, or where this platform has no such number. */
export function listeningDescriptor(server: Server): number | null {
  const handle: unknown = Reflect.get(server, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : null;
  return typeof fd === 'number' && fd >= 0 ? fd : null;
}
