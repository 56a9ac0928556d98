/**
 * What a chart draws, as data: its lines, their values for every second of the range, and the
 * sentence and the table that say the same without a picture. Pure; `chart.tsx` draws it.
 */
import { formatClock, formatMs, formatRate, NOTHING } from '../format.ts';
import { type Cell, type Columns, emptyColumns, stretch } from '../history.ts';

export interface Line {
  readonly label: string;
  /** Custom property of its colour. */
  readonly colour: string;
  /** Lengths of strokes and spaces; a second way, next to colour, to tell the lines apart. */
  readonly dash: readonly number[];
  readonly values: readonly Cell[];
}

export interface PlotData {
  readonly at: readonly number[];
  readonly lines: readonly Line[];
  /** Whether the lines are parts of a whole and are drawn one upon the other. */
  readonly isStacked: boolean;
}

/** More lines than this cannot be told apart: the rest is drawn as one. */
const LINES_AT_MOST = 7;

const SOLID: readonly number[] = [];

/**
 * The backends that are drawn by name: all, or the busiest of the range where they are too many.
 * The caller keeps the answer for a while: lines that come and go by the second cannot be read.
 */
export function namedBackends(columns: Columns | undefined, endAt: number, seconds: number): ReadonlySet<string> {
  const known = columns ?? emptyColumns();
  if (known.backendRps.size <= LINES_AT_MOST + 1) return new Set(known.backendRps.keys());
  const sums: { readonly name: string; readonly sum: number }[] = [];
  const first = known.at.findIndex((second) => second > endAt - seconds);
  for (const [name, column] of known.backendRps) {
    let sum = 0;
    for (let index = Math.max(0, first); index < column.length; index += 1) sum += column[index] ?? 0;
    sums.push({ name, sum });
  }
  sums.sort((a, b) => b.sum - a.sum);
  return new Set(sums.slice(0, LINES_AT_MOST).map(({ name }) => name));
}

/** Requests a second, by backend; those that are not `named` as one. */
export function trafficData(
  columns: Columns | undefined,
  endAt: number,
  seconds: number,
  named: ReadonlySet<string>,
): PlotData {
  const known = columns ?? emptyColumns();
  const { at, cut } = stretch(known, endAt, seconds);
  const whole = cut(known.rps);
  const lines: Line[] = [];
  for (const [label, column] of known.backendRps) {
    if (!named.has(label)) continue;
    const values = cut(column);
    if (values.every((value) => value === null)) continue;
    // Within a known second, a backend that did not exist had no requests.
    const filled = values.map((value, slot) => value ?? (whole[slot] == null ? null : 0));
    lines.push({ label, colour: `--series-${lines.length + 1}`, dash: SOLID, values: filled });
  }
  const restCount = known.backendRps.size - named.size;
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
  return { at, lines, isStacked: true };
}

/** Percentiles of the exchanges of each second: measured, never averaged. */
export function latencyData(columns: Columns | undefined, endAt: number, seconds: number): PlotData {
  const known = columns ?? emptyColumns();
  const { at, cut } = stretch(known, endAt, seconds);
  return {
    at,
    isStacked: false,
    lines: [
      { label: 'p50', colour: '--latency-1', dash: SOLID, values: cut(known.p50) },
      { label: 'p95', colour: '--latency-2', dash: SOLID, values: cut(known.p95) },
      { label: 'p99', colour: '--latency-3', dash: [4, 2], values: cut(known.p99) },
    ],
  };
}

export function errorData(columns: Columns | undefined, endAt: number, seconds: number): PlotData {
  const known = columns ?? emptyColumns();
  const { at, cut } = stretch(known, endAt, seconds);
  return {
    at,
    isStacked: true,
    lines: [{ label: 'errors', colour: '--series-error', dash: SOLID, values: cut(known.errorsPerSecond) }],
  };
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

/** The picture in one or two sentences, for those who do not see it. */
export function summaryOf(data: PlotData, unit: string): string {
  const values = data.isStacked ? totals(data) : (data.lines.at(-1)?.values ?? []);
  const known = values.filter((value) => value !== null);
  const what = data.isStacked ? '' : `${data.lines.at(-1)?.label ?? ''} `;
  if (known.length === 0) return 'Nothing was measured in this time.';
  const format = unit === 'ms' ? formatMs : formatRate;
  const [least, most, last] = [Math.min(...known), Math.max(...known), known.at(-1) ?? null];
  const gapCount = data.isStacked ? countGaps(values) : 0;
  const gaps = gapCount === 0 ? '' : gapCount === 1 ? ' One gap.' : ` ${gapCount} gaps.`;
  return `${what}now ${format(last)}, least ${format(least)}, most ${format(most)} ${unit}.${gaps}`;
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

/** The values of one second in words: `14:02:11: b1 120, b2 130`. */
export function readingOf(data: PlotData, slot: number, unit: string): string {
  const at = data.at[slot];
  if (at === undefined) return '';
  const format = unit === 'ms' ? formatMs : formatRate;
  const parts = data.lines.map((line) => `${line.label} ${format(line.values[slot] ?? null)}`);
  return `${formatClock(at * 1000)}: ${parts.join(', ')} ${unit}`;
}

export interface TableRow {
  readonly clock: string;
  readonly cells: readonly string[];
}

/** Newest first; one row every `everySeconds`, each the measurement of that one second. */
export function tableOf(data: PlotData, unit: string, everySeconds: number): TableRow[] {
  const format = unit === 'ms' ? formatMs : formatRate;
  const rows: TableRow[] = [];
  for (let slot = data.at.length - 1; slot >= 0; slot -= everySeconds) {
    const cells = data.lines.map((line) => line.values[slot] ?? null);
    rows.push({
      clock: formatClock((data.at[slot] ?? 0) * 1000),
      cells: cells.map((cell) => (cell === null ? NOTHING : format(cell))),
    });
  }
  return rows;
}
