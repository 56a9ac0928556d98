import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { afterDeath, type Deaths, NO_DEATHS } from './restart-pace.ts';

/** So many deaths, each so long after its start and at once replaced. */
function die(times: number, workedMs: number, everyMs: number, before: Deaths = NO_DEATHS) {
  let deaths = before;
  const delays: number[] = [];
  let loops = 0;
  for (let i = 0; i < times; i++) {
    const next = afterDeath(deaths, workedMs, i * everyMs);
    delays.push(next.delayMs);
    loops += next.isLoopNew ? 1 : 0;
    deaths = next.deaths;
  }
  return { deaths, delays, loops };
}

describe('restart pace', () => {
  it('replaces a thread that has worked at once, however often', () => {
    const { delays, loops } = die(20, 60_000, 60_000);
    assert.deepEqual([...new Set(delays)], [0]);
    assert.equal(loops, 0);
  });

  it('slows down for threads that die young, up to a second, and tells the loop once', () => {
    const { delays, loops } = die(12, 10, 500);
    assert.deepEqual(delays, [0, 50, 100, 200, 400, 800, 1000, 1000, 1000, 1000, 1000, 1000]);
    assert.equal(loops, 1);
  });

  it('takes a thread that never worked for a young one, however long its start took', () => {
    assert.deepEqual(die(3, 0, 5_000).delays, [0, 50, 100]);
  });

  it('starts anew after a thread that has worked', () => {
    const young = die(2, 10, 500);
    const old = afterDeath(young.deaths, 5_000, 10_000);
    assert.equal(old.delayMs, 0);
    assert.equal(afterDeath(old.deaths, 10, 11_000).delayMs, 0);
  });

  it('knows a loop of threads that work for a while, too', () => {
    assert.equal(die(5, 1_500, 2_000).loops, 1);
    assert.equal(die(5, 7_000, 7_400).loops, 1);
    assert.equal(die(50, 7_000, 7_600).loops, 0);
  });

  it('stays in a loop until it is told that it is over', () => {
    const looping = die(6, 1_500, 2_000).deaths;
    const later = afterDeath(looping, 25_000, 60_000);
    assert.deepEqual([later.deaths.isLoop, later.isLoopNew], [true, false]);
  });
});
