/**
 * Which backends may be given a request now? One question, answered here and nowhere else:
 * ready, not unhealthy, not ejected, resolved. (`full` is decided at the moment of taking a place:
 * see `Backend.tryBegin`.)
 *
 * The answer is kept until the control plane raises the pool's version word, so that a request
 * costs one read of shared memory here, whatever the number of backends.
 */
import { POLICIES } from '../balancing/policies.ts';
import { NONE, type Picker } from '../balancing/policy.ts';
import type { PlanBackend, PlanPool } from '../protocol/worker.ts';
import { BACKEND_BOARD, HEALTH, MODE, POOL_BOARD, type State } from '../state/layout.ts';
import { liveLoads } from './loads.ts';

const NOBODY: Picker = { pick: () => NONE };

export class Availability {
  readonly #state: State;
  readonly #plan: PlanPool;
  readonly #board: number;
  #version = -1;
  #picker: Picker = NOBODY;

  constructor(state: State, plan: PlanPool) {
    this.#state = state;
    this.#plan = plan;
    this.#board = state.poolBoard(plan.slot);
  }

  /** The pool's policy over the backends that are available at this moment. */
  picker(): Picker {
    const { board } = this.#state;
    const version = Atomics.load(board, this.#board + POOL_BOARD.VERSION);
    if (version !== this.#version) {
      this.#version = version;
      this.#picker = this.#newPicker(board[this.#board + POOL_BOARD.POLICY] ?? 0);
    }
    return this.#picker;
  }

  #newPicker(policyIndex: number): Picker {
    const candidates = this.#plan.backends
      .filter((backend) => isAvailable(this.#state, backend))
      .map(({ slot }) => slot);
    const policy = POLICIES[policyIndex];
    if (candidates.length === 0 || policy === undefined) return NOBODY;
    const turnWord = this.#state.poolShared(this.#plan.slot) + policyIndex;
    return policy.picker(candidates, liveLoads(this.#state, turnWord));
  }
}

function isAvailable(state: State, backend: PlanBackend): boolean {
  const { board } = state;
  const first = state.backendBoard(backend.slot);
  return (
    backend.address !== null &&
    board[first + BACKEND_BOARD.MODE] === MODE.READY &&
    board[first + BACKEND_BOARD.HEALTH] !== HEALTH.UNHEALTHY &&
    board[first + BACKEND_BOARD.IS_EJECTED] === 0
  );
}
