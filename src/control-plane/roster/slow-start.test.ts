import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, configOf, makeRoster } from '../../../test/harness/make-roster.ts';
import { BACKEND_BOARD } from '../../state/layout.ts';
import { rampAfter } from './slow-start.ts';

const BACKENDS = [at(8081, 'b1'), at(8082, 'b2')];
const CONFIG = configOf({ web: { backends: BACKENDS, slowStart: '10s' } });

function setUp(config = CONFIG) {
  const side = makeRoster(config);
  return {
    ...side,
    ramp: (name: string) => {
      const word = side.word(side.backend(name), BACKEND_BOARD.RAMP);
      assert.equal(word, side.backend(name).ramp, 'the word is what is shown');
      return word;
    },
  };
}

describe('the slow start', () => {
  it('goes from a tenth to all of it, in even steps', () => {
    const steps = [0, 100, 199, 200, 500, 950, 999, 1_000, 5_000].map((elapsedMs) => rampAfter(elapsedMs, 1_000));
    assert.deepEqual(steps, [1, 1, 1, 2, 5, 9, 9, 10, 10]);
  });

  it('is none where it takes no time', () => {
    assert.equal(rampAfter(0, 0), 10);
  });

  it('is none at the start of the process, however long the first check takes', () => {
    const { check, pass, ramp } = setUp();
    assert.equal(ramp('b1'), 10);
    pass(5_000);
    check('b1', true);
    assert.equal(ramp('b1'), 10);
  });

  it('begins when checks bring a backend back, and goes on with time alone', () => {
    const { check, pass, ramp, version } = setUp();
    for (let i = 0; i < 3; i++) check('b1', false);
    assert.equal(ramp('b1'), 10);
    check('b1', true);
    check('b1', true);
    assert.equal(ramp('b1'), 1);
    const before = version();
    pass(1_750);
    assert.equal(ramp('b1'), 1);
    assert.equal(version(), before, 'workers look again only where there is something to see');
    pass(250);
    assert.equal(ramp('b1'), 2);
    assert.equal(version(), before + 1);
    pass(3_000);
    assert.equal(ramp('b1'), 5);
    pass(5_000);
    assert.equal(ramp('b1'), 10);
    assert.equal(version(), before + 9);
    pass(5_000);
    assert.equal(version(), before + 9);
  });

  it('begins when a backend is readmitted, and anew when it goes in the middle of it', () => {
    const { roster, backend, check, pass, ramp } = setUp();
    const eject = (): void => roster.reportFailing(backend('b1').slot, 'UPSTREAM_RESET', 'ECONNRESET');
    eject();
    check('b1', true);
    check('b1', true);
    assert.equal(ramp('b1'), 1);
    pass(5_000);
    assert.equal(ramp('b1'), 5);
    eject();
    pass(60_000);
    assert.ok(backend('b1').isEjected === false && ramp('b1') < 10);
  });

  it('begins when a backend is set to ready, not when it is drained', () => {
    const { roster, backend, ramp } = setUp();
    roster.setMode(backend('b1'), 'drain', 'admin API');
    assert.equal(ramp('b1'), 10);
    roster.setMode(backend('b1'), 'ready', 'admin API');
    assert.equal(ramp('b1'), 1);
    assert.equal(ramp('b2'), 10);
  });

  it('begins for what is added to a running process, by the API or a reload, and for that alone', () => {
    const { roster, pool, ramp } = setUp();
    roster.addBackend(pool(), { url: 'http://127.0.0.1:8083', name: 'b3' }, 'admin API');
    assert.deepEqual(['b1', 'b2', 'b3'].map(ramp), [10, 10, 1]);
    roster.apply(configOf({ web: { backends: [...BACKENDS, at(8084, 'b4')], slowStart: '10s' } }));
    assert.deepEqual(['b1', 'b2', 'b3', 'b4'].map(ramp), [10, 10, 1, 1]);
  });

  it('ends with the setting', () => {
    const { roster, backend, pass, ramp } = setUp();
    roster.setMode(backend('b1'), 'drain', 'admin API');
    roster.setMode(backend('b1'), 'ready', 'admin API');
    roster.apply(configOf({ web: { backends: BACKENDS } }));
    pass(250);
    assert.equal(ramp('b1'), 10);
  });
});
