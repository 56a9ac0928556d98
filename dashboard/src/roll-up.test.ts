import { expect, test } from 'vitest';
import type { BackendState } from '../../src/protocol/admin-api.ts';
import { needsAttention, rollUpAll, rollUpPool, stateWords } from './roll-up.ts';
import { backend, pool } from './test-data.ts';

const poolOf = (name: string, ...states: BackendState[]) =>
  pool(
    name,
    states.map((state, index) => backend(`b${index}`, { state })),
  );

test.each<[BackendState[], string, string]>([
  [['up', 'up'], 'all up', 'up'],
  [['up', 'down', 'up'], 'degraded 2 of 3', 'degraded'],
  [['up', 'draining'], 'degraded 1 of 2', 'degraded'],
  [['down', 'ejected'], 'down', 'down'],
  [['maintenance'], 'down', 'down'],
  [['unknown', 'unknown'], 'unchecked', 'unchecked'],
  [['unknown', 'up'], 'degraded 1 of 2', 'degraded'],
  [[], 'no backends', 'down'],
])('%j is %s', (states, words, severity) => {
  expect(rollUpPool(poolOf('web', ...states))).toMatchObject({ words, severity });
});

test('a backend that is leaving does not count', () => {
  const leaving = backend('b2', { state: 'draining', isRemoved: true });
  expect(rollUpPool(pool('web', [backend('b1'), leaving])).words).toBe('all up');
});

test('the worst pool speaks for all', () => {
  const up = poolOf('web', 'up');
  expect(rollUpAll([])).toEqual({ severity: 'unchecked', words: 'no pools' });
  expect(rollUpAll([up, poolOf('b', 'up')]).words).toBe('all up');
  expect(rollUpAll([up, poolOf('api', 'up', 'down')]).words).toBe('api degraded 1 of 2');
  expect(rollUpAll([poolOf('api', 'up', 'down')]).words).toBe('degraded 1 of 2');
  expect(rollUpAll([up, poolOf('api', 'up', 'down'), poolOf('img', 'down')])).toEqual({
    severity: 'down',
    words: 'img down',
  });
  expect(rollUpAll([up, poolOf('a', 'down'), poolOf('b', 'down')]).words).toBe('2 of 3 pools down');
});

test('states are said in words', () => {
  expect(stateWords(backend('b', { state: 'unknown' }))).toBe('unchecked');
  expect(stateWords(backend('b', { state: 'draining', inFlight: 37 }))).toBe('draining, 37 left');
  expect(stateWords(backend('b', { state: 'draining' }))).toBe('drained');
  expect(stateWords(backend('b', { state: 'up', isRemoved: true, inFlight: 2 }))).toBe('leaving, 2 left');
});

test('faults need attention, wishes of the operator do not', () => {
  const states = ['up', 'down', 'unknown', 'ejected', 'draining', 'maintenance', 'unresolved'] as const;
  expect(states.filter((state) => needsAttention(backend('b', { state })))).toEqual(['down', 'ejected', 'unresolved']);
});
