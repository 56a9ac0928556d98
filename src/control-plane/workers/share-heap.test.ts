import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { heapMiBFor } from './share-heap.ts';

const GIB = 1024 ** 3;

describe('heap of a worker', () => {
  it('is what is wanted where there is memory for it', () => {
    assert.equal(heapMiBFor(GIB, 2, 8 * GIB), 1_024);
    assert.equal(heapMiBFor(4 * GIB, 2, 64 * GIB), 4_096);
  });

  it('is less where all workers together would take more than three quarters', () => {
    assert.equal(heapMiBFor(GIB, 2, GIB), 384);
    assert.equal(heapMiBFor(GIB, 8, 4 * GIB), 384);
  });

  it('is never too little to start with', () => {
    assert.equal(heapMiBFor(GIB, 64, GIB), 64);
  });
});
