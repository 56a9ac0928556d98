/**
 * What a chart draws, as data: its lines, their values for every step of the range, and the
 * sentence and the table that say the same without a picture. Pure; `chart.tsx` draws it.
 */
import { formatMoment, formatMs, formatRate, NOTHING } from '../format.ts';
import { type Cell, type Columns, stretch } from '../history.ts';
import type { HistoryColumn } from '../protocol.ts';

export interface Line {
  readonly label: string;
  /** Custom property of its colour. */
  readonly colour: string;
  /** Lengths of strokes and spaces; a second way, next to colour, to tell the lines apart. */
  readonly dash: readonly number[];
  readonly values: readonly Cell[];
}

/** The steps that a picture has, one slot each. */
export interface Slots {
  readonly stepSeconds: number;
  /** The first second of each slot, seconds since the epoch. */
  readonly at: readonly number[];
}

export interface PlotData extends Slots {
  readonly lines: readonly Line[];
  /** Whether the lines are parts of a whole and are drawn one upon the other. */
  readonly isStacked: boolean;
}

const SOLID: readonly number[] = [];

/** Requests a second, by backend; those that are not among the busiest as one. */
export function trafficData(columns: Columns | null, endAt: number, seconds: number, backendCount: number): PlotData {
  const { at, stepSeconds, pick } = stretch(columns, endAt, seconds);
  const whole = pick(columns?.columns.get('rps'));
  if (columns?.backends == null) {
    // So far back only the pool as a whole is remembered.
    const lines = [{ label: 'all backends', colour: '--series-1', dash: SOLID, values: whole }];
    return { at, stepSeconds, lines, isStacked: true };
  }
  const lines: Line[] = [];
  for (const [label, column] of columns.backends) {
    const values = pick(column);
    if (values.every((value) => value === null)) continue;
    // Within a known step, a backend that did not exist had no requests.
    const filled = values.map((value, slot) => value ?? (whole[slot] == null ? null : 0));
    lines.push({ label, colour: `--series-${lines.length + 1}`, dash: SOLID, values: filled });
  }
  const restCount = backendCount - columns.backends.size;
  if (restCount > 0) {
    const values = whole.map((total, slot) =>
      total === null
        ? null
        : Math.max(
            0,
            lines.reduce((rest, line) => rest - (line.values[slot] ?? 0), total),
          ),
    );
    lines.push({ label: `${restCount} others`, colour: '--series-rest', dash: SOLID, values });
  }
  return { at, stepSeconds, lines, isStacked: true };
}

/** One column as a line. */
export interface LineOf {
  readonly column: HistoryColumn;
  readonly label: string;
  readonly colour: string;
  readonly dash?: readonly number[];
}

/** Columns as lines, one upon the other or side by side. */
export function linesData(
  columns: Columns | null,
  endAt: number,
  seconds: number,
  isStacked: boolean,
  lines: readonly LineOf[],
): PlotData {
  const { at, stepSeconds, pick } = stretch(columns, endAt, seconds);
  return {
    at,
    stepSeconds,
    isStacked,
    lines: lines.map(({ column, label, colour, dash = SOLID }) => {
      return { label, colour, dash, values: pick(columns?.columns.get(column)) };
    }),
  };
}

/** Percentiles of all latencies of each step: measured, never averaged. */
export function latencyData(columns: Columns | null, endAt: number, seconds: number): PlotData {
  return linesData(columns, endAt, seconds, false, [
    { column: 'p50', label: 'p50', colour: '--latency-1' },
    { column: 'p95', label: 'p95', colour: '--latency-2' },
    { column: 'p99', label: 'p99', colour: '--latency-3', dash: [4, 2] },
  ]);
}

export function errorData(columns: Columns | null, endAt: number, seconds: number): PlotData {
  return linesData(columns, endAt, seconds, false, [
    { column: 'retries', label: 'retries', colour: '--series-2', dash: [4, 2] },
    { column: 'errors', label: 'errors', colour: '--series-error' },
  ]);
}

/** What is under way: how full the pool is. */
export function loadData(columns: Columns | null, endAt: number, seconds: number): PlotData {
  return linesData(columns, endAt, seconds, false, [
    { column: 'connections', label: 'connections', colour: '--series-rest' },
    { column: 'queued', label: 'queued', colour: '--series-error', dash: [4, 2] },
    { column: 'inFlight', label: 'in flight', colour: '--series-1' },
  ]);
}

