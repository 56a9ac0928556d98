/**
 * The past of one thing, as columns for its charts: filled from `GET /api/v1/history`, lengthened
 * second by second from the live channel, or piece by piece from the history again.
 *
 * It is mutable on purpose: pure columns would copy 900 numbers of every series each second.
 * Columns grow to twice their length before the older half is cut off, so an append costs nothing
 * on most seconds, and memory is flat however long the page stays open.
 */
import type { ChartFields, HistoryAnswer, HistoryColumn } from './protocol.ts';

export type Cell = number | null;
export type BandCounts = readonly number[] | null;

/** All arrays have the same length; `at` ascends, and may skip steps. */
export interface Columns {
  readonly stepSeconds: number;
  /** How many steps the charts show. */
  readonly keptSteps: number;
  /** The first second of each step, seconds since the epoch. */
  at: number[];
  readonly columns: Map<HistoryColumn, Cell[]>;
  /** Requests a second by backend; null where they are not kept for so long. */
  backends: Map<string, Cell[]> | null;
  /** Counts by latency band; null where they are not kept for so long, or were not asked for. */
  bands: BandCounts[] | null;
  /** Where one band ends and the next begins, in milliseconds. */
  edgesMs: readonly number[];
  /** The last step is not over. */
  isLastOpen: boolean;
}

export function columnsFrom(answer: HistoryAnswer, seconds: number): Columns {
  const columns: Columns = {
    stepSeconds: answer.stepSeconds,
    keptSteps: Math.ceil(seconds / answer.stepSeconds),
    at: [],
    columns: new Map(Object.keys(answer.columns).map((name) => [name as HistoryColumn, []])),
    backends: answer.backends == null ? null : new Map(Object.keys(answer.backends).map((name) => [name, []])),
    bands: answer.bands == null ? null : [],
    edgesMs: answer.bands?.edgesMs ?? [],
    isLastOpen: false,
  };
  addAnswer(columns, answer);
  return columns;
}

/** Lays an answer over the end of the columns: what it tells of a step that is there already is newer. */
export function addAnswer(columns: Columns, answer: HistoryAnswer): void {
  const [first] = answer.at;
  if (first === undefined) return;
  const kept = columns.at.findLastIndex((at) => at < first) + 1;
  cut(columns, 0, kept);
  for (const at of answer.at) columns.at.push(at);
  const count = answer.at.length;
  for (const [name, column] of columns.columns) append(column, answer.columns[name], count);
  if (columns.backends !== null) appendBackends(columns.backends, answer.backends ?? {}, kept, count);
  if (columns.bands !== null) append(columns.bands, answer.bands?.counts, count);
  columns.isLastOpen = answer.isLastOpen;
  trim(columns);
}

/** Adds the second that the live channel told; it must be the one after the last. */
export function addSecond(columns: Columns, second: number, fields: ChartFields): void {
  const length = columns.at.push(second);
  for (const [name, column] of columns.columns) column.push(fields[name] ?? null);
  if (columns.backends !== null) {
    for (const [name, column] of columns.backends) column.push(fields.backends?.[name] ?? null);
  }
  columns.bands?.push(fields.bands ?? null);
  if (length >= 2 * columns.keptSteps) trim(columns);
}

/** The last second that is told; null where there is none. */
export function lastSecond(columns: Columns): number | null {
  const at = columns.at.at(-1);
  return at === undefined ? null : at + columns.stepSeconds - 1;
}

/** From where a reader that has these columns goes on: the last step that is over. */
export function lastClosed(columns: Columns): number | null {
  return columns.at.at(columns.isLastOpen ? -2 : -1) ?? null;
}

function append<Value>(column: (Value | null)[], values: readonly (Value | null)[] | undefined, count: number): void {
  for (let index = 0; index < count; index += 1) column.push(values?.[index] ?? null);
}

function appendBackends(
  backends: Map<string, Cell[]>,
  answer: Readonly<Record<string, readonly Cell[]>>,
  kept: number,
  count: number,
): void {
  for (const name of Object.keys(answer)) {
    if (!backends.has(name)) backends.set(name, new Array<Cell>(kept).fill(null));
  }
  for (const [name, column] of backends) append(column, answer[name], count);
}

function trim(columns: Columns): void {
  const length = columns.at.length;
  if (length >= 2 * columns.keptSteps) cut(columns, length - columns.keptSteps, length);
}

function cut(columns: Columns, from: number, to: number): void {
  const part = <Value>(column: Value[]): Value[] =>
    from === 0 && to === column.length ? column : column.slice(from, to);
  columns.at = part(columns.at);
  for (const [name, column] of columns.columns) columns.columns.set(name, part(column));
  for (const [name, column] of columns.backends ?? []) columns.backends?.set(name, part(column));
  if (columns.bands !== null) columns.bands = part(columns.bands);
}

/** A stretch of time with one slot a step, null where nothing is known: gaps stay gaps. */
export interface Stretch {
  readonly stepSeconds: number;
  /** The first second of each slot. */
  readonly at: readonly number[];
  /** The same stretch of any column of the same thing. */
  readonly pick: <Value>(column: readonly (Value | null)[] | undefined) => (Value | null)[];
}

/** The `seconds` that end with `endAt` (seconds since the epoch, included). */
export function stretch(columns: Columns | null, endAt: number, seconds: number): Stretch {
  const stepSeconds = columns?.stepSeconds ?? Math.max(1, Math.ceil(seconds / 900));
  const count = Math.max(1, Math.ceil(seconds / stepSeconds));
  const begin = (Math.floor(endAt / stepSeconds) - count + 1) * stepSeconds;
  const at = Array.from({ length: count }, (_, slot) => begin + slot * stepSeconds);
  const sources = new Int32Array(count).fill(-1);
  const known = columns?.at ?? [];
  for (let index = known.length - 1; index >= 0; index -= 1) {
    const slot = Math.floor(((known[index] ?? 0) - begin) / stepSeconds);
    if (slot < 0) break;
    if (slot < count) sources[slot] = index;
  }
  const pick = <Value>(column: readonly (Value | null)[] | undefined): (Value | null)[] =>
    Array.from(sources, (source) => (source < 0 ? null : (column?.[source] ?? null)));
  return { stepSeconds, at, pick };
}
