import { expect, test } from 'vitest';
import { addSecond, PAST_SECONDS } from './thread-past.ts';

const shares = (a: number) => new Map([['0', a]]);

test('a line has its full length from the first second, with gaps where nothing was heard', () => {
  const first = addSecond(null, 'p', 100, shares(0.5));
  expect(first.lines.get('0')).toHaveLength(PAST_SECONDS);
  expect(first.lines.get('0')?.slice(-2)).toEqual([null, 0.5]);
  const later = addSecond(first, 'p', 103, shares(0.25));
  expect(later.lines.get('0')?.slice(-4)).toEqual([0.5, null, null, 0.25]);
  expect(later.lines.get('0')).toHaveLength(PAST_SECONDS);
});

test('the same second counts once', () => {
  const first = addSecond(null, 'p', 100, shares(0.5));
  expect(addSecond(first, 'p', 100, shares(0.9))).toBe(first);
});

test('after a long silence, with another process, or when the clock was set back, it begins anew', () => {
  const first = addSecond(null, 'p', 100, shares(0.5));
  for (const next of [
    addSecond(first, 'p', 100 + 2 * PAST_SECONDS, shares(0.25)),
    addSecond(first, 'q', 101, shares(0.25)),
    addSecond(first, 'p', 50, shares(0.25)),
  ]) {
    expect(next.lines.get('0')?.filter((cell) => cell !== null)).toEqual([0.25]);
    expect(next.lines.get('0')).toHaveLength(PAST_SECONDS);
  }
});

test('figures that nobody vouches for are a gap', () => {
  const first = addSecond(null, 'p', 100, shares(0.5));
  const next = addSecond(addSecond(first, 'p', 101, new Map([['0', null]])), 'p', 102, shares(0.4));
  expect(next.lines.get('0')?.slice(-3)).toEqual([0.5, null, 0.4]);
});

test('a thread that is new has a past of gaps, and one that has gone has none', () => {
  const first = addSecond(
    null,
    'p',
    100,
    new Map([
      ['0', 0.1],
      ['1', 0.2],
    ]),
  );
  const next = addSecond(
    first,
    'p',
    101,
    new Map([
      ['1', 0.3],
      ['2', 0.4],
    ]),
  );
  expect([...next.lines.keys()]).toEqual(['1', '2']);
  expect(next.lines.get('1')?.slice(-2)).toEqual([0.2, 0.3]);
  expect(next.lines.get('2')?.slice(-2)).toEqual([null, 0.4]);
});
