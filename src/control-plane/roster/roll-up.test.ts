import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BackendState } from '../../protocol/admin-api.ts';
import { countStates, needsAttention, rollUpAll, rollUpPool } from './roll-up.ts';

const standings = (...states: BackendState[]) => states.map((state) => ({ state, isRemoved: false }));
const pool = (name: string, ...states: BackendState[]) => ({ name, ...rollUpPool(countStates(standings(...states))) });

describe('roll-up', () => {
  for (const [states, words, severity] of [
    [['up', 'up'], 'all up', 'up'],
    [['up', 'down', 'up'], 'degraded 2 of 3', 'degraded'],
    [['up', 'draining'], 'degraded 1 of 2', 'degraded'],
    [['down', 'ejected'], 'down', 'down'],
    [['maintenance'], 'down', 'down'],
    [['unknown', 'unknown'], 'unchecked', 'unchecked'],
    [['unknown', 'up'], 'degraded 1 of 2', 'degraded'],
    [[], 'no backends', 'down'],
  ] as const) {
    it(`says that ${states.join(', ') || 'nobody'} is ${words}`, () => {
      const rolled = pool('web', ...states);
      assert.deepEqual([rolled.words, rolled.severity], [words, severity]);
    });
  }

  it('does not count a backend that is leaving', () => {
    const leaving = { state: 'draining', isRemoved: true } as const;
    assert.equal(rollUpPool(countStates([...standings('up'), leaving])).words, 'all up');
  });

  it('lets the worst pool speak for all', () => {
    const up = pool('web', 'up');
    assert.deepEqual(rollUpAll([]), { severity: 'unchecked', words: 'no pools' });
    assert.equal(rollUpAll([up, pool('b', 'up')]).words, 'all up');
    assert.equal(rollUpAll([up, pool('api', 'up', 'down')]).words, 'api degraded 1 of 2');
    assert.equal(rollUpAll([pool('api', 'up', 'down')]).words, 'degraded 1 of 2');
    const two = [up, pool('api', 'up', 'down'), pool('img', 'down')];
    assert.deepEqual(rollUpAll(two), { severity: 'down', words: 'img down' });
    assert.equal(rollUpAll([up, pool('a', 'down'), pool('b', 'down')]).words, '2 of 3 pools down');
  });

  it('asks for attention to faults, and not to wishes of the operator', () => {
    const states = ['up', 'down', 'unknown', 'ejected', 'draining', 'maintenance', 'unresolved'] as const;
    const wanted = states.filter((state) => needsAttention({ state, isRemoved: false }));
    assert.deepEqual(wanted, ['down', 'ejected', 'unresolved']);
  });
});
