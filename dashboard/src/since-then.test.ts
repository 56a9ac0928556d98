import { expect, test } from 'vitest';
import { sinceThen } from './since-then.ts';

test('a change is told in per cent of what it was', () => {
  expect(sinceThen(112, 100)).toBe('+12\u202f%');
  expect(sinceThen(92, 100)).toBe('−8\u202f%');
  expect(sinceThen(0, 100)).toBe('−100\u202f%');
});

test('noise is no change, and many times as much is told as such', () => {
  expect(sinceThen(100.5, 100)).toBe('no change');
  expect(sinceThen(0, 0)).toBe('no change');
  expect(sinceThen(1400, 100)).toBe('×14');
  expect(sinceThen(1e9, 1)).toBe('×999');
});

test('from nothing there is no per cent, and without a past nothing is told', () => {
  expect(sinceThen(3, 0)).toBe('from 0');
  expect(sinceThen(3, null)).toBeNull();
  expect(sinceThen(null, 3)).toBeNull();
});
