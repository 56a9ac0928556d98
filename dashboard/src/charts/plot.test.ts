import { expect, test } from 'vitest';
import { runsOf } from './plot.ts';

test('a line is drawn from gap to gap', () => {
  expect(runsOf([])).toEqual([]);
  expect(runsOf([null, null])).toEqual([]);
  expect(runsOf([1, 2, null, 0, null, 3])).toEqual([
    [0, 2],
    [3, 4],
    [5, 6],
  ]);
});
