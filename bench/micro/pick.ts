/**
 * `node bench/micro/pick.ts`: nanoseconds for one pick, each policy in the register, for 3, 100 and
 * 1,000 candidates, with the loads read from shared memory as a worker does: words plainly, turns by `Atomics`.
 *
 * Two cases: all backends idle (every pick is a tie) and busy (in-flight of 0..63, few ties). Each
 * figure is the median of 9 runs with their lowest and highest; `tried` is empty, as it nearly
 * always is.
 */
import { POLICIES } from '../../src/balancing/policies.ts';
import type { Loads, Policy } from '../../src/balancing/policy.ts';
import {
  BACKEND_BOARD,
  BACKEND_BOARD_CELLS,
  BACKEND_SHARED,
  BACKEND_SHARED_CELLS,
  FULL_RAMP,
  POOL_SHARED,
  State,
} from '../../src/state/layout.ts';

const COUNTS = [3, 100, 1000];
const RUNS = 9;
const RUN_MS = 60;
const NOTHING_TRIED: readonly number[] = [];

/** A class, as in a worker: closures would not be inlined once there are several pools. */
class PoolLoads implements Loads {
  readonly #shared: Int32Array;
  readonly #board: Int32Array;
  readonly #turn: number;
  readonly #firstInFlight: number;
  readonly #firstWeight: number;

  constructor(state: State, policy: number) {
    this.#shared = state.shared;
    this.#board = state.board;
    this.#turn = state.poolShared(0) + POOL_SHARED.FIRST_TURN + policy;
    this.#firstInFlight = state.backendShared(0) + BACKEND_SHARED.IN_FLIGHT;
    this.#firstWeight = state.backendBoard(0) + BACKEND_BOARD.WEIGHT;
  }

  inFlight(backend: number): number {
    return this.#shared[this.#firstInFlight + backend * BACKEND_SHARED_CELLS] ?? 0;
  }

  weight(backend: number): number {
    return this.#board[this.#firstWeight + backend * BACKEND_BOARD_CELLS] ?? 1;
  }

  ramp(): number {
    return FULL_RAMP;
  }

  nextTurn(): number {
    return Atomics.add(this.#shared, this.#turn, 1) >>> 0;
  }
}

/** Nanoseconds a pick, of one run after another, ascending. */
function measure(policy: Policy, count: number, isBusy: boolean): number[] {
  const state = State.create({ workers: 1, pools: 1, backends: count, routes: 8 });
  for (let backend = 0; backend < count; backend++) {
    state.board[state.backendBoard(backend) + BACKEND_BOARD.WEIGHT] = 1 + (backend % 5);
    const inFlight = isBusy ? Math.imul(backend + 1, 0x9e3779b1) >>> 26 : 0;
    state.shared[state.backendShared(backend) + BACKEND_SHARED.IN_FLIGHT] = inFlight;
  }
  const candidates = Array.from({ length: count }, (_, backend) => backend);
  const picker = policy.picker(candidates, new PoolLoads(state, POLICIES.indexOf(policy)));
  let sink = 0;
  const run = (picks: number): number => {
    const start = process.hrtime.bigint();
    for (let pick = 0; pick < picks; pick++) sink += picker.pick(NOTHING_TRIED);
    return Number(process.hrtime.bigint() - start) / picks;
  };
  run(2000);
  const picks = Math.max(1000, Math.round((RUN_MS * 1e6) / run(2000)));
  const runs = Array.from({ length: RUNS }, () => run(picks)).sort((a, b) => a - b);
  if (sink < 0) throw new Error('a pick answered NONE with nothing tried');
  return runs;
}

const show = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(value < 100 ? 1 : 0));
console.log(`Node ${process.versions.node}; nanoseconds a pick: median (lowest to highest of ${RUNS} runs)\n`);
console.log(`| policy | loads | ${COUNTS.map((count) => `${count} candidates`).join(' | ')} |`);
console.log(`|---|---|${COUNTS.map(() => '---:|').join('')}`);
for (const policy of POLICIES) {
  for (const isBusy of [false, true]) {
    const cells = COUNTS.map((count) => {
      const runs = measure(policy, count, isBusy);
      return `${show(runs[RUNS >> 1])} (${show(runs[0])} to ${show(runs.at(-1))})`;
    });
    console.log(`| ${policy.name} | ${isBusy ? 'busy' : 'idle'} | ${cells.join(' | ')} |`);
  }
}
