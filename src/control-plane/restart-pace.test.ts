import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { afterDeath, NO_DEATHS } from './restart-pace.ts';

describe('restart pace', () => {
  it('replaces a thread that has lived at once, however often', () => {
    let deaths = NO_DEATHS;
    for (let i = 0; i < 20; i++) {
      const next = afterDeath(deaths, 1_000);
      assert.equal(next.delayMs, 0);
      assert.equal(next.isLoop, false);
      deaths = next.deaths;
    }
  });

  it('slows down for threads that die young, up to a second, and tells the loop once', () => {
    let deaths = NO_DEATHS;
    const delays: number[] = [];
    let loops = 0;
    for (let i = 0; i < 12; i++) {
      const next = afterDeath(deaths, 10);
      delays.push(next.delayMs);
      loops += next.isLoop ? 1 : 0;
      deaths = next.deaths;
    }
    assert.deepEqual(delays, [0, 50, 100, 200, 400, 800, 1000, 1000, 1000, 1000, 1000, 1000]);
    assert.equal(loops, 1);
  });

  it('starts anew after a thread that has lived', () => {
    const young = afterDeath(afterDeath(NO_DEATHS, 10).deaths, 10);
    assert.equal(young.delayMs, 50);
    const old = afterDeath(young.deaths, 5_000);
    assert.equal(afterDeath(old.deaths, 10).delayMs, 0);
  });
});
