import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Loads } from './policy.ts';
import { roundRobin } from './round-robin.ts';

function loadsFrom(firstTurn: number): Loads {
  let turn = firstTurn;
  return { inFlight: () => 0, weight: () => 1, ramp: () => 10, nextTurn: () => turn++ };
}

describe('round-robin', () => {
  it('keeps the order of the candidates, from wherever the counter stands', () => {
    const picker = roundRobin.picker([9, 4, 6], loadsFrom(7));
    assert.deepEqual(
      Array.from({ length: 6 }, () => picker.pick([])),
      [4, 6, 9, 4, 6, 9],
    );
  });

  it('walks on over tried backends, round the end of the list', () => {
    const picker = roundRobin.picker([10, 11, 12, 13], loadsFrom(2));
    assert.equal(picker.pick([12, 13]), 10);
    assert.equal(picker.pick([13, 10]), 11);
  });

  it('splits the turns of a backend that always fails among all others', () => {
    // A retry takes its own turn; were it to walk on instead, backend 1 would get twice its share.
    const picker = roundRobin.picker([0, 1, 2, 3], loadsFrom(0));
    const served = [0, 0, 0, 0];
    for (let exchange = 0; exchange < 3000; exchange++) {
      let backend = picker.pick([]);
      if (backend === 0) backend = picker.pick([0]);
      served[backend] = (served[backend] ?? 0) + 1;
    }
    assert.deepEqual(served, [0, 1000, 1000, 1000]);
  });
});
