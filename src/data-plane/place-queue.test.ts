import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { eventually } from '../../test/harness/eventually.ts';
import { POOL_GAUGES, POOL_SHARED, State } from '../state/layout.ts';
import { Deadlines, TICK_MS } from './deadlines.ts';
import { PlaceQueue } from './place-queue.ts';
import { Waiter } from './wait-line.ts';

const POOL = 1;
const SIZE = 100;
const TIMEOUT_MS = 1_000;

let state: State;
let nowMs: number;
let deadlines: Deadlines;
/** Names in the order of their turns; `x!` is one that waited too long. */
let turns: string[];
/** Places that those who have a turn may take. */
let places: number;

beforeEach(() => {
  state = State.create({ workers: 3, pools: 2, backends: 1, routes: 1 });
  nowMs = 0;
  deadlines = new Deadlines({ now: () => nowMs, wallMs: () => 0 });
  turns = [];
  places = 0;
});

function newQueue(worker = 0): PlaceQueue {
  const queue = new PlaceQueue(state, worker, POOL, deadlines);
  queue.isLimited = true;
  return queue;
}

/** Waits in `queue` until it takes one of `places`; `canUse` says of which it may. */
function enter(queue: PlaceQueue, name: string, isFurther = false, canUse: () => boolean = () => true): Waiter | null {
  const waiter = new Waiter({
    onTurn() {
      turns.push(name);
      if (places === 0 || !canUse()) return false;
      places--;
      queue.leave(waiter);
      return true;
    },
    onWaitedTooLong() {
      turns.push(`${name}!`);
      queue.leave(waiter);
    },
  });
  return queue.enter(waiter, isFurther, SIZE, TIMEOUT_MS) ? waiter : null;
}

/** Moves the clock on, tick by tick. */
async function advance(byMs: number): Promise<void> {
  for (const untilMs = nowMs + byMs; nowMs < untilMs; ) {
    nowMs += TICK_MS;
    deadlines.advance();
    await turn();
  }
}

const freed = (): number => state.shared[state.poolShared(POOL) + POOL_SHARED.FREED] ?? 0;
const waiting = (): number => state.shared[state.poolShared(POOL) + POOL_SHARED.QUEUED] ?? 0;
const waitingIn = (worker: number): number => state.gauges[state.poolGauges(worker, POOL) + POOL_GAUGES.QUEUED] ?? 0;

async function turnsOf(act: () => void): Promise<string[]> {
  turns = [];
  act();
  await turn();
  return turns;
}

describe('the order', () => {
  it('is that of arrival, with further attempts first', async () => {
    const queue = newQueue();
    for (const name of ['a', 'b', 'c']) enter(queue, name);
    enter(queue, 'again', true);
    enter(queue, 'again too', true);
    await turn();
    places = 10;
    assert.deepEqual(await turnsOf(() => queue.reconsider()), ['again', 'again too', 'a', 'b', 'c']);
    assert.ok(queue.isEmpty);
  });

  it('has no gap when somebody leaves, wherever they stand', async () => {
    for (const leaver of [0, 1, 2]) {
      const queue = newQueue();
      places = 0;
      const waiters = ['a', 'b', 'c'].map((name) => enter(queue, name));
      const left = waiters[leaver];
      assert.ok(left);
      queue.leave(left);
      queue.leave(left);
      enter(queue, 'd');
      await turn();
      places = 10;
      const expected = ['a', 'b', 'c', 'd'].filter((_, index) => index !== leaver);
      assert.deepEqual(await turnsOf(() => queue.reconsider()), expected);
    }
  });

  it('gives one place to one', async () => {
    const queue = newQueue();
    for (const name of ['a', 'b', 'c']) enter(queue, name);
    await turn();
    places = 1;
    assert.deepEqual(await turnsOf(() => queue.placeFreed()), ['a']);
    places = 2;
    const both = await turnsOf(() => {
      queue.placeFreed();
      queue.placeFreed();
    });
    assert.deepEqual(both, ['b', 'c']);
  });

  it('is not held up by a further attempt that cannot use the place', async () => {
    const queue = newQueue();
    enter(queue, 'choosy', true, () => false);
    enter(queue, 'a');
    enter(queue, 'b');
    await turn();
    places = 1;
    assert.deepEqual(await turnsOf(() => queue.placeFreed()), ['choosy', 'a']);
    assert.deepEqual(await turnsOf(() => queue.placeFreed()), ['choosy', 'b']);
  });

  it('asks nobody behind a new one that has found all full', async () => {
    const queue = newQueue();
    for (const name of ['a', 'b', 'c']) enter(queue, name);
    await turn();
    assert.deepEqual(await turnsOf(() => queue.placeFreed()), ['a']);
    assert.deepEqual(await turnsOf(() => void enter(queue, 'd')), []);
  });
});

