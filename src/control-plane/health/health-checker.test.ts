import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../../test/harness/fake-clock.ts';
import { makeConfig } from '../../../test/harness/make-config.ts';
import type { Config } from '../../config/schema.ts';
import { State } from '../../state/layout.ts';
import { Journal } from '../journal.ts';
import { Roster } from '../roster/roster.ts';
import { HealthChecker } from './health-checker.ts';
import type { ProbeResult, ProbeTarget } from './health-probe.ts';

const HEALTH = { path: '/healthz', interval: '30s', fastInterval: '2s', timeout: '3s', rise: 2, fall: 3 };
const configOf = (ports: readonly number[], health: object | null = HEALTH): Config =>
  makeConfig({
    pools: { web: { health, backends: ports.map((port) => ({ url: `http://127.0.0.1:${port}`, name: `b${port}` })) } },
  });

const DETAILS = { connectMs: 0.5, firstByteMs: 0.4, body: null };
const PASS = { isPass: true, detail: 'status 200', durationMs: 1, ...DETAILS };
const FAIL = { isPass: false, detail: 'status 503', durationMs: 1, ...DETAILS };

/** A checker whose backends answer as the test says; every check is written down with its time. */
function make(config: Config, random = 0) {
  const clock = new FakeClock();
  const roster = new Roster({
    state: State.create({ workers: 1, pools: 4, backends: 64, routes: 8 }),
    config,
    journal: new Journal(),
    clock,
  });
  const checks: [number, number][] = [];
  const failed: string[] = [];
  const answers = new Map<number, ProbeResult | null | Promise<ProbeResult>>();
  const targets: ProbeTarget[] = [];
  const checker = new HealthChecker({
    roster,
    clock,
    random: () => random,
    probe: async (target, signal) => {
      checks.push([clock.nowMs, target.port]);
      targets.push(target);
      const given = answers.get(target.port);
      const result = await (given === undefined ? PASS : given);
      return signal.aborted ? null : result;
    },
    onFailed: ({ name }) => failed.push(name),
  });
  const backend = (port: number) => {
    const found = roster.backend('web', `b${port}`);
    if (found === undefined) throw new Error(`no backend b${port}`);
    return found;
  };
  const timesOf = (port: number) => checks.filter(([, of]) => of === port).map(([atMs]) => atMs);
  return { clock, roster, checker, checks, failed, answers, targets, backend, timesOf };
}

