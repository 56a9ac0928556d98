/**
 * Rows of shared memory: which are taken, and the clearing of one before it is given again.
 *
 * Called by the roster only. A slot comes back here when no worker can write its cells any more:
 * every worker has applied a plan without it, and nothing of it is in flight. See the rules at
 * the head of `state/layout.ts`.
 */
import { HISTOGRAM_BUCKETS } from '../../state/histogram.ts';
import {
  BACKEND_BOARD_CELLS,
  BACKEND_COUNTER_CELLS,
  BACKEND_GAUGE_CELLS,
  BACKEND_SHARED_CELLS,
  POOL_BOARD_CELLS,
  POOL_COUNTER_CELLS,
  POOL_GAUGE_CELLS,
  POOL_SHARED_CELLS,
  type State,
} from '../../state/layout.ts';

export class Slots {
  readonly #free: number[];

  constructor(capacity: number) {
    this.#free = Array.from({ length: capacity }, (_, index) => index);
  }

  get freeCount(): number {
    return this.#free.length;
  }

  /** A free slot, or null where there is none: the one that has been free the longest. */
  take(): number | null {
    return this.#free.shift() ?? null;
  }

  give(slot: number): void {
    this.#free.push(slot);
  }
}

/** Sets every cell of a backend's slot to 0. */
export function clearBackendSlot(state: State, slot: number): void {
  fill(state.board, state.backendBoard(slot), BACKEND_BOARD_CELLS);
  fill(state.shared, state.backendShared(slot), BACKEND_SHARED_CELLS);
  for (let worker = 0; worker < state.capacity.workers; worker++) {
    fill(state.counters, state.backendCounters(worker, slot), BACKEND_COUNTER_CELLS);
    fill(state.gauges, state.backendGauges(worker, slot), BACKEND_GAUGE_CELLS);
    fill(state.histograms, state.backendHistogram(worker, slot), HISTOGRAM_BUCKETS);
  }
}

/** Sets every cell of a pool's slot to 0. */
export function clearPoolSlot(state: State, slot: number): void {
  fill(state.board, state.poolBoard(slot), POOL_BOARD_CELLS);
  fill(state.shared, state.poolShared(slot), POOL_SHARED_CELLS);
  for (let worker = 0; worker < state.capacity.workers; worker++) {
    fill(state.counters, state.poolCounters(worker, slot), POOL_COUNTER_CELLS);
    fill(state.gauges, state.poolGauges(worker, slot), POOL_GAUGE_CELLS);
    fill(state.histograms, state.poolHistogram(worker, slot), HISTOGRAM_BUCKETS);
  }
}

function fill(cells: Int32Array | Float64Array | Uint32Array, first: number, count: number): void {
  cells.fill(0, first, first + count);
}
