/**
 * The last 15 minutes of every pool, one entry a second, as columns for the charts.
 *
 * Filled from a snapshot, then lengthened once a second by `live/session.ts`. It is mutable on
 * purpose: pure columns would copy 900 numbers of every series each second. Columns grow to twice
 * their length before the older half is cut off, so an append costs nothing on most seconds, and
 * memory is flat however long the page stays open.
 */
import type { PoolHistory, PoolSecond } from '../../src/protocol/dashboard.ts';

export const KEPT_SECONDS = 15 * 60;

export type Cell = number | null;

/** The columns of one pool. All arrays have the same length; `at` ascends, and may skip seconds. */
export interface Columns {
  /** Seconds since the epoch. */
  at: number[];
  rps: Cell[];
  errorsPerSecond: Cell[];
  p50: Cell[];
  p95: Cell[];
  p99: Cell[];
  /** By the backend's name; null for the seconds in which it did not exist. */
  backendRps: Map<string, Cell[]>;
}

export type History = Map<string, Columns>;

export function historyFrom(pools: Readonly<Record<string, PoolHistory>>): History {
  return new Map(Object.entries(pools).map(([name, history]) => [name, columnsFrom(history)]));
}

function columnsFrom(history: PoolHistory): Columns {
  return {
    at: [...history.at],
    rps: [...history.rps],
    errorsPerSecond: [...history.errorsPerSecond],
    p50: [...history.p50],
    p95: [...history.p95],
    p99: [...history.p99],
    backendRps: new Map(Object.entries(history.backendRps).map(([name, column]) => [name, [...column]])),
  };
}

export function emptyColumns(): Columns {
  return { at: [], rps: [], errorsPerSecond: [], p50: [], p95: [], p99: [], backendRps: new Map() };
}

/**
 * Adds the second that a delta of `atMs` reports. Deltas come once a second but not to the
 * millisecond: one that is at most a second off its turn takes the next slot, so that jitter makes
 * no gaps; a larger step is a true gap. Pools that are not among `names` are forgotten.
 */
export function appendSeconds(
  history: History,
  atMs: number,
  seconds: Readonly<Record<string, PoolSecond>>,
  names: readonly string[],
): void {
  for (const [name, second] of Object.entries(seconds)) {
    let columns = history.get(name);
    if (columns === undefined) {
      columns = emptyColumns();
      history.set(name, columns);
    }
    const at = Math.floor(atMs / 1000);
    const last = columns.at.at(-1);
    const isInTurn = last !== undefined && Math.abs(at - (last + 1)) <= 1;
    appendSecond(columns, isInTurn ? last + 1 : at, second);
  }
  for (const name of history.keys()) {
    if (!names.includes(name)) history.delete(name);
  }
}

function appendSecond(columns: Columns, at: number, second: PoolSecond): void {
  const last = columns.at.at(-1);
  if (last !== undefined && at <= last) return;
  const length = columns.at.length;
  columns.at.push(at);
  columns.rps.push(second.rps);
  columns.errorsPerSecond.push(second.errorsPerSecond);
  columns.p50.push(second.p50);
  columns.p95.push(second.p95);
  columns.p99.push(second.p99);
  for (const [name, rps] of Object.entries(second.backendRps)) {
    let column = columns.backendRps.get(name);
    if (column === undefined) {
      column = new Array<Cell>(length).fill(null);
      columns.backendRps.set(name, column);
    }
    column.push(rps);
  }
  for (const column of columns.backendRps.values()) {
    if (column.length <= length) column.push(null);
  }
  if (columns.at.length >= 2 * KEPT_SECONDS) cutTo(columns, KEPT_SECONDS);
}

function cutTo(columns: Columns, count: number): void {
  const from = columns.at.length - count;
  columns.at = columns.at.slice(from);
  columns.rps = columns.rps.slice(from);
  columns.errorsPerSecond = columns.errorsPerSecond.slice(from);
  columns.p50 = columns.p50.slice(from);
  columns.p95 = columns.p95.slice(from);
  columns.p99 = columns.p99.slice(from);
  for (const [name, column] of columns.backendRps) {
    const kept = column.slice(from);
    if (kept.every((cell) => cell === null)) columns.backendRps.delete(name);
    else columns.backendRps.set(name, kept);
  }
}

/** A stretch of time with one slot a second, null where nothing is known: gaps stay gaps. */
export interface Stretch {
  readonly at: readonly number[];
  /** The same stretch of any column of the same pool. */
  readonly cut: (column: readonly Cell[] | undefined) => Cell[];
}

/** The `seconds` that end with `endAt` (seconds since the epoch, included). */
export function stretch(columns: Columns, endAt: number, seconds: number): Stretch {
  const begin = endAt - seconds + 1;
  const at = Array.from({ length: seconds }, (_, index) => begin + index);
  const sources = new Int32Array(seconds).fill(-1);
  for (let index = columns.at.length - 1; index >= 0; index -= 1) {
    const second = columns.at[index] ?? 0;
    if (second < begin) break;
    if (second <= endAt) sources[second - begin] = index;
  }
  const cut = (column: readonly Cell[] | undefined): Cell[] =>
    Array.from(sources, (source) => (source < 0 ? null : (column?.[source] ?? null)));
  return { at, cut };
}

/** Requests a second over all pools, for the last `seconds` up to `endAt`. */
export function totalOf(
  history: History,
  pick: (columns: Columns) => readonly Cell[],
  endAt: number,
  seconds: number,
): Cell[] {
  const total = new Array<Cell>(seconds).fill(null);
  for (const columns of history.values()) {
    const values = stretch(columns, endAt, seconds).cut(pick(columns));
    values.forEach((value, index) => {
      if (value !== null) total[index] = (total[index] ?? 0) + value;
    });
  }
  return total;
}
