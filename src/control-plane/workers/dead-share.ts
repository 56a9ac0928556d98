/**
 * Takes back what a dead worker has left in shared memory.
 *
 * Called by the supervisor when the thread is gone for certain and before another one gets its
 * rows. Its counters and histograms stay: what has happened has happened. Its gauges go to 0, and
 * its share of each backend's in-flight and of each pool's queue is subtracted from the words that
 * all workers share. What a thread leaves that ended between its add to the word and the store to
 * its gauge, `share-settler.ts` finds.
 */
import {
  BACKEND_GAUGE_CELLS,
  BACKEND_GAUGES,
  BACKEND_SHARED,
  POOL_GAUGE_CELLS,
  POOL_GAUGES,
  POOL_SHARED,
  type State,
  WORKER_GAUGE_CELLS,
} from '../../state/layout.ts';

export function takeBackShare(state: State, worker: number): void {
  for (let backend = 0; backend < state.capacity.backends; backend++) {
    const at = state.backendGauges(worker, backend);
    const share = Atomics.load(state.gauges, at + BACKEND_GAUGES.IN_FLIGHT);
    if (share !== 0) Atomics.sub(state.shared, state.backendShared(backend) + BACKEND_SHARED.IN_FLIGHT, share);
    state.gauges.fill(0, at, at + BACKEND_GAUGE_CELLS);
  }
  for (let pool = 0; pool < state.capacity.pools; pool++) {
    const at = state.poolGauges(worker, pool);
    const share = Atomics.load(state.gauges, at + POOL_GAUGES.QUEUED);
    if (share !== 0) Atomics.sub(state.shared, state.poolShared(pool) + POOL_SHARED.QUEUED, share);
    state.gauges.fill(0, at, at + POOL_GAUGE_CELLS);
  }
  const at = state.workerGauges(worker);
  state.gauges.fill(0, at, at + WORKER_GAUGE_CELLS);
}
