/**
 * Which backends may be given a request now? One question, answered here and nowhere else in a
 * worker: the words of shared memory go to `balancing/rotation.ts`, and what it answers goes to
 * the pool's policy. (`full` is decided at the moment of taking a place: see `Backend.tryBegin`.)
 *
 * The answer is kept until the control plane raises the pool's version word, so that a request
 * costs one read of shared memory here, whatever the number of backends.
 */
import { POLICIES } from '../balancing/policies.ts';
import { NONE, type Picker } from '../balancing/policy.ts';
import { rotationOf, type Standing } from '../balancing/rotation.ts';
import type { PlanBackend, PlanPool } from '../protocol/worker.ts';
import { BACKEND_BOARD, HEALTH, MODE, POOL_BOARD, type State } from '../state/layout.ts';
import { liveLoads } from './loads.ts';

/** Who was in rotation at a moment: never changed, but replaced when something does. */
export interface RotationNow {
  readonly policy: string;
  /** Slots. */
  readonly candidates: readonly number[];
  readonly reserves: readonly number[];
}

const NOBODY: Picker = { pick: () => NONE };

export class Availability {
  readonly #state: State;
  readonly #plan: PlanPool;
  readonly #board: number;
  #version = -1;
  #candidates: Picker = NOBODY;
  /** Those who are asked once all candidates have been tried. */
  #reserves: Picker = NOBODY;
  #rotation: RotationNow = { policy: '', candidates: [], reserves: [] };

  constructor(state: State, plan: PlanPool) {
    this.#state = state;
    this.#plan = plan;
    this.#board = state.poolBoard(plan.slot);
  }

  /**
   * The backend for the next attempt: the choice of the pool's policy among those in rotation.
   * @param tried what this exchange has tried or found full; see `Picker.pick`
   */
  pick(tried: readonly number[]): number {
    const version = Atomics.load(this.#state.board, this.#board + POOL_BOARD.VERSION);
    if (version !== this.#version) {
      this.#version = version;
      this.#renew();
    }
    const backend = this.#candidates.pick(tried);
    return backend === NONE ? this.#reserves.pick(tried) : backend;
  }

  /** Who may be asked now; for the tap. */
  now(): RotationNow {
    const version = Atomics.load(this.#state.board, this.#board + POOL_BOARD.VERSION);
    if (version !== this.#version) {
      this.#version = version;
      this.#renew();
    }
    return this.#rotation;
  }

  #renew(): void {
    const standings = this.#plan.backends.map((backend) => standingOf(this.#state, backend));
    const { candidates, reserves } = rotationOf(standings, this.#plan.panicPercent);
    const policyIndex = this.#state.board[this.#board + POOL_BOARD.POLICY] ?? 0;
    this.#candidates = this.#picker(policyIndex, candidates);
    this.#reserves = this.#picker(policyIndex, reserves);
    this.#rotation = { policy: POLICIES[policyIndex]?.name ?? '', candidates, reserves };
  }

  #picker(policyIndex: number, backends: readonly number[]): Picker {
    const policy = POLICIES[policyIndex];
    if (backends.length === 0 || policy === undefined) return NOBODY;
    const turnWord = this.#state.poolShared(this.#plan.slot) + policyIndex;
    return policy.picker(backends, liveLoads(this.#state, turnWord));
  }
}

function standingOf(state: State, { slot, address, isBackup }: PlanBackend): Standing {
  const { board } = state;
  const first = state.backendBoard(slot);
  return {
    backend: slot,
    isReady: address !== null && board[first + BACKEND_BOARD.MODE] === MODE.READY,
    isHealthy: board[first + BACKEND_BOARD.HEALTH] !== HEALTH.UNHEALTHY,
    isEjected: board[first + BACKEND_BOARD.IS_EJECTED] !== 0,
    isBackup,
  };
}