/** The columns that are drawn: for stacked lines the running sums, topmost line last. */
export function drawnValues(data: PlotData): Cell[][] {
  if (!data.isStacked) return data.lines.map((line) => [...line.values]);
  const sums: Cell[][] = [];
  let below: readonly Cell[] | null = null;
  for (const line of data.lines) {
    const base: readonly Cell[] | null = below;
    const sum: Cell[] = line.values.map((value, slot) =>
      value === null ? null : value + (base === null ? 0 : (base[slot] ?? 0)),
    );
    sums.push(sum);
    below = sum;
  }
  return sums;
}

/** The end of the axis: a round number above the highest value, so that it rarely moves. */
export function roundAbove(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 1.5, 2, 3, 4, 5, 6, 8, 10]) {
    if (value <= step * power) return step * power;
  }
  return 10 * power;
}

/** A value in the figures of its unit. */
export function formatValue(value: Cell, unit: string): string {
  return unit === 'ms' ? formatMs(value) : formatRate(value);
}

/** The picture in one or two sentences, for those who do not see it. `lastWord`: what its end is called. */
export function summaryOf(data: PlotData, unit: string, lastWord = 'now'): string {
  const values = data.isStacked ? totals(data) : (data.lines.at(-1)?.values ?? []);
  const known = values.filter((value) => value !== null);
  const what = data.isStacked ? '' : `${data.lines.at(-1)?.label ?? ''} `;
  if (known.length === 0) return 'Nothing was measured in this time.';
  const [least, most, last] = [Math.min(...known), Math.max(...known), known.at(-1) ?? null];
  const gapCount = data.isStacked ? countGaps(values) : 0;
  const gaps = gapCount === 0 ? '' : gapCount === 1 ? ' One gap.' : ` ${gapCount} gaps.`;
  const figures = `${lastWord} ${formatValue(last, unit)}, least ${formatValue(least, unit)}, most ${formatValue(most, unit)}`;
  return `${what}${figures} ${unit}.${gaps}`;
}

function totals(data: PlotData): readonly Cell[] {
  return drawnValues(data).at(-1) ?? [];
}

/** Stretches without a value between two values. */
function countGaps(values: readonly Cell[]): number {
  let count = 0;
  let isAfterValue = false;
  let isInGap = false;
  for (const value of values) {
    if (value === null) {
      isInGap = isAfterValue;
    } else {
      if (isInGap) count += 1;
      isInGap = false;
      isAfterValue = true;
    }
  }
  return count;
}

/** The values of one step in words: `14:02:11: b1 120, b2 130`. */
export function readingOf(data: PlotData, slot: number, unit: string): string {
  const at = data.at[slot];
  if (at === undefined) return '';
  const parts = data.lines.map((line) => `${line.label} ${formatValue(line.values[slot] ?? null, unit)}`);
  return `${formatMoment(at * 1000, data.stepSeconds)}: ${parts.join(', ')} ${unit}`;
}

/** The last slot that holds a value, or the last one of all. */
export function lastKnown(data: PlotData): number {
  const slots = data.at.length;
  for (let slot = slots - 1; slot >= Math.max(0, slots - 10); slot -= 1) {
    if (data.lines.some((line) => line.values[slot] != null)) return slot;
  }
  return Math.max(0, slots - 1);
}

export interface TableRow {
  readonly clock: string;
  readonly cells: readonly string[];
}

/** Newest first; one row every so many slots, each the measurement of that one slot. */
export function tableOf(data: PlotData, unit: string, everySlots: number): TableRow[] {
  const rows: TableRow[] = [];
  for (let slot = data.at.length - 1; slot >= 0; slot -= everySlots) {
    const cells = data.lines.map((line) => line.values[slot] ?? null);
    rows.push({
      clock: formatMoment((data.at[slot] ?? 0) * 1000, data.stepSeconds),
      cells: cells.map((cell) => (cell === null ? NOTHING : formatValue(cell, unit))),
    });
  }
  return rows;
}

/** What one step is called: `second`, `10 s`, `15 min`. */
export function stepWords(stepSeconds: number): string {
  if (stepSeconds === 1) return 'second';
  if (stepSeconds === 60) return 'minute';
  return stepSeconds < 60 ? `${stepSeconds} s` : `${stepSeconds / 60} min`;
}
