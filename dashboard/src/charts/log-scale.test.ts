import { expect, test } from 'vitest';
import { clampedForLog, logRange, logSplits } from './log-scale.ts';

test('the axis goes from the round number below to the one above', () => {
  expect(logRange(0.3, 61)).toEqual([0.2, 100]);
  expect(logRange(2, 50)).toEqual([2, 50]);
  expect(logRange(3, 3)).toEqual([2, 5]);
  expect(logRange(1, 1)).toEqual([1, 10]);
  expect(logRange(null, null)).toEqual([1, 10]);
  expect(logRange(0, 0)).toEqual([0.01, 0.1]);
});

test('its lines are 1, 2, 5 and the powers of ten alone where it is long', () => {
  expect(logSplits(0.2, 10)).toEqual([0.2, 0.5, 1, 2, 5, 10]);
  expect(logSplits(0.1, 1000)).toEqual([0.1, 1, 10, 100, 1000]);
});

test('a zero is drawn at the foot, and a gap stays a gap', () => {
  expect(clampedForLog([0, null, 4])).toEqual([0.01, null, 4]);
});
