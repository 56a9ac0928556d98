import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, configOf, failsWith, makeRoster } from '../../../test/harness/make-roster.ts';
import { carryHealth, healthToCarry } from './carried-health.ts';

const THREE = { web: { backends: [at(8081, 'b1'), at(8082, 'b2'), at(8083, 'b3')] } };

/** b1 has passed a check, b2 is down for three that failed, nobody has asked b3. */
function makeOld() {
  const old = makeRoster(configOf(THREE));
  old.check('b1', true);
  for (let time = 0; time < 3; time++) old.check('b2', false);
  return old;
}

describe('carried health', () => {
  it('holds in the next process without a check', () => {
    const old = makeOld();
    const next = makeRoster(configOf(THREE));
    carryHealth(next.roster, healthToCarry(old.roster));
    assert.deepEqual(
      ['b1', 'b2', 'b3'].map((name) => next.backend(name).health),
      ['healthy', 'unhealthy', 'unknown'],
    );
    assert.equal(next.backend('b2').reason, old.backend('b2').reason);
  });

  it('is not that of a backend that is another one by now, or that is gone', () => {
    const old = makeOld();
    const next = makeRoster(configOf({ web: { backends: [at(8081, 'b1'), at(9999, 'b2')] } }));
    carryHealth(next.roster, healthToCarry(old.roster));
    assert.deepEqual([next.backend('b1').health, next.backend('b2').health], ['healthy', 'unknown']);
  });
});

describe('a frozen roster', () => {
  it('refuses every change of a setting until it is thawed, and none of what it is told', () => {
    const { roster, pool, backend, check } = makeRoster(configOf(THREE));
    roster.freeze();
    const { changes } = roster;
    const isRefused = failsWith('restarting', 503);
    assert.throws(() => roster.setPolicy(pool(), 'least-connections', 'test'), isRefused);
    assert.throws(() => roster.setWeight(backend('b1'), 7, 'test'), isRefused);
    assert.throws(() => roster.removeBackend(backend('b1'), 'test'), isRefused);
    assert.equal(roster.changes, changes);
    check('b1', true);
    assert.equal(backend('b1').health, 'healthy');
    roster.thaw();
    roster.setWeight(backend('b1'), 7, 'test');
    assert.equal(backend('b1').weight, 7);
  });
});
