/**
 * Writes the board: the words in shared memory that every worker obeys with its next request.
 *
 * Called by the roster only, the one writer. Order matters: a worker that sees a new VERSION must
 * see the words that it stands for, so the words are stored first and VERSION is raised last.
 */
import { BACKEND_BOARD, BACKEND_SHARED, HEALTH, MODE, POOL_BOARD, type State } from '../../state/layout.ts';
import type { PoolRecord, RosterBackend } from './roster-model.ts';

const HEALTH_WORD = { unknown: HEALTH.UNKNOWN, healthy: HEALTH.HEALTHY, unhealthy: HEALTH.UNHEALTHY } as const;
const MODE_WORD = { ready: MODE.READY, drain: MODE.DRAIN, maintenance: MODE.MAINTENANCE } as const;

/** Stores the words of one backend. `raiseVersion` of its pool must follow. */
export function storeBackend(state: State, backend: RosterBackend): void {
  const at = state.backendBoard(backend.slot);
  // A removed backend stays as it was: a worker that still follows the plan before may have no
  // other one yet. The plan without it is what ends its traffic.
  Atomics.store(state.board, at + BACKEND_BOARD.HEALTH, HEALTH_WORD[backend.health]);
  Atomics.store(state.board, at + BACKEND_BOARD.MODE, MODE_WORD[backend.mode]);
  Atomics.store(state.board, at + BACKEND_BOARD.IS_EJECTED, backend.isEjected ? 1 : 0);
  Atomics.store(state.board, at + BACKEND_BOARD.WEIGHT, backend.weight);
  Atomics.store(state.board, at + BACKEND_BOARD.RAMP, backend.ramp);
}

/** Tells all workers that the words of this pool or of its backends have changed. */
export function raiseVersion(state: State, poolSlot: number): void {
  Atomics.add(state.board, state.poolBoard(poolSlot) + POOL_BOARD.VERSION, 1);
}

/** Stores all words of a pool and of its backends, then raises its version. */
export function storePool(state: State, pool: PoolRecord, policyIndex: number): void {
  for (const backend of pool.backends) storeBackend(state, backend);
  Atomics.store(state.board, state.poolBoard(pool.slot) + POOL_BOARD.POLICY, policyIndex);
  raiseVersion(state, pool.slot);
}

/** Attempts in flight on a backend, over all workers. */
export function inFlightOf(state: State, slot: number): number {
  return Atomics.load(state.shared, state.backendShared(slot) + BACKEND_SHARED.IN_FLIGHT);
}

/** Forgets the failures and gateway errors in a row that live traffic has counted. */
export function resetLiveFailures(state: State, slot: number): void {
  Atomics.store(state.shared, state.backendShared(slot) + BACKEND_SHARED.CONSECUTIVE_FAILURES, 0);
  Atomics.store(state.shared, state.backendShared(slot) + BACKEND_SHARED.CONSECUTIVE_GATEWAY_ERRORS, 0);
}

/** Failures in a row that live traffic has counted. */
export function liveFailuresOf(state: State, slot: number): number {
  return Atomics.load(state.shared, state.backendShared(slot) + BACKEND_SHARED.CONSECUTIVE_FAILURES);
}

/** Answers 502, 503 and 504 in a row that live traffic has counted. */
export function gatewayErrorsOf(state: State, slot: number): number {
  return Atomics.load(state.shared, state.backendShared(slot) + BACKEND_SHARED.CONSECUTIVE_GATEWAY_ERRORS);
}
