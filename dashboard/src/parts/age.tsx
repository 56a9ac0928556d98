/**
 * Times that run: how long ago, how long still. They count by the server's clock as of the last
 * message, so a wrong clock on the reader's side cannot bend them, and they stand still when the
 * figures do. Only these few cells are painted each second.
 */
import { computed } from '@preact/signals';
import { formatClock, formatDay, formatDuration, NOTHING } from '../format.ts';
import { shown } from '../live/session.ts';

export const nowMs = computed(() => shown.value?.atMs ?? 0);

/** `3 min 12 s`; the moment itself on hover. */
export function Age({ sinceMs }: { readonly sinceMs: number }) {
  return (
    <time dateTime={new Date(sinceMs).toISOString()} title={`since ${formatDay(sinceMs)} ${formatClock(sinceMs)}`}>
      {formatDuration(nowMs.value - sinceMs)}
    </time>
  );
}

/** `in 4 s`, `now`. */
export function Countdown({ atMs }: { readonly atMs: number | null }) {
  if (atMs === null) return <span>{NOTHING}</span>;
  const leftMs = atMs - nowMs.value;
  return <span>{leftMs < 500 ? 'now' : `in ${formatDuration(leftMs + 500)}`}</span>;
}
