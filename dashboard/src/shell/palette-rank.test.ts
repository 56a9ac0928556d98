import { expect, test } from 'vitest';
import { distanceOf, rank, readVerb, withRecent } from './palette-rank.ts';
import { readRecent } from './recent.ts';

const items = ['Charts: last 5 min', 'Pause', 'Theme: dark', 'Theme: light', 'Events'].map((words) => ({
  key: words,
  words,
}));
const found = (text: string, recent: readonly string[] = []): string[] =>
  rank(items, text, recent).map(({ words }) => words);

test('every word must occur, in any order', () => {
  expect(found('dark theme')).toEqual(['Theme: dark']);
  expect(found('theme')).toEqual(['Theme: dark', 'Theme: light']);
  expect(found('theme pause')).toEqual([]);
  expect(found('')).toHaveLength(items.length);
});

test('the beginning counts more than the middle', () => {
  expect(distanceOf({ words: 'web' }, ['web'])).toBe(0);
  expect(distanceOf({ words: 'web-2' }, ['web'])).toBe(1);
  expect(distanceOf({ words: 'old web' }, ['web'])).toBe(2);
  expect(distanceOf({ words: 'cobweb' }, ['web'])).toBe(3);
  expect(distanceOf({ words: 'x', also: 'web' }, ['web'])).toBe(4);
  expect(distanceOf({ words: 'x' }, ['web'])).toBeNull();
});

test('of those that match equally well, what was used lately comes first', () => {
  expect(found('theme', ['Theme: light'])).toEqual(['Theme: light', 'Theme: dark']);
  expect(found('', ['Events', 'Pause']).slice(0, 2)).toEqual(['Events', 'Pause']);
});

test('the nearest of several places counts', () => {
  expect(distanceOf({ words: 'Charts: last 1 h' }, ['h'])).toBe(2);
  expect(distanceOf({ words: 'Charts: last 1 min' }, ['h'])).toBe(3);
});

test('what the server has ranked keeps its order, but for equals', () => {
  const items = [
    { key: 'a', distance: 0 },
    { key: 'b', distance: 2 },
    { key: 'c', distance: 2 },
  ];
  expect(withRecent(items, ['c', 'x']).map(({ key }) => key)).toEqual(['a', 'c', 'b']);
});

test('a verb is told by its first three letters, wherever it stands', () => {
  expect(readVerb('b2 drain')).toEqual({ verb: 'drain', rest: 'b2' });
  expect(readVerb('maint')).toEqual({ verb: 'maintenance', rest: '' });
  expect(readVerb('dr')).toBeNull();
  expect(readVerb('drainage')).toBeNull();
});

test('what is kept in the browser is taken only if it is a list of texts', () => {
  expect(readRecent('["a", 3, "b"]')).toEqual(['a', 'b']);
  for (const wrong of [null, '', '{', '{"a":1}', '3']) expect(readRecent(wrong)).toEqual([]);
});
