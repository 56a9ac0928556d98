/** What policies may know about backends, read live from shared memory. */
import type { Loads } from '../balancing/policy.ts';
import { BACKEND_BOARD, BACKEND_SHARED, FULL_RAMP, type State } from '../state/layout.ts';

/** @param turnWord the shared word that counts the turns of one pool and policy */
export function liveLoads(state: State, turnWord: number): Loads {
  const { shared, board } = state;
  const firstShared = state.backendShared(0) + BACKEND_SHARED.IN_FLIGHT;
  const sharedStride = state.backendShared(1) - state.backendShared(0);
  const firstWeight = state.backendBoard(0) + BACKEND_BOARD.WEIGHT;
  const firstRamp = state.backendBoard(0) + BACKEND_BOARD.RAMP;
  const boardStride = state.backendBoard(1) - state.backendBoard(0);
  return {
    inFlight: (backend) => shared[firstShared + backend * sharedStride] ?? 0,
    weight: (backend) => board[firstWeight + backend * boardStride] ?? 1,
    ramp: (backend) => board[firstRamp + backend * boardStride] ?? FULL_RAMP,
    nextTurn: () => Atomics.add(shared, turnWord, 1) >>> 0,
  };
}
