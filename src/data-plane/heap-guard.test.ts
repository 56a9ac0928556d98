import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HEAP_LEVEL, type Heap, HeapGuard } from './heap-guard.ts';

const MIB = 1024 * 1024;
const { FINE, SHED, CLOSE } = HEAP_LEVEL;

/** A heap of 1,000 MiB; what is live and what is garbage is the test's to say. */
function make(limitMiB = 1_000) {
  const heap = { liveMiB: 100, garbageMiB: 0, youngMiB: 0, collections: 0, collectMs: 20 };
  let nowMs = 0;
  const reading: Heap = {
    limitBytes: limitMiB * MIB,
    usedBytes: () => (heap.liveMiB + heap.garbageMiB + heap.youngMiB) * MIB,
    oldBytes: () => (heap.liveMiB + heap.garbageMiB) * MIB,
    collect: () => {
      heap.collections++;
      heap.garbageMiB = 0;
      nowMs += heap.collectMs;
    },
  };
  const guard = new HeapGuard(reading, () => nowMs);
  return {
    heap,
    lookAt: (liveMiB: number, garbageMiB = 0): number => {
      heap.liveMiB = liveMiB;
      heap.garbageMiB = garbageMiB;
      return guard.look();
    },
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('heap guard', () => {
  it('lets the heap fill up, and refuses nothing for garbage', () => {
    const { heap, lookAt, pass } = make();
    assert.equal(lookAt(100, 700), FINE);
    heap.youngMiB = 60;
    assert.equal(lookAt(100, 780), FINE);
    assert.equal(heap.collections, 0);
    assert.equal(lookAt(100, 810), FINE);
    assert.equal(heap.collections, 1);
    pass(5_000);
    assert.equal(lookAt(880, 40), FINE);
    assert.equal(heap.collections, 2);
  });

  it('refuses requests from 90 % on, connections from 95 %, and neither below 80 % again', () => {
    const { lookAt, pass } = make();
    const levels = [910, 960, 920, 850, 810, 790].map((liveMiB) => {
      pass(5_000);
      return lookAt(liveMiB);
    });
    assert.deepEqual(levels, [SHED, CLOSE, SHED, SHED, SHED, FINE]);
  });

  it('notices that it is over without any traffic', () => {
    const { lookAt, pass } = make();
    assert.equal(lookAt(910), SHED);
    pass(5_000);
    assert.equal(lookAt(100, 850), FINE);
  });

  it('spends a tenth of the time on collections at most', () => {
    const { heap, lookAt, pass } = make();
    heap.collectMs = 300;
    let busyMs = 0;
    for (let look = 0; look < 1_000; look++) {
      const before = heap.collections;
      assert.equal(lookAt(920), SHED);
      busyMs += (heap.collections - before) * heap.collectMs;
      pass(50);
    }
    assert.ok(busyMs <= 0.11 * (50_000 + busyMs), `${busyMs} ms`);
    assert.ok(heap.collections > 10);
  });

  it('closes without a collection where there is no time for one', () => {
    const { lookAt, pass, heap } = make();
    assert.equal(lookAt(500, 450), FINE);
    pass(100);
    assert.equal(lookAt(930), FINE, 'it may be garbage');
    assert.equal(lookAt(960), CLOSE);
    assert.equal(heap.collections, 1);
    pass(5_000);
    assert.equal(lookAt(500, 460), FINE);
  });

  it('keeps room for a burst in a small heap, and has no say in one without a limit', () => {
    const small = make(64);
    assert.equal(small.lookAt(47), FINE);
    assert.equal(small.lookAt(49), SHED);
    const endless = make(Number.POSITIVE_INFINITY);
    assert.equal(endless.lookAt(100_000), FINE);
    assert.equal(endless.heap.collections, 0);
  });
});
