import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildPlan, SlotBook } from '../../test/harness/build-plan.ts';
import { POLICIES } from '../balancing/policies.ts';
import { NONE } from '../balancing/policy.ts';
import type { PlanPool } from '../protocol/worker.ts';
import { BACKEND_BOARD, BACKEND_SHARED, FULL_RAMP, HEALTH, MODE, POOL_BOARD, State } from '../state/layout.ts';
import { Availability } from './availability.ts';
import { liveLoads } from './loads.ts';

const NAMES = ['a', 'b', 'c'];

/** A pool of three backends in slots 1 to 3, the memory they share and the control plane's hand on it. */
class Board {
  readonly state = State.create({ workers: 1, pools: 3, backends: 5, routes: 8 });
  readonly plan: PlanPool;
  readonly availability: Availability;

  constructor(unresolved: readonly string[] = [], backups: readonly string[] = [], panicPercent = 0) {
    const pools = new SlotBook();
    const backends = new SlotBook();
    pools.slot('another pool');
    backends.slot('another backend');
    const specs = NAMES.map((name) => ({
      name,
      port: 1,
      address: unresolved.includes(name) ? null : '127.0.0.1',
      isBackup: backups.includes(name),
    }));
    const [plan] = buildPlan({ pools: [{ backends: specs, panicPercent }] }, 1, 1, pools, backends).pools;
    assert.ok(plan !== undefined);
    this.plan = plan;
    this.availability = new Availability(this.state, plan);
    for (const name of NAMES) {
      this.set(name, BACKEND_BOARD.WEIGHT, 1);
      this.set(name, BACKEND_BOARD.RAMP, FULL_RAMP);
    }
  }

  slot(name: string): number {
    return this.plan.backends.find((backend) => backend.name === name)?.slot ?? Number.NaN;
  }

  set(name: string, word: number, value: number): void {
    Atomics.store(this.state.board, this.state.backendBoard(this.slot(name)) + word, value);
  }

  setInFlight(name: string, count: number): void {
    Atomics.store(this.state.shared, this.state.backendShared(this.slot(name)) + BACKEND_SHARED.IN_FLIGHT, count);
  }

  setPolicy(name: string): void {
    const index = POLICIES.findIndex((policy) => policy.name === name);
    Atomics.store(this.state.board, this.state.poolBoard(this.plan.slot) + POOL_BOARD.POLICY, index);
  }

  raiseVersion(): void {
    Atomics.add(this.state.board, this.state.poolBoard(this.plan.slot) + POOL_BOARD.VERSION, 1);
  }

  /** Names of the backends that so many picks give, in order. */
  picks(count = 3, tried: readonly string[] = []): string[] {
    const slots = tried.map((name) => this.slot(name));
    return Array.from({ length: count }, () => {
      const slot = this.availability.pick(slots);
      return slot === NONE
        ? 'none'
        : (this.plan.backends.find((backend) => backend.slot === slot)?.name ?? `slot ${slot}`);
    });
  }
}

