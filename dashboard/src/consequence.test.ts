import { expect, test } from 'vitest';
import type { Change } from './change.ts';
import { changedWords, changeOf, doneWords, figuresOf, isGrave, remarksOf, wordsOf } from './consequence.ts';
import { preview } from './test-data.ts';

const plain = (text: string): string => text.replaceAll('\u202f', ' ');

test('a drain says what is in flight, what remains and what the others get', () => {
  expect(wordsOf(changeOf('drain', 'api', 'b1')).title).toBe('Drain api/b1?');
  const dry = preview({
    inFlight: 37,
    consequences: ['37 requests in flight may be finished within 10m', '2 instead of 3 backends share …'],
  });
  expect(plain(figuresOf(dry))).toBe('37 requests in flight; 2 of 3 remain; ≈ +50 % load on each.');
  expect(remarksOf(dry)).toEqual(['37 requests in flight may be finished within 10m.']);
  expect(isGrave(dry)).toBe(false);
});

test('taking the last one out is grave, and says so in the words of the server', () => {
  const dry = preview({ available: { before: 1, after: 0 }, consequences: ['no backend is left in api: 503 for all'] });
  expect(figuresOf(dry)).toBe('0 requests in flight; 0 of 1 remain.');
  expect(remarksOf(dry)).toEqual(['No backend is left in api: 503 for all.']);
  expect(isGrave(dry)).toBe(true);
  expect(isGrave(preview({ available: { before: 0, after: 0 } }))).toBe(false);
});

test('making one ready says what the others are relieved of; what changes nothing has no figures', () => {
  expect(plain(figuresOf(preview({ available: { before: 1, after: 2 } })))).toBe(
    '2 instead of 1 take requests; ≈ −50 % load on each.',
  );
  expect(figuresOf(preview({ available: { before: 2, after: 2 } }))).toBe('');
});

test('what has changed since is named with its new value', () => {
  const told = preview({});
  expect(changedWords(told, preview({ changes: ['backend b1: mode maintenance → drain'] }))).toContain(
    'Somebody changed this since. Now: backend b1: mode maintenance → drain',
  );
  expect(changedWords(told, preview({ changes: [] }))).toContain('nothing is left to do');
  expect(changedWords(told, preview({ available: { before: 2, after: 1 } }))).toContain('2 → 1 available');
});

test('a notice says what is so now, and what it was', () => {
  const former = { policy: null, backends: [{ name: 'b1', url: '', weight: 3, mode: 'ready' as const }] };
  expect(doneWords(changeOf('drain', 'api', 'b1'), former)).toBe('api/b1: drain, was ready');
  const many: Change = { kind: 'weight', pool: 'api', backends: ['b1', 'b2'], weight: 9 };
  expect(doneWords(many, former)).toBe('2 backends of api: weight 9, was 3');
  expect(doneWords({ kind: 'policy', pool: 'api', policy: 'new' }, { policy: 'old', backends: [] })).toBe(
    'api: new, was old',
  );
});