describe('health checker', () => {
  it('checks at once at start, then slowly while all is well', async () => {
    const { clock, checker, backend, timesOf, targets } = make(configOf([8081]));
    checker.start();
    await clock.advance(90_000);
    assert.deepEqual(timesOf(8081), [0, 30_000, 60_000, 90_000]);
    assert.equal(backend(8081).health, 'healthy');
    assert.equal(backend(8081).nextCheckMs, clock.wallMs() + 30_000);
    assert.equal(targets[0]?.authority, '127.0.0.1:8081');
    assert.equal(targets[0]?.timeoutMs, 3_000);
  });

  it('goes fast when a check fails, until rise passes after it is down', async () => {
    const { clock, checker, answers, backend, timesOf, failed } = make(configOf([8081]));
    checker.start();
    await clock.advance(29_999);
    answers.set(8081, FAIL);
    await clock.advance(4_001);
    assert.deepEqual(timesOf(8081), [0, 30_000, 32_000, 34_000]);
    assert.equal(backend(8081).health, 'unhealthy');
    assert.deepEqual(failed, ['b8081', 'b8081', 'b8081']);
    answers.set(8081, PASS);
    await clock.advance(10_000);
    assert.deepEqual(timesOf(8081).slice(4), [36_000, 38_000]);
    assert.equal(backend(8081).health, 'healthy');
    assert.equal(backend(8081).nextCheckMs, clock.wallMs() + 24_000);
  });

  it('spreads checks over time by a part of the interval', async () => {
    const { clock, checker, timesOf } = make(configOf([8081, 8082, 8083]), 1);
    checker.start();
    await clock.advance(30_000);
    assert.deepEqual(timesOf(8081), [4, 27_004]);
  });

  it('checks at once when live traffic reports a backend', async () => {
    const { clock, roster, checker, backend, timesOf } = make(configOf([8081, 8082]));
    checker.start();
    await clock.advance(10_000);
    roster.reportFailing(backend(8082).slot, 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED');
    await clock.advance(2_000);
    assert.deepEqual(timesOf(8082), [0, 10_000, 12_000]);
    assert.equal(backend(8082).health, 'healthy', 'two passes have brought it back');
  });

  it('a check that is wanted while one is under way follows right after it', async () => {
    const { clock, checker, answers, backend, timesOf } = make(configOf([8081]));
    const slow = Promise.withResolvers<ProbeResult>();
    answers.set(8081, slow.promise);
    checker.start();
    await clock.advance(1_000);
    checker.checkNow(backend(8081));
    checker.checkNow(backend(8081));
    await clock.advance(500);
    assert.deepEqual(timesOf(8081), [0]);
    answers.set(8081, PASS);
    slow.resolve(PASS);
    await clock.advance(500);
    assert.deepEqual(timesOf(8081), [0, 1_500]);
  });

  it('answers who asks with a check that began afterwards', async () => {
    const { clock, checker, answers, backend, timesOf } = make(configOf([8081]));
    const slow = Promise.withResolvers<ProbeResult>();
    answers.set(8081, slow.promise);
    checker.start();
    await clock.advance(1_000);
    const asked = checker.check(backend(8081));
    answers.set(8081, FAIL);
    slow.resolve(PASS);
    await clock.advance(500);
    assert.deepEqual(await asked, { ...FAIL, atMs: clock.wallMs() - 500 }, 'not the one that was under way');
    answers.set(8081, PASS);
    const idle = checker.check(backend(8081));
    await clock.advance(0);
    assert.equal((await idle)?.isPass, true);
    assert.deepEqual(timesOf(8081), [0, 1_000, 1_500]);
  });

  it('answers null to who asks for a check that is not made', async () => {
    const { clock, roster, checker, answers, backend } = make(configOf([8081, 8082]));
    checker.start();
    await clock.advance(1_000);
    answers.set(8081, null);
    const impossible = checker.check(backend(8081));
    await clock.advance(0);
    assert.equal(await impossible, null);
    answers.set(8081, new Promise(() => {}));
    const next = checker.check(backend(8081));
    const leaving = checker.check(backend(8082));
    roster.removeBackend(backend(8082), 'test');
    assert.equal(await leaving, null);
    assert.equal(await checker.check(backend(8082)), null);
    checker.stop();
    assert.equal(await next, null);
  });

  it('follows a reload: new backends at once, removed ones no more, a changed rule from now on', async () => {
    const { clock, roster, checker, timesOf } = make(configOf([8081, 8082]));
    checker.start();
    await clock.advance(10_000);
    roster.apply(configOf([8081, 8083]));
    await clock.advance(1);
    assert.deepEqual(timesOf(8083), [10_000]);
    await clock.advance(40_000);
    assert.deepEqual(timesOf(8081), [0, 30_000], 'the pace of what stays is kept');
    assert.deepEqual(timesOf(8082), [0]);
    roster.apply(configOf([8081], { ...HEALTH, interval: '1s', fastInterval: '1s', timeout: '1s' }));
    await clock.advance(2_000);
    assert.deepEqual(timesOf(8081), [0, 30_000, 50_001, 51_001, 52_001]);
  });

  it('checks in maintenance, and not what has no address or is on its way out', async () => {
    const config = makeConfig({
      pools: {
        web: {
          health: HEALTH,
          backends: [
            { url: 'http://127.0.0.1:8081', name: 'b8081' },
            { url: 'http://app.test:8082', name: 'b8082' },
          ],
        },
      },
    });
    const { clock, roster, checker, backend, timesOf } = make(config);
    roster.setMode(backend(8081), 'maintenance', 'test');
    checker.start();
    await clock.advance(40_000);
    assert.deepEqual(timesOf(8081), [0, 30_000]);
    assert.deepEqual(timesOf(8082), []);
    assert.equal(backend(8082).nextCheckMs, null);
    roster.setAddress(backend(8082), '127.0.0.1');
    await clock.advance(1);
    assert.deepEqual(timesOf(8082), [40_000]);
    roster.removeBackend(backend(8081), 'test');
    await clock.advance(60_000);
    assert.deepEqual(timesOf(8081), [0, 30_000]);
  });

  it('makes up soon for a check that this machine could not make, and holds it against nobody', async () => {
    const { clock, checker, answers, backend, timesOf, targets, failed } = make(configOf([8081]));
    checker.start();
    await clock.advance(1);
    assert.equal(targets[0]?.isKnownGood, false);
    answers.set(8081, null);
    await clock.advance(38_000);
    assert.deepEqual(timesOf(8081), [0, 30_000, 32_000, 34_000, 36_000, 38_000]);
    assert.equal(targets[1]?.isKnownGood, true);
    assert.equal(backend(8081).health, 'healthy');
    assert.deepEqual(failed, []);
    answers.delete(8081);
    await clock.advance(2_000);
    await clock.advance(29_990);
    assert.deepEqual(timesOf(8081).slice(6), [40_000]);
  });

  it('leaves nothing behind when stopped, and takes no late result', async () => {
    const { clock, checker, answers, backend } = make(configOf([8081, 8082]));
    const slow = Promise.withResolvers<ProbeResult>();
    answers.set(8081, slow.promise);
    checker.start();
    await clock.advance(1);
    checker.stop();
    slow.resolve(PASS);
    await clock.advance(100_000);
    assert.equal(clock.pending, 0);
    assert.equal(backend(8081).health, 'unknown');
    assert.equal(backend(8082).nextCheckMs, null);
  });
});
