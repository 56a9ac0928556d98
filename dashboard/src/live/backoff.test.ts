import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

test('the wait doubles up to its limit, and half of it is random', () => {
  expect([1, 2, 3, 4, 5, 6, 40].map((failures) => backoffMs(failures, 1))).toEqual([
    500, 1000, 2000, 4000, 8000, 15_000, 15_000,
  ]);
  expect(backoffMs(3, 0)).toBe(1000);
});
