/**
 * How many connections to backends a worker has open, and which one to close for another.
 *
 * Counted until a connection's `close` event, which comes a turn after its descriptor is free: a
 * burst may close some more idle ones than it must, and never opens one too many.
 */
import type { Backend } from '../pool.ts';

export class UpstreamCount {
  /** In use or idle, to all backends together. */
  open = 0;
}

/** Closes the connection that has lain idle longest, if there is one. */
export function closeLongestIdle(backends: Iterable<Pick<Backend, 'idle'>>): void {
  let longest: { readonly idleSinceMs: number; close(): void } | undefined;
  for (const { idle } of backends) {
    const { oldest } = idle;
    if (oldest !== undefined && (longest === undefined || oldest.idleSinceMs < longest.idleSinceMs)) longest = oldest;
  }
  longest?.close();
}
