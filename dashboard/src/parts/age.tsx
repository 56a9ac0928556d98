/**
 * Times that run: how long ago, how long still. They count by the server's clock as of the last
 * message, so a wrong clock on the reader's side cannot bend them, and they stand still when the
 * figures do. Only these few cells are painted each second.
 */
import { computed } from '@preact/signals';
import { formatClock, formatDay, formatDuration, NOTHING } from '../format.ts';
import { shown } from '../live/session.ts';

export const nowMs = computed(() => shown.value?.atMs ?? 0);

/** A cell that nobody sees does not run. */
const clockOf = (isRunning: boolean): number => (isRunning ? nowMs.value : nowMs.peek());

/** `3 min 12 s`; the moment itself on hover. */
export function Age({ sinceMs, isRunning = true }: { readonly sinceMs: number; readonly isRunning?: boolean }) {
  return (
    <time dateTime={new Date(sinceMs).toISOString()} title={`since ${formatDay(sinceMs)} ${formatClock(sinceMs)}`}>
      {formatDuration(clockOf(isRunning) - sinceMs)}
    </time>
  );
}

/** `in 4 s`, `now`. */
export function Countdown({ atMs, isRunning = true }: { readonly atMs: number | null; readonly isRunning?: boolean }) {
  if (atMs === null) return <span>{NOTHING}</span>;
  const leftMs = atMs - clockOf(isRunning);
  return <span>{leftMs < 500 ? 'now' : `in ${formatDuration(leftMs + 500)}`}</span>;
}
