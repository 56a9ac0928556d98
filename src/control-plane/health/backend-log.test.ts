import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, configOf, makeRoster, WEB } from '../../../test/harness/make-roster.ts';
import { BackendLog, KEPT_CHECKS, KEPT_STATES, KEPT_STATES_MS } from './backend-log.ts';

function make() {
  const made = makeRoster(configOf(WEB));
  return { ...made, log: new BackendLog(made.roster) };
}

describe('backend log', () => {
  it('keeps the last checks, oldest first, each backend its own', () => {
    const { log, check, backend } = make();
    for (let i = 0; i < KEPT_CHECKS + 3; i++) check('b1', true, `check ${i}`);
    check('b2', false);
    const checks = log.checksOf(backend('b1'));
    assert.equal(checks.length, KEPT_CHECKS);
    assert.deepEqual([checks[0]?.detail, checks.at(-1)?.detail], ['check 3', `check ${KEPT_CHECKS + 2}`]);
    const unknown = { connectMs: null, firstByteMs: null, body: null };
    assert.deepEqual(log.checksOf(backend('b2')), [
      { atMs: 0, isPass: false, detail: 'status 503', durationMs: 1, ...unknown },
    ]);
  });

  it('keeps how each check went, of which the status has the result alone', () => {
    const { log, backend, roster } = make();
    const result = { atMs: 7, isPass: false, detail: 'status 503', durationMs: 3 };
    roster.reportCheck(backend('b1'), { ...result, connectMs: 1.234_567, firstByteMs: 0.5, body: 'no database' });
    assert.deepEqual(log.checksOf(backend('b1')), [
      { ...result, connectMs: 1.23, firstByteMs: 0.5, body: 'no database' },
    ]);
    assert.deepEqual(backend('b1').lastCheck, result);
  });

  it('keeps each state with its reason and its beginning, the first one included', () => {
    const { log, check, backend, roster, clock } = make();
    const began = clock.wallMs();
    assert.deepEqual(log.statesOf(backend('b1')), [{ atMs: began, state: 'unknown', reason: 'not checked yet' }]);
    clock.nowMs = 1000;
    check('b1', true);
    clock.nowMs = 2000;
    roster.setMode(backend('b1'), 'maintenance', 'admin API');
    clock.nowMs = 3000;
    check('b1', true);
    assert.deepEqual(log.statesOf(backend('b1')), [
      { atMs: began, state: 'unknown', reason: 'not checked yet' },
      { atMs: began + 1000, state: 'up', reason: 'status 200' },
      { atMs: began + 2000, state: 'maintenance', reason: 'maintenance set by admin API' },
    ]);
  });

  it('keeps a day, and the state that the day began with', () => {
    const { log, backend, roster, clock } = make();
    const turn = (nowMs: number, mode: 'ready' | 'drain'): void => {
      clock.nowMs = nowMs;
      roster.setMode(backend('b1'), mode, 'test');
    };
    turn(1000, 'drain');
    turn(2000, 'ready');
    turn(2000 + KEPT_STATES_MS + 500, 'drain');
    assert.deepEqual(
      log.statesOf(backend('b1')).map(({ state }) => state),
      ['unknown', 'draining'],
      'it was unknown again when the day began',
    );
  });

  it('is bounded where a backend flaps', () => {
    const { log, backend, roster } = make();
    for (let i = 0; i < 2 * KEPT_STATES; i++) roster.setMode(backend('b1'), i % 2 === 0 ? 'drain' : 'ready', 'test');
    assert.equal(log.statesOf(backend('b1')).length, KEPT_STATES);
  });

  it('goes on over a reload, and begins anew with another server', () => {
    const { log, check, backend, roster } = make();
    check('b1', true);
    roster.apply(configOf({ web: { policy: 'least-connections', backends: [at(8081, 'b1')] } }));
    assert.equal(log.checksOf(backend('b1')).length, 1);
    roster.apply(configOf({ web: { backends: [at(9999, 'b1')] } }));
    assert.deepEqual(log.checksOf(backend('b1')), []);
  });
});
