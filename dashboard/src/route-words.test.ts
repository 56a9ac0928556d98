import { expect, test } from 'vitest';
import type { ExplainedBackend, Explanation } from '../../src/protocol/admin-api.ts';
import {
  backendsInOrder,
  headline,
  listenerWords,
  matchWords,
  reasonWords,
  shareWords,
  storyAloud,
} from './route-words.ts';
import { explained, explanation } from './test-data.ts';

test('a match is one text, and says what it leaves open', () => {
  expect(matchWords('a.x', '/v1')).toEqual({ match: 'a.x/v1', open: '' });
  expect(matchWords('*.x', null)).toEqual({ match: '*.x', open: 'every path' });
  expect(matchWords(null, '/v1')).toEqual({ match: '/v1', open: 'every host' });
  expect(matchWords(null, null).match).toBe('everything');
});

test('a listener says how many workers accept where not all do', () => {
  const listener = { name: 'web', address: ':80', reason: '', acceptingWorkers: 1, workers: 2, clientConnections: 0 };
  expect(listenerWords({ ...listener, state: 'partly' })).toBe('listening in 1 of 2 workers');
  expect(listenerWords({ ...listener, state: 'listening' })).toBe('listening');
});

const failed = (code: string, status: number, fields: Partial<Explanation> = {}): Explanation =>
  explanation({ outcome: 'refused', failure: { code, status, text: 'So it is.' }, ...fields });

test('the outcome is one line, whatever it is', () => {
  expect(headline(explanation())).toBe('Forwarded to pool api by route 2');
  expect(headline(explanation({ outcome: 'queued' }))).toBe('Sent to pool api by route 2, where it waits in the queue');
  expect(headline(failed('POOL_UNAVAILABLE', 503))).toBe(
    'Answered 503 POOL_UNAVAILABLE: sent to pool api by route 2, which cannot take it',
  );
  expect(headline(failed('ROUTE_NOT_FOUND', 404, { route: null, pool: null }))).toBe(
    'Answered 404 ROUTE_NOT_FOUND: no route takes it',
  );
  expect(headline(failed('REQUEST_METHOD_REFUSED', 501, { route: null, pool: null, lost: [] }))).toBe(
    'Answered 501 REQUEST_METHOD_REFUSED: it is not routed at all',
  );
});

test('candidates come first, with their share', () => {
  const out: ExplainedBackend = explained('b0', { isCandidate: false, share: 0, reason: 'down' });
  const all = [out, explained('b1', { share: 0.25 }), explained('b2', { share: null })];
  expect(backendsInOrder(all).map(({ name }) => name)).toEqual(['b1', 'b2', 'b0']);
  expect(reasonWords({ state: 'down', reason: 'down: status 503' })).toBe('status 503');
  expect(reasonWords({ state: 'up', reason: 'full: 2 in flight, 2 allowed' })).toBe('full: 2 in flight, 2 allowed');
  expect(all.map(shareWords)).toEqual(['not asked', '25\u202f%', 'follows load']);
});

test('what is said aloud is the outcome and who gets it, and never a list without end', () => {
  expect(storyAloud(explanation())).toBe(
    'Forwarded to pool api by route 2. 1 route did not match. 2 candidates: b1 50\u202f%, b2 50\u202f%. 1 backend not asked.',
  );
  expect(storyAloud(failed('ROUTE_NOT_FOUND', 404, { route: null, pool: null, moreLost: 9999 }))).toBe(
    'Answered 404 ROUTE_NOT_FOUND: no route takes it. So it is. 10\u2009000 routes did not match.',
  );
  const backends = Array.from({ length: 200 }, (_, index) => explained(`b${index}`, { share: 0.005 }));
  const { pool } = explanation();
  const many = storyAloud(explanation({ pool: pool === null ? null : { ...pool, backends } }));
  expect(many).toContain('200 candidates: b0 0.5\u202f%, b1');
  expect(many).toContain('and 196 more.');
});
