import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TriedMarks } from './tried-marks.ts';

it('holds the marks of the last call only', () => {
  const marks = new TriedMarks([3, 8]);
  assert.equal(marks.has(3), false);
  marks.mark([3]);
  assert.deepEqual([marks.has(3), marks.has(8)], [true, false]);
  marks.mark([8]);
  assert.deepEqual([marks.has(3), marks.has(8)], [false, true]);
  marks.mark([]);
  assert.deepEqual([marks.has(3), marks.has(8)], [false, false]);
});

it('takes no notice of backends that are no candidates', () => {
  const marks = new TriedMarks([1]);
  marks.mark([70_000, 0]);
  assert.equal(marks.has(1), false);
});
