import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Loads } from './policy.ts';
import { sharesOf } from './shares.ts';

const loads = (weights: readonly number[], ramps: readonly number[]): Loads => ({
  inFlight: () => 0,
  weight: (backend) => weights[backend] ?? 1,
  ramp: (backend) => ramps[backend] ?? 10,
  nextTurn: () => 0,
});

describe('the shares', () => {
  it('are the plain weights, in lowest terms, while no backend ramps', () => {
    assert.deepEqual(sharesOf([0, 1, 2], loads([6, 3, 3], []), true), [2, 1, 1]);
    assert.deepEqual(sharesOf([0, 1, 2], loads([6, 3, 3], []), false), [1, 1, 1]);
  });

  it('are the weights times the ramps otherwise', () => {
    assert.deepEqual(sharesOf([0, 1], loads([2, 1], [10, 3]), true), [20, 3]);
    assert.deepEqual(sharesOf([0, 1], loads([2, 1], [10, 3]), false), [10, 3]);
  });

  it('are equal while all ramp alike', () => {
    assert.deepEqual(sharesOf([0, 1], loads([], [1, 1]), false), [1, 1]);
  });

  it('are rounded where an exact cycle would be too long, and never to nothing', () => {
    const many = Array.from({ length: 1000 }, (_, backend) => backend);
    const weights = many.map((backend) => 1 + ((backend * 37) % 256));
    const shares = sharesOf(many, loads(weights, [1, 7]), true);
    assert.equal(shares[0], 1, 'a tenth of weight 1');
    assert.equal(shares[1], Math.round((38 * 7) / 10));
    assert.deepEqual(shares.slice(2), weights.slice(2));
  });
});
