import { expect, test } from 'vitest';
import { consequenceOf } from './consequence.ts';
import { backend, poolFields } from './test-data.ts';

const plain = (sentences: readonly string[]): string => sentences.join(' ').replaceAll('\u202f', ' ');
const three = poolFields('api', { count: 3, availableCount: 3 });
const one = poolFields('api', { count: 2, availableCount: 1 });

test('a drain says what is in flight, what remains and what the others get', () => {
  const busy = backend('b1', { inFlight: 37, actualShare: 1 / 3 });
  const { title, sentences, isGrave } = consequenceOf('drain', three, busy);
  expect(title).toBe('Drain api/b1?');
  expect(plain(sentences)).toContain('37 requests in flight; 2 of 3 remain.');
  expect(plain(sentences)).toContain('about 50 % more');
  expect(isGrave).toBe(false);
});

test('taking the last one out is grave', () => {
  const { sentences, isGrave } = consequenceOf('maintenance', one, backend('b1', { inFlight: 1 }));
  expect(plain(sentences)).toContain('1 request in flight; 0 of 2 remain.');
  expect(sentences.at(-1)).toContain('answered 503');
  expect(isGrave).toBe(true);
});

test('removing one that takes no requests is not grave', () => {
  const down = backend('b2', { state: 'down' });
  expect(consequenceOf('remove', one, down)).toMatchObject({ isGrave: false, title: 'Remove api/b2?' });
});

test('making ready tells whether health checks stand in the way', () => {
  const failed = { atMs: 0, isPass: false, detail: 'status 503', durationMs: 1 };
  const { sentences } = consequenceOf('ready', one, backend('b1', { lastCheck: failed }));
  expect(sentences[0]).toContain('health checks');
});
