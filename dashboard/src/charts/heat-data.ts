/**
 * A heat map of latencies as data: for each step how many requests took how long. Pure. It shows
 * what percentiles hide, such as two humps: some answers from a cache, the others not.
 */
import { formatMoment } from '../format.ts';
import { type BandCounts, type Columns, stretch } from '../history.ts';
import type { Slots } from './plot-data.ts';

export interface HeatData extends Slots {
  /** Where one band ends and the next begins, in milliseconds. */
  readonly edgesMs: readonly number[];
  readonly counts: readonly BandCounts[];
  /** False where bands are not kept for so long. */
  readonly isKept: boolean;
}

export function heatData(columns: Columns | null, endAt: number, seconds: number): HeatData {
  const { at, stepSeconds, pick } = stretch(columns, endAt, seconds);
  const counts = pick(columns?.bands ?? undefined);
  const isKept = columns === null || columns.bands !== null;
  return { at, stepSeconds, edgesMs: columns?.edgesMs ?? [], counts, isKept };
}

/** The counts of so many steps each, added up; null where nothing is known of any of them. */
export function gather(counts: readonly BandCounts[], size: number): BandCounts[] {
  if (size === 1) return [...counts];
  return Array.from({ length: Math.ceil(counts.length / size) }, (_, group) => {
    const known = counts.slice(group * size, (group + 1) * size).filter((bands) => bands !== null);
    return known.length === 0
      ? null
      : known.reduce((sum, bands) => sum.map((count, band) => count + (bands[band] ?? 0)));
  });
}

/** `below 0.25 ms`, `10 to 16 ms`, `above 10 s`. */
export function bandWords(edgesMs: readonly number[], band: number): string {
  const [low, high] = [edgesMs[band - 1], edgesMs[band]];
  if (low === undefined) return `below ${edgeWords(high ?? 0)}`;
  if (high === undefined) return `above ${edgeWords(low)}`;
  return `${edgeWords(low).replace(/ m?s$/, '')} to ${edgeWords(high)}`;
}

export function edgeWords(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}

/** How dark a cell is, 0..1: by the logarithm, so that few slow ones show beside many fast ones. */
export function shade(count: number, most: number): number {
  return count === 0 || most === 0 ? 0 : 0.15 + (0.85 * Math.log1p(count)) / Math.log1p(most);
}

/** One step in words: `14:02:11: 120 requests, most 2.5 to 4 ms, slowest 63 to 100 ms`. */
export function heatReading(data: HeatData, slot: number): string {
  const at = data.at[slot];
  if (at === undefined) return '';
  return `${formatMoment(at * 1000, data.stepSeconds)}: ${stepInWords(data, slot)}`;
}

export function stepInWords(data: HeatData, slot: number): string {
  const bands = data.counts[slot] ?? null;
  const count = bands?.reduce((sum, own) => sum + own, 0) ?? 0;
  if (bands === null || count === 0) return 'no requests';
  const most = bands.indexOf(Math.max(...bands));
  const slowest = bands.findLastIndex((own) => own > 0);
  const words = (band: number): string => bandWords(data.edgesMs, band);
  return `${count} request${count === 1 ? '' : 's'}, most ${words(most)}, slowest ${words(slowest)}`;
}

/** The last slot in which there was a request, or the last one of all. */
export function lastBusy(data: HeatData): number {
  const last = data.counts.findLastIndex((bands) => bands?.some((count) => count > 0) ?? false);
  return last === -1 ? Math.max(0, data.at.length - 1) : last;
}

/** The picture in a sentence, for those who do not see it. */
export function heatSummary(data: HeatData): string {
  if (!data.isKept) return 'Kept for 6 hours; choose a shorter range.';
  const sums = data.edgesMs.length === 0 ? [] : new Array<number>(data.edgesMs.length + 1).fill(0);
  for (const bands of data.counts) {
    for (const [band, count] of (bands ?? []).entries()) sums[band] = (sums[band] ?? 0) + count;
  }
  const total = sums.reduce((sum, count) => sum + count, 0);
  if (total === 0) return 'Nothing was measured in this time.';
  const most = sums.indexOf(Math.max(...sums));
  const slowest = sums.findLastIndex((count) => count > 0);
  return `most ${bandWords(data.edgesMs, most)}, slowest ${bandWords(data.edgesMs, slowest)}.`;
}
