/**
 * What the history answers: columns for one chart, from the finest ring that covers the time asked
 * for in at most `MAX_STEPS` steps. Called by the admin API; it changes nothing.
 *
 * A step that was not sampled is left out, a value that was not measured is null. The step of a
 * coarser ring that is under way is the last one, as far as it has come.
 */
import {
  type HistoryAnswer,
  type HistoryColumn,
  type LatencyBands,
  MAX_STEPS,
  type PoolLinesAnswer,
} from '../../protocol/history.ts';
import type { Axis } from './axis.ts';
import { BAND_EDGES_MS } from './bands.ts';
import { BACKEND_PLAN, type History, POOL_PLAN, TOTALS_PLAN } from './history.ts';
import { BAND_RINGS } from './rings.ts';
import { roundedValue } from './rounded-value.ts';
import { Series, type SeriesPlan } from './series.ts';

/** Backends that a chart can tell apart. */
export const CHARTED_BACKENDS = 7;

/** The time that a chart shows, both ends included. */
export interface Span {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

export interface ChartQuery {
  readonly topic: string;
  readonly span: Span;
  /** Left out: all. */
  readonly columns?: readonly HistoryColumn[];
  readonly hasBands: boolean;
  /** Only what comes after this second, in the same steps. */
  readonly afterSeconds?: number;
  /** Of a pool: these backends instead of the busiest. */
  readonly backends?: readonly string[];
}

type Cell = number | null;
type Values = readonly Cell[];

/** The steps of an answer: where their values lie, the open step last. */
interface Steps {
  readonly ring: number;
  readonly axis: Axis;
  readonly places: readonly number[];
  readonly at: readonly number[];
  readonly isLastOpen: boolean;
}

export function totalsAnswer(history: History, query: ChartQuery): HistoryAnswer {
  return answerOf(history, history.totals, TOTALS_PLAN, query);
}

/** What was never sampled: a pool or a backend that has come since the last second. */
export function unsampledAnswer(history: History, query: ChartQuery): HistoryAnswer {
  const unsampled = new Series(Number.POSITIVE_INFINITY);
  unsampled.refuse();
  return answerOf(history, unsampled, POOL_PLAN, query);
}

/** Null where no such pool was sampled. */
export function poolAnswer(history: History, name: string, query: ChartQuery): HistoryAnswer | null {
  const pool = history.pools.get(name);
  if (pool === undefined) return null;
  const answer = answerOf(history, pool.series, POOL_PLAN, query);
  const steps = stepsOf(history, POOL_PLAN, query);
  if (steps.ring >= BACKEND_PLAN.rings.length) return { ...answer, backends: null };
  const chosen = query.backends ?? busiest(pool.backends, steps);
  const backends = chosen.map((backend) => {
    const series = pool.backends.get(backend);
    return [backend, series === undefined ? steps.at.map(() => null) : columnOf(series, 'rps', steps)] as const;
  });
  return { ...answer, backends: Object.fromEntries(backends) };
}

/** Null where no such backend was sampled. */
export function backendAnswer(
  history: History,
  pool: string,
  backend: string,
  query: ChartQuery,
): HistoryAnswer | null {
  const series = history.pools.get(pool)?.backends.get(backend);
  return series === undefined ? null : answerOf(history, series, BACKEND_PLAN, query);
}

/** Requests a second of several pools in steps of `stepSeconds`, each the mean of its seconds. */
export function poolLines(
  history: History,
  names: readonly string[],
  span: Span,
  stepSeconds: number,
): PoolLinesAnswer {
  const steps = stepsOf(history, POOL_PLAN, { topic: 'pools', span, hasBands: false });
  const starts = [...new Set(steps.at.map((at) => Math.floor(at / stepSeconds) * stepSeconds))];
  const rps = names.flatMap((name) => {
    const series = history.pools.get(name)?.series;
    return series === undefined ? [] : [[name, meansOf(columnOf(series, 'rps', steps), steps, starts, stepSeconds)]];
  });
  return {
    topic: 'pools',
    stepSeconds,
    second: Math.max(history.second, span.fromSeconds - 1),
    at: starts,
    rps: Object.fromEntries(rps) as Record<string, Values>,
  };
}

function meansOf(values: Values, steps: Steps, starts: readonly number[], stepSeconds: number): Values {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    const start = Math.floor((steps.at[index] ?? 0) / stepSeconds) * stepSeconds;
    const mean = sums.get(start) ?? { sum: 0, count: 0 };
    sums.set(start, { sum: mean.sum + value, count: mean.count + 1 });
  }
  return starts.map((start) => {
    const mean = sums.get(start);
    return mean === undefined ? null : roundedValue('inFlight', mean.sum / mean.count);
  });
}