describe('entering', () => {
  it('is bounded over all workers, exactly', async () => {
    const queues = [newQueue(0), newQueue(1)];
    const entered: Waiter[] = [];
    for (let number = 0; number < SIZE + 10; number++) {
      const waiter = enter(queues[number % 3 === 0 ? 0 : 1] as PlaceQueue, `${number}`);
      if (waiter !== null) entered.push(waiter);
    }
    assert.equal(entered.length, SIZE);
    assert.equal(waiting(), SIZE);
    assert.deepEqual([waitingIn(0), waitingIn(1)], [34, 66]);
    queues[1]?.leave(entered[1] as Waiter);
    assert.equal(waiting(), SIZE - 1);
    assert.ok(enter(queues[0] as PlaceQueue, 'one more'));
    assert.equal(enter(queues[0] as PlaceQueue, 'one too many'), null);
    await turn();
  });

  it('is followed by a turn, for a place that has become free meanwhile', async () => {
    const queue = newQueue();
    places = 1;
    assert.deepEqual(await turnsOf(() => void enter(queue, 'a')), ['a']);
    assert.deepEqual([waiting(), waitingIn(0)], [0, 0]);
  });

  it('ends when the pool is gone: those who wait have a last turn', async () => {
    const queue = newQueue();
    enter(queue, 'a');
    enter(queue, 'b');
    await turn();
    places = 2;
    assert.deepEqual(await turnsOf(() => queue.close()), ['a', 'b']);
    assert.equal(enter(queue, 'c'), null);
  });
});

describe('time', () => {
  it('is up for each by itself', async () => {
    const queue = newQueue();
    enter(queue, 'a');
    await advance(TIMEOUT_MS / 2);
    enter(queue, 'b');
    turns = [];
    await advance(TIMEOUT_MS / 2 + TICK_MS);
    assert.deepEqual(
      turns.filter((name) => name.endsWith('!')),
      ['a!'],
    );
    assert.equal(waiting(), 1);
    await advance(TIMEOUT_MS / 2);
    assert.ok(turns.includes('b!'));
    assert.equal(waiting(), 0);
  });

  it('lets all look again at each tick, for what no word tells', async () => {
    const queue = newQueue();
    enter(queue, 'a');
    enter(queue, 'b');
    await turn();
    turns = [];
    places = 2;
    await advance(TICK_MS * 2);
    assert.deepEqual(turns, ['a', 'b']);
    turns = [];
    await advance(TICK_MS * 4);
    assert.deepEqual(turns, []);
  });
});

describe('a place that becomes free', () => {
  let queues: PlaceQueue[];
  beforeEach(() => {
    queues = [0, 1, 2].map((worker) => newQueue(worker));
  });
  // A wait that is still pending would keep its worker's memory; each queue is woken for the last time.
  afterEach(async () => {
    places = 0;
    Atomics.notify(state.shared, state.poolShared(POOL) + POOL_SHARED.FREED);
    await turn();
  });
  const queueOf = (worker: number): PlaceQueue => queues[worker] as PlaceQueue;

  it('costs nothing while nobody waits, or nobody can', async () => {
    queueOf(0).placeFreed();
    assert.equal(freed(), 0);
    enter(queueOf(1), 'a');
    const unlimited = newQueue();
    unlimited.isLimited = false;
    unlimited.placeFreed();
    assert.equal(freed(), 0);
  });

  it('goes to the only one who waits, in another worker', async () => {
    enter(queueOf(1), 'a');
    await turn();
    places = 1;
    turns = [];
    queueOf(0).placeFreed();
    assert.equal(freed(), 1);
    await eventually('the other worker to take it', () => waiting() === 0);
    assert.deepEqual(turns, ['a']);
  });

  it('goes to own and others in proportion to those who wait', async () => {
    for (let number = 0; number < 3; number++) enter(queueOf(0), 'own');
    enter(queueOf(1), 'other');
    await turn();
    turns = [];
    for (let number = 0; number < 40; number++) {
      queueOf(0).placeFreed();
      await turn();
    }
    assert.equal(freed(), 10);
    await eventually('the other worker to hear of it', () => turns.includes('other'));
    assert.equal(turns.filter((name) => name === 'own').length, 30);
  });

  it('is found by as many as have become free, though the wake-ups come as one', async () => {
    for (const name of ['a', 'b', 'c']) enter(queueOf(1), name);
    await turn();
    places = 3;
    turns = [];
    for (let number = 0; number < 3; number++) queueOf(0).placeFreed();
    await eventually('all to be served', () => waiting() === 0);
    assert.deepEqual(turns, ['a', 'b', 'c']);
  });

  it('is handed on by a worker that is woken with nobody left', async () => {
    const left = enter(queueOf(1), 'left');
    enter(queueOf(2), 'stays');
    await turn();
    assert.ok(left);
    queueOf(1).leave(left);
    places = 1;
    queueOf(0).placeFreed();
    await eventually('the third worker to take it', () => waiting() === 0);
    assert.equal(turns.at(-1), 'stays');
  });

  it('is handed on where the one whose turn it is has left', async () => {
    const left = enter(queueOf(0), 'left');
    enter(queueOf(1), 'stays');
    await turn();
    assert.ok(left);
    places = 1;
    queueOf(0).placeFreed();
    queueOf(0).placeFreed();
    queueOf(0).leave(left);
    await eventually('the other worker to take it', () => waiting() === 0);
  });
});
