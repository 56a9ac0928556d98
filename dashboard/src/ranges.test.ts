import { expect, test } from 'vitest';
import { neighbour, readRange, secondsOf } from './ranges.ts';

test('ranges have names, neighbours and ends', () => {
  expect(readRange('6h')).toBe('6h');
  expect(readRange('2h')).toBe('5m');
  expect(readRange(null)).toBe('5m');
  expect(secondsOf('7d')).toBe(604_800);
  expect(neighbour('1h', 1)).toBe('6h');
  expect(neighbour('1h', -1)).toBe('15m');
  expect([neighbour('7d', 1), neighbour('1m', -1)]).toEqual(['7d', '1m']);
});
