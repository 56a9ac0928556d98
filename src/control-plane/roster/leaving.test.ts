import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, configOf, failsWith, makeRoster } from '../../../test/harness/make-roster.ts';

const BACKENDS = [at(8081, 'b1'), at(8082, 'b2')];

function setUp(drainTimeout = '10s') {
  const side = makeRoster(configOf({ web: { backends: BACKENDS, drainTimeout } }));
  const cuts: string[] = [];
  side.roster.onCut(({ name }) => cuts.push(name));
  return {
    ...side,
    cuts,
  };
}

describe('the limit of a drain', () => {
  it('begins with it, and ends it when it is used up', () => {
    const { roster, clock, backend, setInFlight, cuts, pass, kinds, lastText } = setUp();
    setInFlight(backend('b1').slot, 3);
    assert.equal(backend('b1').cutAtMs, null);
    roster.setMode(backend('b1'), 'drain', 'admin API');
    assert.equal(backend('b1').cutAtMs, clock.wallMs() + 10_000);
    pass(9_750);
    assert.deepEqual(cuts, []);
    pass(250);
    assert.deepEqual(cuts, ['b1']);
    assert.equal(lastText(), 'cut after 10s: 3 were still in flight');
    pass(500);
    assert.deepEqual(cuts, ['b1', 'b1', 'b1'], 'again while anything is in flight');
    setInFlight(backend('b1').slot, 0);
    pass(5_000);
    assert.equal(cuts.length, 3);
    assert.deepEqual(kinds(), ['mode-changed', 'backend-cut'], 'told once');
  });

  it('closes idle connections where nothing is in flight, without a word', () => {
    const { roster, backend, cuts, pass, kinds } = setUp();
    roster.setMode(backend('b1'), 'maintenance', 'admin API');
    pass(20_000);
    assert.deepEqual(cuts, ['b1']);
    assert.deepEqual(kinds(), ['mode-changed']);
  });

  it('does not begin again with another reason to leave', () => {
    const { roster, backend, setInFlight, pass } = setUp();
    setInFlight(backend('b1').slot, 1);
    roster.setMode(backend('b1'), 'drain', 'admin API');
    const { cutAtMs } = backend('b1');
    assert.notEqual(cutAtMs, null);
    pass(4_000);
    roster.setMode(backend('b1'), 'maintenance', 'admin API');
    roster.setWeight(backend('b1'), 5, 'admin API');
    roster.removeBackend(backend('b1'), 'admin API');
    assert.equal(backend('b1').cutAtMs, cutAtMs);
  });

  it('knows what it began with, for as long as the backend leaves', () => {
    const { roster, backend, setInFlight } = setUp('0s');
    setInFlight(backend('b1').slot, 7);
    assert.equal(backend('b1').inFlightAtLeave, null);
    roster.setMode(backend('b1'), 'drain', 'admin API');
    setInFlight(backend('b1').slot, 2);
    roster.setMode(backend('b1'), 'maintenance', 'admin API');
    assert.equal(backend('b1').inFlightAtLeave, 7);
    roster.setMode(backend('b1'), 'ready', 'admin API');
    assert.equal(backend('b1').inFlightAtLeave, null);
    roster.removeBackend(backend('b1'), 'admin API');
    assert.equal(backend('b1').inFlightAtLeave, 2);
  });

  it('is called off when the backend takes requests again', () => {
    const { roster, backend, setInFlight, cuts, pass } = setUp();
    setInFlight(backend('b1').slot, 1);
    roster.setMode(backend('b1'), 'drain', 'admin API');
    pass(5_000);
    roster.setMode(backend('b1'), 'ready', 'admin API');
    assert.equal(backend('b1').cutAtMs, null);
    pass(20_000);
    assert.deepEqual(cuts, []);
  });

  it('holds for what is removed, by the API or a reload', () => {
    const { roster, backend, setInFlight, cuts, pass } = setUp();
    const [b1, b2] = [backend('b1'), backend('b2')];
    for (const { slot } of [b1, b2]) setInFlight(slot, 1);
    roster.removeBackend(b1, 'admin API');
    pass(1_000);
    roster.apply(configOf({ web: { backends: [at(8083, 'b3')], drainTimeout: '10s' } }));
    pass(9_000);
    assert.deepEqual(cuts, ['b1']);
    setInFlight(b1.slot, 0);
    pass(1_000);
    assert.deepEqual(cuts, ['b1', 'b2']);
    setInFlight(b2.slot, 0);
    pass(1_000);
    assert.deepEqual(
      roster.pools[0]?.backends.map(({ name }) => name),
      ['b3'],
    );
  });

  it('is none where the time is 0', () => {
    const { roster, backend, setInFlight, cuts, pass } = setUp('0s');
    setInFlight(backend('b1').slot, 1);
    roster.setMode(backend('b1'), 'drain', 'admin API');
    assert.equal(backend('b1').cutAtMs, null);
    pass(60_000);
    assert.deepEqual(cuts, []);
  });
});

describe('a cut by hand', () => {
  it('answers how many were in flight, and says so', () => {
    const { roster, backend, setInFlight, cuts, lastText } = setUp('0s');
    setInFlight(backend('b1').slot, 4);
    roster.setMode(backend('b1'), 'drain', 'admin API');
    assert.equal(roster.cut(backend('b1'), 'admin API'), 4);
    assert.deepEqual(cuts, ['b1']);
    assert.equal(lastText(), 'cut by admin API: 4 were still in flight');
    setInFlight(backend('b1').slot, 0);
    assert.equal(roster.cut(backend('b1'), 'admin API'), 0);
    assert.equal(lastText(), 'cut by admin API: 4 were still in flight');
  });

  it('is for backends that leave, also removed ones; one that takes requests is refused', () => {
    const { roster, backend, setInFlight, cuts } = setUp();
    const b1 = backend('b1');
    setInFlight(b1.slot, 1);
    assert.throws(() => roster.cut(b1, 'admin API'), failsWith('backend-ready', 409));
    assert.deepEqual(cuts, []);
    roster.removeBackend(b1, 'admin API');
    assert.equal(roster.cut(b1, 'admin API'), 1);
    assert.deepEqual(cuts, ['b1']);
  });
});
