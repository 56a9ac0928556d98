import { expect, test } from 'vitest';
import { worker } from './test-data.ts';
import { isFresh, threadWords } from './thread-words.ts';

const death = { atMs: 900, cause: 'Error: boom', exchanges: 2 };

test('a thread that works', () => {
  expect(threadWords(worker('0'), 1000)).toEqual({ shape: 'up', word: 'running', reason: '' });
  expect(threadWords(worker('0', { restarts: 3, lastDeath: death }), 1000).word).toBe('running');
  expect(threadWords(worker('0', { isCrashLoop: true }), 1000).reason).toMatch(/again and again/);
});

test('a thread that comes: for the first time, or in the place of another', () => {
  expect(threadWords(worker('0', { state: 'starting' }), 1000).word).toBe('starting');
  const next = worker('0', { state: 'starting', restarts: 1, lastDeath: death });
  expect(threadWords(next, 1000)).toEqual({ shape: 'down', word: 'restarting', reason: 'Error: boom' });
});

test('a thread that has died is restarting as long as another one is due', () => {
  const dead = worker('0', { state: 'dead', lastDeath: death });
  expect(threadWords({ ...dead, restartAtMs: 1500 }, 1000).word).toBe('restarting');
  expect(threadWords(dead, 1000).word).toBe('ended');
});

test('a thread that stands still says for how long', () => {
  const words = threadWords(worker('0', { state: 'blocked', lastBeatMs: 10_000 }), 15_000);
  expect(words.reason).toMatch(/for 5.s/);
});

test('figures are fresh while the loop turns', () => {
  expect(isFresh(worker('0', { lastBeatMs: 900 }))).toBe(true);
  expect(isFresh(worker('0'))).toBe(false);
  expect(isFresh(worker('0', { state: 'blocked', lastBeatMs: 900 }))).toBe(false);
  expect(isFresh(worker('0', { state: 'dead', lastBeatMs: 900 }))).toBe(false);
});