function answerOf(history: History, series: Series, plan: SeriesPlan, query: ChartQuery): HistoryAnswer {
  const steps = stepsOf(history, plan, query);
  const names = (query.columns ?? plan.columns).filter((name) => plan.columns.includes(name));
  const columns = names.map((name) => [name, columnOf(series, name, steps)] as const);
  return {
    topic: query.topic,
    stepSeconds: steps.axis.stepSeconds,
    second: Math.max(history.second, query.span.fromSeconds - 1),
    at: steps.at,
    isLastOpen: steps.isLastOpen,
    columns: Object.fromEntries(columns),
    ...(query.hasBands && plan.hasBands ? { bands: bandsOf(history, series, steps) } : {}),
  };
}

/** The steps of the finest ring that covers the span; of the longest, where none does. */
function stepsOf(history: History, plan: SeriesPlan, { span, afterSeconds }: ChartQuery): Steps {
  const { fromSeconds, toSeconds } = span;
  const ring = ringFor(history, plan, span);
  const axis = history.axes[ring] as Axis;
  const from = Math.max(Math.floor(fromSeconds / axis.stepSeconds) * axis.stepSeconds, (afterSeconds ?? -1) + 1);
  const places = axis.places(from, toSeconds);
  const at = places.map((place) => axis.at(place));
  const openAt = history.openStepAt(ring);
  const isLastOpen = ring > 0 && openAt >= from && openAt <= toSeconds;
  return { ring, axis, places, at: isLastOpen ? [...at, openAt] : at, isLastOpen };
}

function ringFor(history: History, { rings }: SeriesPlan, { fromSeconds, toSeconds }: Span): number {
  const ring = rings.findIndex(({ stepSeconds, steps }) => {
    const isShort = (toSeconds - fromSeconds) / stepSeconds <= MAX_STEPS;
    return isShort && fromSeconds >= history.second - steps * stepSeconds - stepSeconds;
  });
  return ring === -1 ? rings.length - 1 : ring;
}

function columnOf(series: Series, column: HistoryColumn, steps: Steps): Values {
  const { ring, axis, places, isLastOpen } = steps;
  if (!series.has(ring, column)) return steps.at.map(() => null);
  const values = places.map((place) => {
    const at = axis.at(place);
    const isThere = at + axis.stepSeconds > series.bornAt && at <= series.seenAt;
    if (!isThere || axis.ageOf(place) > series.stepsOf(ring)) return null;
    return roundedValue(column, series.read(ring, column, place));
  });
  if (isLastOpen) values.push(roundedValue(column, series.readOpen(ring)(column)));
  return values;
}

/** By step; where the ring has no bands, those of the finer one that are in each step are added up. */
function bandsOf(history: History, series: Series, steps: Steps): LatencyBands | null {
  const fine = Math.min(steps.ring, BAND_RINGS - 1);
  const axis = history.axes[fine] as Axis;
  const [first = 0] = steps.at;
  const kept = axis.capacity * axis.stepSeconds;
  if (!series.hasBands(fine) || first < history.second - kept - steps.axis.stepSeconds) return null;
  const last = (steps.at.at(-1) ?? 0) + steps.axis.stepSeconds - 1;
  const counts = new Map<number, number[]>();
  const add = (at: number, bands: readonly number[] | null): void => {
    if (bands === null || at + axis.stepSeconds <= series.bornAt) return;
    const step = Math.floor(at / steps.axis.stepSeconds) * steps.axis.stepSeconds;
    const sums = counts.get(step);
    counts.set(step, sums === undefined ? [...bands] : sums.map((count, band) => count + (bands[band] ?? 0)));
  };
  for (const place of axis.places(first, last)) add(axis.at(place), series.readBands(fine, place));
  if (fine > 0) add(history.openStepAt(fine), series.readOpenBands());
  return { edgesMs: BAND_EDGES_MS, counts: steps.at.map((at) => counts.get(at) ?? null) };
}

/** The backends with the most requests in these steps, in the order in which they came. */
function busiest(backends: ReadonlyMap<string, Series>, steps: Steps): readonly string[] {
  if (backends.size <= CHARTED_BACKENDS + 1) return [...backends.keys()];
  const ranked = [...backends].map(([name, series], index) => {
    let sum = 0;
    for (const place of steps.places) {
      if (steps.axis.ageOf(place) > series.stepsOf(steps.ring)) continue;
      const value = series.read(steps.ring, 'rps', place);
      if (!Number.isNaN(value)) sum += value;
    }
    return { name, sum, index };
  });
  ranked.sort((a, b) => b.sum - a.sum || a.index - b.index);
  return ranked
    .slice(0, CHARTED_BACKENDS)
    .sort((a, b) => a.index - b.index)
    .map(({ name }) => name);
}
