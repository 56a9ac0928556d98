import { expect, test } from 'vitest';
import {
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatMs,
  formatRate,
  formatShare,
  formatWhole,
  NOTHING,
  plural,
} from './format.ts';

const plain = (text: string): string => text.replaceAll(/[\u2009\u202f]/g, ' ');

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1.0k'],
  [12_431, '12.4k'],
  [99_960, '100k'],
  [999_499, '999k'],
  [999_950, '1.0M'],
  [3_140_000_000, '3.1G'],
])('the count %d is %s', (value, words) => {
  expect(formatCount(value)).toBe(words);
});

test('no count is wider than five characters', () => {
  for (let value = 1; value < 1e15; value *= 1.37) expect(formatCount(value).length).toBeLessThanOrEqual(5);
});

test.each([
  [null, NOTHING],
  [0, '0'],
  [0.01, '<0.1'],
  [0.24, '0.2'],
  [9.96, '10'],
  [12_431, '12 431'],
])('the rate %d is %s', (value, words) => {
  expect(plain(formatRate(value))).toBe(words);
});

test.each([
  [null, NOTHING],
  [0.84, '0.8'],
  [61.4, '61'],
  [1240, '1 240'],
])('%d milliseconds are %s', (value, words) => {
  expect(plain(formatMs(value))).toBe(words);
});

test.each([
  [null, NOTHING],
  [0, '0 %'],
  [0.0001, '<0.1 %'],
  [0.0012, '0.1 %'],
  [1 / 3, '33 %'],
  [1, '100 %'],
])('the share %d is %s', (value, words) => {
  expect(plain(formatShare(value))).toBe(words);
});

test.each([
  [-5, '0 s'],
  [8_900, '8 s'],
  [60_000, '1 min'],
  [192_000, '3 min 12 s'],
  [3_660_000, '1 h 1 min'],
  [266_400_000, '3 d 2 h'],
])('%d ms last %s', (ms, words) => {
  expect(plain(formatDuration(ms))).toBe(words);
});

test('bytes are in binary units', () => {
  expect([512, 1024, 3_565_158, 1e12].map((bytes) => plain(formatBytes(bytes)))).toEqual([
    '512 B',
    '1.0 KiB',
    '3.4 MiB',
    '931 GiB',
  ]);
});

test('the clock is that of the reader', () => {
  expect(formatClock(new Date(2026, 10, 23, 4, 2, 1).getTime())).toBe('04:02:01');
});

test('one is singular', () => {
  expect([plural(0, 'request'), plural(1, 'request'), plain(plural(1200, 'request'))]).toEqual([
    '0 requests',
    '1 request',
    '1 200 requests',
  ]);
  expect(plain(formatWhole(1234567))).toBe('1 234 567');
});
