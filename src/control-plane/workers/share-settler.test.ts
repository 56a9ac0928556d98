import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BACKEND_GAUGES, BACKEND_SHARED, POOL_GAUGES, POOL_SHARED, State } from '../../state/layout.ts';
import { takeBackShare } from './dead-share.ts';
import { ShareSettler } from './share-settler.ts';

function make() {
  const state = State.create({ workers: 2, pools: 2, backends: 3, routes: 1 });
  const settler = new ShareSettler(state);
  const inFlight = (backend: number): number => state.backendShared(backend) + BACKEND_SHARED.IN_FLIGHT;
  const add = (cell: number, by: number): void => {
    state.gauges[cell] = (state.gauges[cell] ?? 0) + by;
  };
  return {
    state,
    settler,
    inFlight: (backend: number) => Atomics.load(state.shared, inFlight(backend)),
    /** The two stores of a worker, or only the first. */
    begin: (worker: number, backend: number, isWhole = true) => {
      Atomics.add(state.shared, inFlight(backend), 1);
      if (isWhole) add(state.backendGauges(worker, backend) + BACKEND_GAUGES.IN_FLIGHT, 1);
    },
    finish: (worker: number, backend: number, isWhole = true) => {
      Atomics.sub(state.shared, inFlight(backend), 1);
      if (isWhole) add(state.backendGauges(worker, backend) + BACKEND_GAUGES.IN_FLIGHT, -1);
    },
    wait: (worker: number, pool: number, isWhole = true) => {
      Atomics.add(state.shared, state.poolShared(pool) + POOL_SHARED.QUEUED, 1);
      if (isWhole) add(state.poolGauges(worker, pool) + POOL_GAUGES.QUEUED, 1);
    },
    waiting: (pool: number) => Atomics.load(state.shared, state.poolShared(pool) + POOL_SHARED.QUEUED),
    die: (worker: number) => {
      takeBackShare(state, worker);
      settler.workerDied();
    },
    look: (times: number) => {
      for (let i = 0; i < times; i++) settler.look();
    },
  };
}

describe('share settler', () => {
  it('takes off what a thread left that died between two stores, on either side of a request', () => {
    const { begin, finish, wait, waiting, die, look, inFlight } = make();
    begin(0, 0);
    begin(1, 0);
    begin(1, 0, false);
    begin(1, 1);
    finish(1, 1, false);
    wait(0, 1);
    wait(1, 1, false);
    die(1);
    assert.deepEqual([inFlight(0), inFlight(1), waiting(1)], [2, -1, 2]);
    look(4);
    assert.deepEqual([inFlight(0), inFlight(1), waiting(1)], [2, -1, 2]);
    look(1);
    assert.deepEqual([inFlight(0), inFlight(1), waiting(1)], [1, 0, 1]);
  });

  it('does so while requests of the others come and go', () => {
    const { begin, finish, die, look, inFlight } = make();
    begin(1, 2, false);
    die(1);
    for (let i = 0; i < 20; i++) {
      begin(0, 2);
      look(1);
      if (i % 3 !== 0) finish(0, 2);
    }
    assert.equal(inFlight(2), 7);
  });

  it('leaves alone what is in the middle of its two stores at one look or another', () => {
    const { state, begin, die, look, inFlight } = make();
    die(1);
    begin(0, 0, false);
    look(4);
    // The second store.
    state.gauges[state.backendGauges(0, 0) + BACKEND_GAUGES.IN_FLIGHT] = 1;
    look(10);
    assert.equal(inFlight(0), 1);
  });

  it('looks at nothing before a worker has died, nor once all is right', () => {
    const { begin, die, look, inFlight } = make();
    begin(0, 0, false);
    look(20);
    assert.equal(inFlight(0), 1);
    die(1);
    look(20);
    assert.equal(inFlight(0), 0);
    begin(0, 0, false);
    look(20);
    assert.equal(inFlight(0), 1);
  });
});
