/**
 * The stretch of time at which the charts stand still, kept in the address as `from` and `to`. Null
 * while they follow the present. The rest of the page stays live.
 */
import { computed } from '@preact/signals';
import { formatClock, formatDay, formatDuration } from '../format.ts';
import type { Span } from '../live/chart-source.ts';
import { latest } from '../live/session.ts';
import { place, setOptions } from '../router.ts';
import type { Selection } from './cursor.ts';

/** Shorter ones show nothing. */
export const LEAST_SECONDS = 10;
const MOST_SECONDS = 604_800;

let last: Span | null = null;

/** The same object as long as the address says the same. */
export const zoom = computed<Span | null>(() => {
  const next = readSpan(place.value.options);
  if (next?.fromSeconds !== last?.fromSeconds || next?.toSeconds !== last?.toSeconds) last = next;
  return last;
});

/** Null where the address names none, or one that makes no sense. */
export function readSpan({ from = '', to = '' }: Readonly<Record<string, string>>): Span | null {
  if (!/^\d{1,11}$/.test(from) || !/^\d{1,11}$/.test(to)) return null;
  const [fromSeconds, toSeconds] = [Number(from), Number(to)];
  return toSeconds - fromSeconds + 1 < LEAST_SECONDS ? null : { fromSeconds, toSeconds };
}

/** The whole steps that a selection touches, widened where it is too short. */
export function spanOf({ anchorAt, headAt }: Selection, stepSeconds: number): Span {
  const step = (at: number): number => Math.floor(at / stepSeconds) * stepSeconds;
  const fromSeconds = step(Math.min(anchorAt, headAt));
  const toSeconds = step(Math.max(anchorAt, headAt)) + stepSeconds - 1;
  const missing = Math.max(0, LEAST_SECONDS - (toSeconds - fromSeconds + 1));
  const before = Math.ceil(missing / 2);
  return { fromSeconds: fromSeconds - before, toSeconds: toSeconds + missing - before };
}

/** Half as long or twice as long around the same middle, and never beyond the present. */
export function scaled({ fromSeconds, toSeconds }: Span, factor: number, nowSeconds: number): Span {
  const seconds = toSeconds - fromSeconds + 1;
  const wanted = Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, Math.round(seconds * factor)));
  const middle = (fromSeconds + toSeconds) / 2;
  const end = Math.min(Math.max(nowSeconds, toSeconds), Math.floor(middle + wanted / 2));
  return { fromSeconds: end - wanted + 1, toSeconds: end };
}

/** `14:02:11 – 14:05:40 · 3 min 30 s`, with the day where it is not today. */
export function spanWords({ fromSeconds, toSeconds }: Span, nowMs: number): string {
  const moment = (ms: number): string =>
    formatDay(ms) === formatDay(nowMs) ? formatClock(ms) : `${formatDay(ms).slice(5)} ${formatClock(ms)}`;
  const lengthMs = (toSeconds - fromSeconds + 1) * 1000;
  return `${moment(fromSeconds * 1000)} – ${moment(toSeconds * 1000)} · ${formatDuration(lengthMs)}`;
}

/** A step forward in the history of the browser, so that its way back leads out again. */
export function zoomTo({ fromSeconds, toSeconds }: Span): void {
  setOptions({ from: String(fromSeconds), to: String(toSeconds) }, true);
}

export function zoomBy(factor: number): void {
  const span = zoom.peek();
  if (span !== null) zoomTo(scaled(span, factor, latest.peek()?.second ?? span.toSeconds));
}

export function backToLive(): void {
  setOptions({ from: null, to: null }, true);
}
