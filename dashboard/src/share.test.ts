import { expect, test } from 'vitest';
import { shareBasis, sharesOf } from './share.ts';
import { backend } from './test-data.ts';

test('what a policy promises', () => {
  expect(shareBasis('round-robin', false)).toBe('equal');
  expect(shareBasis('weighted-round-robin', true)).toBe('weights');
  expect(shareBasis('least-connections', true)).toBe('none');
  expect(shareBasis('something-new', true)).toBe('none');
});

test('equal shares go to those that take requests', () => {
  const shares = sharesOf([backend('a'), backend('b', { state: 'down' }), backend('c', { state: 'unknown' })], 'equal');
  expect([...shares.values()].map((share) => share.expected)).toEqual([0.5, 0, 0.5]);
});

test('weights share among those that take requests, and actual shares come from the rates', () => {
  const backends = [
    backend('a', { weight: 3, rps: 60 }),
    backend('b', { weight: 1, rps: 30 }),
    backend('c', { weight: 9, rps: 10, state: 'draining' }),
  ];
  const shares = sharesOf(backends, 'weights');
  expect(shares.get('a')).toEqual({ expected: 0.75, actual: 0.6 });
  expect(shares.get('b')).toEqual({ expected: 0.25, actual: 0.3 });
  expect(shares.get('c')).toEqual({ expected: 0, actual: 0.1 });
});

test('without requests there is no actual share, without available backends no expected one', () => {
  expect(sharesOf([backend('a')], 'equal').get('a')).toEqual({ expected: 1, actual: null });
  expect(sharesOf([backend('a', { state: 'down' })], 'equal').get('a')?.expected).toBeNull();
  expect(sharesOf([backend('a', { rps: 1 })], 'none').get('a')).toEqual({ expected: null, actual: 1 });
});
