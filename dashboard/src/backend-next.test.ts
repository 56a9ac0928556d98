import { expect, test } from 'vitest';
import { cutSentences, leavingProgress, nextSteps } from './backend-next.ts';
import { backend } from './test-data.ts';

const words = (...fields: Parameters<typeof backend>): string[] =>
  nextSteps(backend(...fields)).map((step) => step.words);

test('a healthy backend is checked again, at a known moment', () => {
  expect(nextSteps(backend('b1', { nextCheckMs: 5000 }))).toEqual([{ words: 'next check', atMs: 5000 }]);
  expect(words('b1', { rampPercent: 40, nextCheckMs: 5 })).toEqual([
    'next check',
    'slow start, 40\u202f% of its share for now',
  ]);
  expect(words('b1')).toEqual(['no check is planned']);
});

test('an ejection has an end', () => {
  const steps = nextSteps(backend('b1', { state: 'ejected', ejectedUntilMs: 9000, nextCheckMs: 4000 }));
  expect(steps[0]).toEqual({ words: 'readmitted at the latest', atMs: 9000 });
  expect(steps[1]?.atMs).toBe(4000);
});

test('one that leaves says what is left, until when, and then that it is done', () => {
  const draining = { state: 'draining', mode: 'drain' } as const;
  expect(nextSteps(backend('b1', { ...draining, inFlight: 3, cutAtMs: 7000 }))[0]).toEqual({
    words: '3 requests left, cut',
    atMs: 7000,
  });
  expect(words('b1', { ...draining, inFlight: 1 })[0]).toBe('1 request left, no time limit');
  expect(words('b1', { ...draining })[0]).toBe('stays so until it is made ready');
  expect(words('b1', { state: 'draining', isRemoved: true })[0]).toBe('leaves the pool in a moment');
  expect(words('b1', { state: 'unresolved' })).toEqual(['checked as soon as its name resolves']);
});

test('progress counts from what was in flight at the beginning', () => {
  expect(leavingProgress({ inFlight: 37, inFlightAtLeave: 52 })).toEqual({ done: 15, of: 52 });
  expect(leavingProgress({ inFlight: 4, inFlightAtLeave: 3 })).toEqual({ done: 0, of: 4 });
  expect(leavingProgress({ inFlight: 0, inFlightAtLeave: 0 })).toBeNull();
});

test('a cut is told by what clients see', () => {
  expect(cutSentences(1)[0]).toBe('1 request in flight is ended at once.');
  expect(cutSentences(3)[1]).toMatch(/break off/);
  expect(cutSentences(0)).toHaveLength(1);
});
