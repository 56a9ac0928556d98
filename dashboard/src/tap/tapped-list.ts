/**
 * The requests that the page keeps of a tap, newest end first. The server keeps few and lets the
 * oldest go; here they stay for longer, also when the tap has been asked for anew. Pure.
 */
import type { TappedRequest } from '../protocol.ts';

/** Requests that the page keeps. */
export const TAPPED_KEPT = 300;

export const endMs = (request: TappedRequest): number => request.atMs + request.durationMs;

/** Another tap, or another process, may give a name again, but not to a request of the same moment. */
export const keyOfRequest = (request: TappedRequest): string => `${request.name}@${request.atMs}`;

/** `kept` with those of `rows` (in any order) that it lacks; the same list where there are none. */
export function mergeTapped(
  kept: readonly TappedRequest[],
  rows: readonly TappedRequest[],
  limit = TAPPED_KEPT,
): readonly TappedRequest[] {
  const known = new Set(kept.map(keyOfRequest));
  const fresh = rows.filter((row) => !known.has(keyOfRequest(row)));
  if (fresh.length === 0) return kept;
  return [...fresh.sort((a, b) => endMs(b) - endMs(a)), ...kept].slice(0, limit);
}

/** How many of `now` are not in `before`: those that wait while the list is held. */
export function countNew(before: readonly TappedRequest[], now: readonly TappedRequest[]): number {
  if (before === now) return 0;
  const known = new Set(before.map(keyOfRequest));
  return now.filter((request) => !known.has(keyOfRequest(request))).length;
}
