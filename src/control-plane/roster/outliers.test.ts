import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, configOf, makeRoster, type PoolSettings } from '../../../test/harness/make-roster.ts';
import { BACKEND_BOARD, BACKEND_SHARED } from '../../state/layout.ts';

const NAMES = ['b1', 'b2', 'b3', 'b4'];

/** Pool `web` of so many backends, all of which have passed a check. */
function setUp(count: number, settings: Partial<PoolSettings> = {}) {
  const names = NAMES.slice(0, count);
  const side = makeRoster(
    configOf({ web: { backends: names.map((name, index) => at(8081 + index, name)), ...settings } }),
  );
  const { roster, state, backend } = side;
  for (const name of names) side.check(name, true);
  const word = (name: string, cell: number): number => state.backendShared(backend(name).slot) + cell;
  return {
    ...side,
    kinds: () => side.kinds().slice(count),
    failures: (name: string) => word(name, BACKEND_SHARED.CONSECUTIVE_FAILURES),
    gatewayErrors: (name: string) => word(name, BACKEND_SHARED.CONSECUTIVE_GATEWAY_ERRORS),
    stateOf: (name: string) => roster.stateOf(backend(name)),
    /** As often as `fall` says, live traffic has not got through to it. */
    fail: (name: string) => roster.reportFailing(backend(name).slot, 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED'),
  };
}

describe('outlier detection: ejection', () => {
  it('takes a backend out that live traffic does not get through to, and asks for a check', () => {
    const { roster, state, clock, backend, fail, failures, stateOf, word, kinds, lastText } = setUp(2);
    const wanted: string[] = [];
    roster.onCheckWanted(({ name }) => wanted.push(name));
    Atomics.store(state.shared, failures('b2'), 3);
    fail('b2');
    assert.equal(stateOf('b2'), 'ejected');
    const reason = '3 failures in a row in live traffic, last ECONNREFUSED 127.0.0.1:8082; ejected for 30 s';
    assert.equal(backend('b2').reason, reason);
    assert.equal(backend('b2').ejectedUntilMs, clock.wallMs() + 30_000);
    assert.equal(word(backend('b2'), BACKEND_BOARD.IS_EJECTED), 1);
    assert.deepEqual(wanted, ['b2']);
    assert.deepEqual(kinds(), ['backend-ejected']);
    assert.equal(lastText(), reason);
  });

  it('names the failure code where the system has no word for it', () => {
    const { roster, backend } = setUp(2);
    roster.reportFailing(backend('b1').slot, 'UPSTREAM_HEAD_TIMEOUT', '');
    assert.match(backend('b1').reason, /last UPSTREAM_HEAD_TIMEOUT 127\.0\.0\.1:8081; ejected for 30 s$/);
  });

  it('takes gateway errors as well, in their own words', () => {
    const { roster, state, backend, gatewayErrors, stateOf } = setUp(2);
    Atomics.store(state.shared, gatewayErrors('b1'), 5);
    roster.reportFailing(backend('b1').slot, null, 'status 503');
    assert.equal(stateOf('b1'), 'ejected');
    assert.equal(backend('b1').reason, '5 gateway errors in a row in live traffic, last status 503; ejected for 30 s');
  });

  it('is told once, however often workers report it', () => {
    const { fail, kinds, version, backend } = setUp(3);
    fail('b1');
    const before = version();
    fail('b1');
    fail('b1');
    assert.equal(version(), before);
    assert.equal(backend('b1').ejections, 1);
    assert.deepEqual(kinds(), ['backend-ejected']);
  });

  it('does nothing to one that is out of rotation already', () => {
    const { roster, backend, check, fail, stateOf, kinds } = setUp(3);
    roster.setMode(backend('b1'), 'drain', 'admin API');
    fail('b1');
    assert.equal(backend('b1').isEjected, false);
    for (let i = 0; i < 3; i++) check('b2', false);
    fail('b2');
    assert.equal(stateOf('b2'), 'down');
    assert.deepEqual(kinds(), ['mode-changed', 'backend-down']);
  });
});

describe('outlier detection: who stays', () => {
  it('never ejects the last available backend, says so once, and again after a calm time', () => {
    const { roster, clock, backend, fail, stateOf, kinds, lastText } = setUp(2);
    roster.setMode(backend('b1'), 'maintenance', 'admin API');
    const wanted: string[] = [];
    roster.onCheckWanted(({ name }) => wanted.push(name));
    for (let i = 0; i < 5; i++) {
      clock.nowMs += 10_000;
      fail('b2');
    }
    assert.equal(stateOf('b2'), 'up');
    assert.deepEqual(kinds(), ['mode-changed', 'backend-kept']);
    assert.deepEqual(wanted, ['b2']);
    assert.match(lastText(), /^3 failures in a row .*; kept, since it is the last available backend of the pool$/);
    clock.nowMs += 30_000;
    fail('b2');
    assert.deepEqual(kinds().slice(2), ['backend-kept']);
    roster.setMode(backend('b1'), 'ready', 'admin API');
    fail('b2');
    assert.equal(stateOf('b2'), 'ejected', 'there is another one now');
  });

  it('never ejects a lone backend, whatever the share', () => {
    const { fail, stateOf } = setUp(1, { outlier: { maxShare: 100 } });
    fail('b1');
    assert.equal(stateOf('b1'), 'up');
  });

  it('lets a backup count as available', () => {
    const { fail, stateOf } = setUp(2, { backends: [at(8081, 'b1'), at(8082, 'b2', { backup: true })] });
    fail('b1');
    assert.equal(stateOf('b1'), 'ejected');
    fail('b2');
    assert.equal(stateOf('b2'), 'up');
  });

  it('ejects no more than the share of the ready backends, rounded up', () => {
    const { fail, stateOf, kinds, lastText } = setUp(4);
    for (const name of ['b1', 'b2', 'b3', 'b3']) fail(name);
    assert.deepEqual(NAMES.map(stateOf), ['ejected', 'ejected', 'up', 'up']);
    assert.deepEqual(kinds(), ['backend-ejected', 'backend-ejected', 'ejection-limited']);
    assert.match(lastText(), /; kept, since 2 of 4 are ejected, and 2 may be \(outlier\.maxShare\)$/);
  });

  it('counts only those that are ready, and no ejection that checks have overtaken', () => {
    const { roster, backend, check, fail, stateOf } = setUp(4);
    roster.setMode(backend('b4'), 'maintenance', 'admin API');
    fail('b1');
    for (let i = 0; i < 3; i++) check('b1', false);
    assert.equal(stateOf('b1'), 'down');
    fail('b2');
    assert.deepEqual(NAMES.map(stateOf), ['down', 'ejected', 'up', 'maintenance']);
  });

  it('ejects nobody where the share is 0', () => {
    const { fail, stateOf, kinds } = setUp(2, { outlier: { maxShare: 0 } });
    fail('b1');
    assert.equal(stateOf('b1'), 'up');
    assert.deepEqual(kinds(), ['ejection-limited']);
  });
});

describe('outlier detection: readmission', () => {
  it('comes with time, with the counts begun anew', () => {
    const { state, backend, fail, pass, failures, gatewayErrors, stateOf, word, kinds } = setUp(2);
    Atomics.store(state.shared, failures('b1'), 7);
    Atomics.store(state.shared, gatewayErrors('b1'), 2);
    fail('b1');
    pass(29_750);
    assert.equal(stateOf('b1'), 'ejected');
    pass(250);
    assert.equal(stateOf('b1'), 'up');
    assert.equal(backend('b1').ejectedUntilMs, null);
    assert.equal(backend('b1').reason, 'status 200');
    assert.equal(word(backend('b1'), BACKEND_BOARD.IS_EJECTED), 0);
    assert.equal(Atomics.load(state.shared, failures('b1')), 0);
    assert.equal(Atomics.load(state.shared, gatewayErrors('b1')), 0);
    assert.deepEqual(kinds(), ['backend-ejected', 'backend-readmitted']);
  });

  it('comes sooner with `rise` checks passed since, in a row', () => {
    const { check, fail, stateOf, kinds, lastText } = setUp(2);
    check('b1', true);
    fail('b1');
    check('b1', true);
    check('b1', false);
    check('b1', true);
    assert.equal(stateOf('b1'), 'ejected');
    check('b1', true);
    assert.equal(stateOf('b1'), 'up');
    assert.equal(lastText(), 'readmitted: 2 checks passed in a row');
    assert.deepEqual(kinds(), ['backend-ejected', 'backend-readmitted']);
  });

  it('takes more passed checks each time: such checks do not see what is wrong', () => {
    const { check, fail, stateOf } = setUp(2);
    const passesNeeded = (): number => {
      fail('b1');
      let passes = 0;
      for (; stateOf('b1') === 'ejected'; passes++) check('b1', true);
      return passes;
    };
    assert.deepEqual([passesNeeded(), passesNeeded(), passesNeeded()], [2, 4, 6]);
  });

  it('is overtaken by `fall` failed checks: it is down then, and only checks bring it back', () => {
    const { backend, check, fail, pass, stateOf, kinds } = setUp(2);
    fail('b1');
    check('b1', false, 'ECONNREFUSED 127.0.0.1:8081');
    check('b1', false, 'ECONNREFUSED 127.0.0.1:8081');
    assert.equal(stateOf('b1'), 'ejected');
    check('b1', false, 'ECONNREFUSED 127.0.0.1:8081');
    assert.equal(stateOf('b1'), 'down');
    assert.equal(backend('b1').reason, 'ECONNREFUSED 127.0.0.1:8081');
    assert.equal(backend('b1').ejectedUntilMs, null);
    pass(60_000);
    assert.equal(stateOf('b1'), 'down');
    check('b1', true);
    check('b1', true);
    assert.equal(stateOf('b1'), 'up');
    assert.deepEqual(kinds(), ['backend-ejected', 'backend-down', 'backend-up']);
  });

  it('goes by a clock that does not jump', () => {
    const { clock, backend, fail, pass, stateOf } = setUp(2);
    fail('b1');
    const wallMs = clock.wallMs.bind(clock);
    clock.wallMs = () => wallMs() + 86_400_000;
    pass(1_000);
    assert.equal(stateOf('b1'), 'ejected');
    pass(29_000);
    assert.equal(stateOf('b1'), 'up');
    assert.equal(backend('b1').ejections, 1);
  });

  it('is said by an operator who sets it to ready', () => {
    const { roster, backend, fail, stateOf } = setUp(2);
    fail('b1');
    roster.setMode(backend('b1'), 'maintenance', 'admin API');
    assert.equal(stateOf('b1'), 'maintenance');
    roster.setMode(backend('b1'), 'ready', 'admin API');
    assert.equal(stateOf('b1'), 'up');
    assert.equal(backend('b1').ejections, 0);
  });

  it('is not told of one in maintenance, whose time is over all the same', () => {
    const { roster, backend, fail, pass, kinds } = setUp(2);
    fail('b1');
    roster.setMode(backend('b1'), 'maintenance', 'admin API');
    pass(31_000);
    assert.equal(backend('b1').isEjected, false);
    assert.deepEqual(kinds(), ['backend-ejected', 'mode-changed']);
  });
});

describe('outlier detection: again and again', () => {
  it('ejects for longer each time, up to the longest', () => {
    const { clock, backend, fail, pass } = setUp(2, { outlier: { time: '10s', maxTime: '25s' } });
    const times = [1, 2, 3].map(() => {
      fail('b1');
      const forMs = (backend('b1').ejectedUntilMs ?? 0) - clock.wallMs();
      pass(forMs);
      return forMs;
    });
    assert.deepEqual(times, [10_000, 20_000, 25_000]);
    assert.equal(backend('b1').ejectionsTotal, 3);
  });

  it('forgets one ejection for each such time in rotation', () => {
    const { roster, backend, check, fail, pass } = setUp(2, { outlier: { time: '10s' } });
    for (let i = 0; i < 3; i++) {
      fail('b1');
      pass((i + 1) * 10_000);
    }
    assert.equal(backend('b1').ejections, 3);
    pass(9_750);
    assert.equal(backend('b1').ejections, 3);
    pass(250);
    assert.equal(backend('b1').ejections, 2);
    for (let i = 0; i < 3; i++) check('b1', false);
    pass(60_000);
    assert.equal(backend('b1').ejections, 2, 'a time in which it is down says nothing');
    check('b1', true);
    check('b1', true);
    roster.sweep(99);
    pass(20_000);
    assert.equal(backend('b1').ejections, 0);
    pass(60_000);
    assert.equal(backend('b1').ejections, 0);
    assert.equal(backend('b1').ejectionsTotal, 3);
  });
});
