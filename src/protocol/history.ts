/**
 * `GET /api/v1/history`: the past of the totals, a pool or a backend, as columns for a chart. The
 * topic `chart:…` of the live channel continues it second by second, with the same names.
 */

/** Everything that is remembered; not every subject has every column. */
export const HISTORY_COLUMNS = [
  /** Exchanges (of a pool) or attempts (of a backend) finished a second. */
  'rps',
  /** Of those, the ones that ended in a failure or a 5xx, a second. */
  'errors',
  /** Attempts beyond the first of their exchange, a second. */
  'retries',
  /** In flight: the mean of the seconds. */
  'inFlight',
  /** Open connections to backends: the mean of the seconds. */
  'connections',
  /** Waiting for a place: the most of any second. */
  'queued',
  /** Open connections of clients: the mean of the seconds. */
  'clientConnections',
  /** Percentiles of all latencies of the step, in milliseconds. */
  'p50',
  'p95',
  'p99',
] as const;

export type HistoryColumn = (typeof HISTORY_COLUMNS)[number];

export const HISTORY_RANGES = {
  '1m': 60,
  '5m': 300,
  '15m': 900,
  '1h': 3600,
  '6h': 21_600,
  '24h': 86_400,
  '7d': 604_800,
};
export type HistoryRange = keyof typeof HISTORY_RANGES;

/** An answer has no more steps than this. */
export const MAX_STEPS = 900;

/** Counts of latencies by step, for a heat map. */
export interface LatencyBands {
  /**
   * Where one band ends and the next begins, in milliseconds: the first band is below the first
   * edge, the last one above the last.
   */
  readonly edgesMs: readonly number[];
  /** For each step the counts by band; null where nothing is known. */
  readonly counts: readonly (readonly number[] | null)[];
}

export interface HistoryAnswer {
  readonly topic: string;
  readonly stepSeconds: number;
  /** The last second of which it tells, seconds since the epoch. */
  readonly second: number;
  /** The first second of each step, ascending. A step that is not here is a gap. */
  readonly at: readonly number[];
  /** True where the last step is not over: it will come again, with more in it. */
  readonly isLastOpen: boolean;
  /** One entry a step; null where nothing was measured, or the subject did not exist. */
  readonly columns: Readonly<Partial<Record<HistoryColumn, readonly (number | null)[]>>>;
  /** Of a pool: requests a second of its busiest backends, by name; null for a range that they are not kept for. */
  readonly backends?: Readonly<Record<string, readonly (number | null)[]>> | null;
  /** If asked for (`columns=bands`): null for a range that they are not kept for. */
  readonly bands?: LatencyBands | null;
}

/** `GET /api/v1/history?topic=pools`: requests a second of several pools, for small lines in a table. */
export interface PoolLinesAnswer {
  readonly topic: 'pools';
  readonly stepSeconds: number;
  readonly second: number;
  readonly at: readonly number[];
  /** By pool. */
  readonly rps: Readonly<Record<string, readonly (number | null)[]>>;
}
