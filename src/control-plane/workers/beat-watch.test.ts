import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BeatFinding, BeatWatch } from './beat-watch.ts';

/** So many looks at a beat that stands still; the thread uses so much processor time between two. */
function still(watch: BeatWatch, looks: number, cpuMsPerLook: number | null, isStarting = false): BeatFinding[] {
  const findings: BeatFinding[] = [];
  for (let look = 0; look < looks; look++) {
    findings.push(watch.look(7, isStarting));
    if (cpuMsPerLook !== null) watch.cpuIs(100_000 + look * cpuMsPerLook);
  }
  return findings;
}

function make(): BeatWatch {
  const watch = new BeatWatch();
  assert.equal(watch.look(7, false), 'moving');
  return watch;
}

describe('beat watch', () => {
  it('finds nothing in a beat that moves, however late', () => {
    const watch = make();
    for (let beat = 8; beat < 20; beat++) {
      assert.deepEqual(
        [watch.look(beat, false), watch.look(beat, false), watch.look(beat, false)],
        ['moving', 'still', 'still'],
      );
    }
  });

  it('tells a block after three looks, and its end with how long it was', () => {
    const watch = make();
    assert.deepEqual(still(watch, 4, 100), ['still', 'still', 'blocked', 'still']);
    assert.equal(watch.look(8, false), 'recovered');
    assert.equal(watch.blockedLooks, 4);
    assert.equal(watch.look(9, false), 'moving');
    assert.equal(watch.stillLooks, 0);
  });

  it('ends one that has used the processor for four seconds in one turn', () => {
    assert.deepEqual(still(make(), 6, 1_000), ['still', 'still', 'blocked', 'still', 'still', 'spinning']);
    // Slowed down by others, it is given time in proportion.
    assert.equal(still(make(), 42, 100).indexOf('spinning'), 41);
    assert.equal(still(make(), 60, 50).indexOf('stuck'), 59);
  });

  it('ends one that does nothing but wait after twenty looks, and one that does not say what it does', () => {
    for (const cpuMs of [0, 5, null]) {
      const findings = still(make(), 20, cpuMs);
      assert.equal(findings.indexOf('stuck'), 19);
      assert.equal(findings.includes('spinning'), false);
    }
  });

  it('counts the processor time of one turn only', () => {
    const watch = make();
    for (let beat = 8; beat < 40; beat++) {
      assert.notEqual(watch.look(beat, false), 'spinning');
      watch.look(beat, false);
      watch.cpuIs(beat * 2_000);
      assert.equal(watch.look(beat, false), 'still');
      watch.cpuIs(beat * 2_000 + 1_000);
    }
  });

  it('gives a start a minute', () => {
    const findings = still(make(), 60, 1_000, true);
    assert.equal(findings.indexOf('stuck'), 59);
    assert.deepEqual([...new Set(findings)], ['still', 'stuck']);
  });
});
