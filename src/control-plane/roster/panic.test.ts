import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, configOf, makeRoster } from '../../../test/harness/make-roster.ts';

const BACKENDS = [at(8081, 'b1'), at(8082, 'b2'), at(8083, 'b3'), at(8084, 'b4')];

describe('panic', () => {
  it('is told when it begins and when it is over', () => {
    const { roster, pool, backend, check, kinds, lastText } = makeRoster(
      configOf({ web: { backends: BACKENDS, panic: 50 } }),
    );
    const down = (name: string): void => [1, 2, 3].forEach(() => check(name, false));
    down('b1');
    down('b2');
    assert.equal(pool().isPanic, false, 'half of them is enough');
    down('b3');
    assert.equal(pool().isPanic, true);
    assert.equal(
      lastText(),
      'panic: 1 of 4 ready backends are available, and 50 % must be; requests go to 4, whatever is known of them',
    );
    roster.setMode(backend('b2'), 'maintenance', 'admin API');
    roster.setMode(backend('b3'), 'maintenance', 'admin API');
    assert.equal(pool().isPanic, false, 'one of two that are ready');
    assert.equal(lastText(), 'mode ready → maintenance');
    assert.deepEqual(kinds().slice(2), [
      'backend-down',
      'pool-panic',
      'mode-changed',
      'pool-panic-over',
      'mode-changed',
    ]);
  });

  it('is told where nobody but an ejected backend is left', () => {
    const { roster, journal, pool, backend, check, kinds, lastText } = makeRoster(
      configOf({ web: { backends: BACKENDS.slice(0, 2) } }),
    );
    roster.reportFailing(backend('b1').slot, 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED');
    assert.equal(pool().isPanic, false);
    for (let i = 0; i < 3; i++) check('b2', false);
    assert.equal(pool().isPanic, true);
    assert.equal(lastText(), 'panic: 0 of 2 ready backends are available; requests go to 1, whatever is known of them');
    for (let i = 0; i < 3; i++) check('b1', false);
    assert.equal(pool().isPanic, false, 'what checks find dead is dead');
    assert.equal(lastText(), 'panic is over: no backend is left');
    assert.equal(journal.latest(1)[0]?.level, 'bad');
    assert.deepEqual(kinds(), ['backend-ejected', 'backend-down', 'pool-panic', 'backend-down', 'pool-panic-over']);
  });

  it('is no matter of names that do not resolve yet, nor of a pool without backends', () => {
    const { roster, pool, backend, kinds } = makeRoster(
      configOf({ web: { backends: [{ url: 'http://app.test:80', name: 'b1' }], panic: 100 }, none: { backends: [] } }),
    );
    assert.equal(pool().isPanic, false);
    roster.setAddress(backend('b1'), '10.0.0.5');
    assert.equal(pool().isPanic, false);
    assert.deepEqual(kinds(), ['backend-resolved']);
  });

  it('follows a reload', () => {
    const { roster, pool, check } = makeRoster(configOf({ web: { backends: BACKENDS } }));
    for (const name of ['b1', 'b2', 'b3']) for (let i = 0; i < 3; i++) check(name, false);
    assert.equal(pool().isPanic, false);
    roster.apply(configOf({ web: { backends: BACKENDS, panic: 50 } }));
    assert.equal(pool().isPanic, true);
  });
});
