/**
 * What the charts of one thing show: its columns, which time they are of, and what happened in it.
 * Follows the range of the address, or stands still where the address names a time. Used by every
 * screen that has charts.
 */
import { useMemo } from 'preact/hooks';
import { type ChartSource, useChartSource } from '../live/chart-source.ts';
import { useEventList } from '../live/event-list.ts';
import { shown } from '../live/session.ts';
import type { HistoryRange, LiveEvent } from '../protocol.ts';
import { secondsOf } from '../ranges.ts';
import { place } from '../router.ts';
import { zoom } from './zoom.ts';

/** More markers than this hide the lines. */
const MARKERS_AT_MOST = 100;

export interface ChartView {
  readonly source: ChartSource;
  /** The last second that is shown, seconds since the epoch, and how many of them. */
  readonly endAt: number;
  readonly seconds: number;
  /** What happened in this time. */
  readonly events: readonly LiveEvent[];
}

export interface ChartViewOptions {
  readonly topic: string;
  /** Whose events are marked: `web` stands for its backends too, the empty one for the whole. Left out, all. */
  readonly subjects?: readonly string[];
  readonly hasBands?: boolean;
  /** Longer ranges are not kept of this thing: the longest that is takes their place. */
  readonly longest?: HistoryRange;
}

export function useChartView({ topic, subjects, hasBands = false, longest = '7d' }: ChartViewOptions): ChartView {
  const span = zoom.value;
  const range = secondsOf(place.value.range) > secondsOf(longest) ? longest : place.value.range;
  const source = useChartSource(topic, range, hasBands, span);
  const nowAt = shown.value?.second ?? 0;
  const stepSeconds = source.columns?.stepSeconds ?? 1;
  const endAt = span?.toSeconds ?? nowAt;
  // The first step is shown whole.
  const seconds =
    span === null ? secondsOf(range) : endAt - Math.floor(span.fromSeconds / stepSeconds) * stepSeconds + 1;
  // Asked once; what happens afterwards is told by the live channel.
  const since = useMemo(() => (endAt - seconds) * 1000, [topic, range, span, endAt === 0]);
  const about = subjects === undefined ? {} : { subjects };
  const until = span === null ? {} : { until: (endAt + 1) * 1000 };
  const { events } = useEventList({ ...about, since, ...until, limit: MARKERS_AT_MOST }, span === null);
  const [fromMs, toMs] = [(endAt - seconds) * 1000, (endAt + 1) * 1000];
  const inTime = (events ?? []).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  return { source, endAt, seconds, events: inTime };
}
