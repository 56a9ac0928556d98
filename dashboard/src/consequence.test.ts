import { expect, test } from 'vitest';
import { consequenceOf } from './consequence.ts';
import { backend } from './test-data.ts';

const plain = (sentences: readonly string[]): string => sentences.join(' ').replaceAll('\u202f', ' ');

test('a drain says what is in flight, what remains and what the others get', () => {
  const backends = [backend('b1', { inFlight: 37, rps: 10 }), backend('b2', { rps: 10 }), backend('b3', { rps: 10 })];
  const { title, sentences, isGrave } = consequenceOf('drain', 'api', 'b1', backends);
  expect(title).toBe('Drain api/b1?');
  expect(plain(sentences)).toContain('37 requests in flight; 2 of 3 remain.');
  expect(plain(sentences)).toContain('about 50 % more');
  expect(isGrave).toBe(false);
});

test('taking the last one out is grave', () => {
  const backends = [backend('b1', { inFlight: 1 }), backend('b2', { state: 'down' })];
  const { sentences, isGrave } = consequenceOf('maintenance', 'api', 'b1', backends);
  expect(plain(sentences)).toContain('1 request in flight; 0 of 2 remain.');
  expect(sentences.at(-1)).toContain('answered 503');
  expect(isGrave).toBe(true);
});

test('removing one that takes no requests is not grave', () => {
  const backends = [backend('b1'), backend('b2', { state: 'down' })];
  expect(consequenceOf('remove', 'api', 'b2', backends)).toMatchObject({ isGrave: false, title: 'Remove api/b2?' });
});

test('making ready tells whether health checks stand in the way', () => {
  const failed = { atMs: 0, isPass: false, detail: 'status 503', durationMs: 1 };
  expect(consequenceOf('ready', 'api', 'b1', [backend('b1', { lastCheck: failed })]).sentences[0]).toContain(
    'health checks',
  );
});
