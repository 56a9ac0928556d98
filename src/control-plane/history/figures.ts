/** What the sampler tells the history of one subject (all, a pool, a backend), once a second. */
import type { LatencySeconds } from '../metrics/sampler-window.ts';

export interface Figures {
  /** In the second that has just ended: exchanges or attempts that finished, ended badly, were made again. */
  readonly finished: number;
  readonly errors: number;
  readonly retries: number;
  /** At its end. */
  readonly inFlight: number;
  readonly connections: number;
  readonly clientConnections: number;
  readonly queued: number;
  /** Latencies of what finished in it and in the seconds before; null where none ever has. */
  readonly latencies: LatencySeconds | null;
}

export interface BackendFigures {
  readonly name: string;
  readonly figures: Figures;
}

export interface PoolFigures extends BackendFigures {
  readonly backends: readonly BackendFigures[];
}

/** One second of everything. */
export interface SecondFigures {
  /** Seconds since the epoch. */
  readonly at: number;
  /** How long it really took. */
  readonly elapsedMs: number;
  readonly totals: Figures;
  readonly pools: readonly PoolFigures[];
}

/** Nothing is going on: not worth a byte of memory. */
export function isIdle(figures: Figures): boolean {
  return (
    figures.finished === 0 &&
    figures.inFlight === 0 &&
    figures.queued === 0 &&
    figures.connections === 0 &&
    figures.clientConnections === 0 &&
    figures.errors === 0
  );
}
