import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { afterCheck, type HealthTrack, paceOf, UNCHECKED } from './health-state.ts';

const rules = fc.record({ rise: fc.integer({ min: 1, max: 5 }), fall: fc.integer({ min: 1, max: 5 }) });
const results = fc.array(fc.boolean(), { maxLength: 60 });

const run = (from: HealthTrack, checks: readonly boolean[], rule: { rise: number; fall: number }): HealthTrack =>
  checks.reduce((track, isPass) => afterCheck(track, isPass, rule), from);

/** How many of the last results are the same as `isPass`. */
const tail = (checks: readonly boolean[], isPass: boolean): number => checks.length - 1 - checks.lastIndexOf(!isPass);

describe('health state', () => {
  it('one pass is enough for a backend that was never checked', () => {
    assert.equal(run(UNCHECKED, [true], { rise: 3, fall: 3 }).health, 'healthy');
  });

  it('a backend that never passed needs `fall` failures', () => {
    assert.equal(run(UNCHECKED, [false, false], { rise: 1, fall: 3 }).health, 'unknown');
    assert.equal(run(UNCHECKED, [false, false, false], { rise: 1, fall: 3 }).health, 'unhealthy');
  });

  it('changes only after rise passes or fall failures in a row', () => {
    fc.assert(
      fc.property(results, fc.boolean(), rules, (before, last, rule) => {
        const was = run(UNCHECKED, before, rule);
        const now = afterCheck(was, last, rule);
        if (was.health === 'healthy' && now.health === 'unhealthy') {
          assert.equal(tail([...before, last], false) >= rule.fall, true);
        }
        if (was.health === 'unhealthy' && now.health === 'healthy') {
          assert.equal(tail([...before, last], true) >= rule.rise, true);
        }
        if (now.health === 'unknown') assert.equal(was.health, 'unknown');
      }),
    );
  });

  it('always follows a long enough row of equal results', () => {
    fc.assert(
      fc.property(results, fc.boolean(), rules, (before, last, rule) => {
        const row = Array<boolean>(Math.max(rule.rise, rule.fall)).fill(last);
        assert.equal(run(UNCHECKED, [...before, ...row], rule).health, last ? 'healthy' : 'unhealthy');
      }),
    );
  });

  it('a flapping backend keeps its state when both thresholds are above 1', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 40 }),
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 2, max: 5 }),
        (n, rise, fall) => {
          const flapping = Array.from({ length: n }, (_, index) => index % 2 === 0);
          const down = run(UNCHECKED, Array<boolean>(fall).fill(false), { rise, fall });
          assert.equal(run(down, flapping, { rise, fall }).health, 'unhealthy');
          const up = run(UNCHECKED, [true], { rise, fall });
          assert.equal(run(up, flapping, { rise, fall }).health, 'healthy');
        },
      ),
    );
  });

  it('asks slowly only while all is well', () => {
    const pace = { intervalMs: 30_000, fastIntervalMs: 2_000 };
    const rule = { rise: 2, fall: 3 };
    assert.equal(paceOf(UNCHECKED, pace), 2_000);
    assert.equal(paceOf(run(UNCHECKED, [true], rule), pace), 30_000);
    assert.equal(paceOf({ ...run(UNCHECKED, [true], rule), isEjected: true }, pace), 2_000);
    assert.equal(paceOf(run(UNCHECKED, [true, false], rule), pace), 2_000);
    assert.equal(paceOf(run(UNCHECKED, [false, false, false, true], rule), pace), 2_000);
    assert.equal(paceOf(run(UNCHECKED, [true], rule), { intervalMs: 1_000, fastIntervalMs: 2_000 }), 1_000);
    assert.equal(paceOf(UNCHECKED, { intervalMs: 1_000, fastIntervalMs: 2_000 }), 1_000);
  });
});