describe('the available backends', () => {
  it('are all of a pool of which nothing is known yet', () => {
    assert.deepEqual(new Board().picks().sort(), NAMES);
  });

  const cases: [string, (board: Board) => void][] = [
    ['unhealthy', (board) => board.set('b', BACKEND_BOARD.HEALTH, HEALTH.UNHEALTHY)],
    ['draining', (board) => board.set('b', BACKEND_BOARD.MODE, MODE.DRAIN)],
    ['in maintenance', (board) => board.set('b', BACKEND_BOARD.MODE, MODE.MAINTENANCE)],
    ['ejected', (board) => board.set('b', BACKEND_BOARD.IS_EJECTED, 1)],
  ];
  for (const [state, change] of cases) {
    it(`leave out one that is ${state}, from the moment the version is raised`, () => {
      const board = new Board();
      assert.ok(board.picks().includes('b'));
      change(board);
      board.raiseVersion();
      assert.deepEqual(new Set(board.picks(12)), new Set(['a', 'c']));
    });
  }

  it('leave out one whose name does not resolve', () => {
    assert.deepEqual(new Set(new Board(['b']).picks(12)), new Set(['a', 'c']));
  });

  it('take one in again that is back', () => {
    const board = new Board();
    board.set('b', BACKEND_BOARD.HEALTH, HEALTH.UNHEALTHY);
    assert.deepEqual(new Set(board.picks(12)), new Set(['a', 'c']));
    board.set('b', BACKEND_BOARD.HEALTH, HEALTH.HEALTHY);
    board.raiseVersion();
    assert.deepEqual(new Set(board.picks(12)), new Set(NAMES));
  });

  it('are none where none is left, and none where all were tried', () => {
    const board = new Board();
    assert.deepEqual(board.picks(1, NAMES), ['none']);
    for (const name of NAMES) board.set(name, BACKEND_BOARD.MODE, MODE.DRAIN);
    board.raiseVersion();
    assert.deepEqual(board.picks(1), ['none']);
    assert.deepEqual(new Board(NAMES).picks(1), ['none']);
  });

  it('are worked out once a version, not once a request', () => {
    const board = new Board();
    board.picks();
    board.set('b', BACKEND_BOARD.MODE, MODE.DRAIN);
    assert.ok(board.picks().includes('b'), 'a word says nothing before its version');
    board.raiseVersion();
    assert.ok(!board.picks(12).includes('b'));
  });

  it('hold backups back until the others have been tried, in this exchange or by checks', () => {
    const board = new Board([], ['c']);
    assert.deepEqual(new Set(board.picks(12)), new Set(['a', 'b']));
    assert.deepEqual(board.picks(2, ['a', 'b']), ['c', 'c']);
    assert.deepEqual(board.picks(1, NAMES), ['none']);
    board.set('a', BACKEND_BOARD.HEALTH, HEALTH.UNHEALTHY);
    board.set('b', BACKEND_BOARD.IS_EJECTED, 1);
    board.raiseVersion();
    assert.deepEqual(board.picks(), ['c', 'c', 'c']);
  });

  it('are all that are ready in panic', () => {
    const board = new Board([], [], 50);
    board.set('a', BACKEND_BOARD.HEALTH, HEALTH.UNHEALTHY);
    board.set('b', BACKEND_BOARD.IS_EJECTED, 1);
    board.raiseVersion();
    assert.deepEqual(new Set(board.picks(12)), new Set(NAMES));
  });

  it('get fewer turns in their slow start', () => {
    const board = new Board();
    board.set('b', BACKEND_BOARD.RAMP, 1);
    board.raiseVersion();
    const picks = board.picks(42);
    assert.deepEqual(
      NAMES.map((name) => picks.filter((pick) => pick === name).length),
      [20, 2, 20],
    );
  });
});

describe('the policy of a pool', () => {
  it('is switched with the version, and sees the loads at once', () => {
    const board = new Board();
    board.setInFlight('a', 5);
    board.setInFlight('c', 5);
    assert.deepEqual(board.picks().sort(), NAMES);
    board.setPolicy('least-connections');
    board.raiseVersion();
    assert.deepEqual(board.picks(), ['b', 'b', 'b']);
    board.setInFlight('b', 9);
    board.setInFlight('c', 1);
    assert.deepEqual(board.picks(), ['c', 'c', 'c']);
    board.setPolicy('round-robin');
    board.raiseVersion();
    assert.deepEqual(board.picks().sort(), NAMES);
  });

  it('goes on with its turns where they stopped, whatever came in between', () => {
    const board = new Board();
    const [first, second, third] = board.picks();
    board.picks(1);
    board.setPolicy('weighted-round-robin');
    board.raiseVersion();
    board.picks(5);
    board.setPolicy('round-robin');
    board.raiseVersion();
    assert.deepEqual(board.picks(), [second, third, first]);
  });

  it('takes its turns from its own pool and policy only', () => {
    const board = new Board();
    const words = board.state.shared.slice();
    board.picks(4);
    const changed = [...words.keys()].filter((word) => words[word] !== board.state.shared[word]);
    assert.deepEqual(changed, [board.state.poolShared(board.plan.slot)]);
  });
});

describe('the live loads', () => {
  it('are those of the backend asked for', () => {
    const board = new Board();
    const loads = liveLoads(board.state, 0);
    board.setInFlight('b', 7);
    board.set('c', BACKEND_BOARD.WEIGHT, 20);
    assert.deepEqual(
      NAMES.map((name) => loads.inFlight(board.slot(name))),
      [0, 7, 0],
    );
    assert.deepEqual(
      NAMES.map((name) => loads.weight(board.slot(name))),
      [1, 1, 20],
    );
  });

  it('count turns from 0 to 2^32 - 1 and over again', () => {
    const { state } = new Board();
    const loads = liveLoads(state, 3);
    assert.deepEqual([loads.nextTurn(), loads.nextTurn()], [0, 1]);
    state.shared[3] = 2 ** 31 - 1;
    assert.deepEqual([loads.nextTurn(), loads.nextTurn()], [2 ** 31 - 1, 2 ** 31]);
    state.shared[3] = -1;
    assert.deepEqual([loads.nextTurn(), loads.nextTurn()], [2 ** 32 - 1, 0]);
  });
});
