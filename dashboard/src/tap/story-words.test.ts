import { expect, test } from 'vitest';
// The texts are the server's: a test may read them where the page must ask.
import { failureOf } from '../../../src/protocol/failures.ts';
import type { FailureCode, TappedRequest } from '../protocol.ts';
import { storyWords } from './story-words.ts';
import { attempt, tapped } from './test-requests.ts';

const told = (fields: Partial<TappedRequest>): string =>
  storyWords(tapped(fields), failureOf).join(' ').replaceAll('\u202f', ' ');

const failed = (backend: string, code: FailureCode, fields = {}) =>
  attempt(backend, { code, status: 0, connectedMs: null, answerMs: null, startMs: 0, endMs: 1, ...fields });

test('a request that went well: where to, how long, and what for', () => {
  expect(told({})).toBe('Sent to b1; answered 200 after 38 ms, of which 31 ms were waiting for b1.');
  const quick = attempt('b1', { isReused: true, startMs: 0, connectedMs: 0, answerMs: 0.4, endMs: 0.5 });
  expect(told({ attempts: [quick], durationMs: 0.5 })).toBe('Sent to b1; answered 200 after 0.5 ms.');
  const long = attempt('b1', { answerMs: 40, endMs: 5000 });
  expect(told({ attempts: [long], durationMs: 5000 })).toContain('of which 4.96 s were the body of the answer');
});

test('failover is told in the words of the failure', () => {
  const second = attempt('b2', { startMs: 1, connectedMs: 2, answerMs: 33, endMs: 38 });
  expect(told({ attempts: [failed('b1', 'UPSTREAM_CONNECT_REFUSED'), second] })).toBe(
    'Sent to b2 after b1 refused the connection; answered 200 after 38 ms, of which 31 ms were waiting for b2.',
  );
  const stale = failed('b1', 'UPSTREAM_STALE', { isReused: true, connectedMs: 0 });
  expect(told({ attempts: [stale, attempt('b1')] })).toMatch(
    /^Sent to b1 again after a kept-alive connection was closed by b1 as it was used again; answered 200/,
  );
  const busy = failed('b1', 'UPSTREAM_STATUS_REFUSED', { connectedMs: 0.5, answerMs: 1, status: 503 });
  expect(told({ attempts: [busy, second] })).toMatch(/^Sent to b2 after b1 answered 503; answered 200/);
});

test('when no try comes through, who failed comes first, then what the client got', () => {
  const tries = [failed('b1', 'UPSTREAM_CONNECT_REFUSED'), failed('b2', 'UPSTREAM_HEAD_TIMEOUT', { connectedMs: 1 })];
  expect(told({ attempts: tries, status: 504, code: 'UPSTREAM_HEAD_TIMEOUT', durationMs: 3001 })).toBe(
    'b1 refused the connection and b2 did not begin its answer in time; Ballast answered 504 after 3.00 s.',
  );
  const many = ['a', 'b', 'c', 'a'].map((name) => failed(name, 'UPSTREAM_CONNECT_REFUSED'));
  expect(told({ attempts: many, status: 502, code: 'UPSTREAM_CONNECT_REFUSED', durationMs: 4 })).toBe(
    '4 tries failed on a, b and c; Ballast answered 502 after 4.0 ms.',
  );
  const unsaid = storyWords(tapped({ attempts: tries, status: 504, code: 'UPSTREAM_HEAD_TIMEOUT' }), () => null);
  expect(unsaid[0]).toContain('b1 failed with UPSTREAM_CONNECT_REFUSED and b2 failed with UPSTREAM_HEAD_TIMEOUT');
});

test('an answer that was cut, and a client that went away', () => {
  const cut = attempt('b1', { code: 'UPSTREAM_BODY_CLOSED' });
  expect(told({ attempts: [cut], code: 'UPSTREAM_BODY_CLOSED' })).toBe(
    'Sent to b1; answered 200, and cut after 38 ms: b1 closed the connection in the middle of its answer.',
  );
  const left = attempt('b1', { code: 'CLIENT_CLOSED', answerMs: null, status: 0 });
  expect(told({ attempts: [left], status: 0, code: 'CLIENT_CLOSED' })).toBe(
    'Sent to b1; the client closed the connection before the answer was complete; no answer was given, after 38 ms.',
  );
});

test('what Ballast answers itself', () => {
  const alone = { attempts: [], pool: null, route: null, durationMs: 0.1 };
  expect(told({ ...alone, status: 404, code: 'ROUTE_NOT_FOUND' })).toBe(
    'No route matches this host and path. Ballast answered 404 itself, after 0.1 ms.',
  );
  expect(told({ ...alone, status: 0, code: 'REQUEST_INCOMPLETE' })).toBe(
    'The connection ended before the request did. No answer was given, after 0.1 ms.',
  );
});

test('waiting is told once, and a slow head is not forgotten', () => {
  const late = attempt('b1', { isReused: true, startMs: 30, connectedMs: 30, answerMs: 34, endMs: 38 });
  const waited = { waitedFromMs: 0.1, waitedMs: 29.9, attempts: [late] };
  expect(told(waited)).toBe('Sent to b1; answered 200 after 38 ms, of which 30 ms were waiting for a place.');
  expect(told({ waitedFromMs: 0, waitedMs: 4, headMs: 320 })).toMatch(
    /waiting for b1\. It waited 4\.0 ms for a place in web\. Its head took 320 ms to arrive, before all that\.$/,
  );
});

test('a tunnel', () => {
  const tunnel = attempt('b1', { status: 101, answerMs: 3, endMs: 65_003 });
  expect(told({ status: 101, attempts: [tunnel], durationMs: 65_003 })).toBe(
    'Sent to b1; switched protocols after 3.0 ms, and the tunnel was open for 1 min 5 s.',
  );
});
