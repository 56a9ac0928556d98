/**
 * A few seconds of chaos with a fixed seed, on the real program. What is asserted is what the
 * judge finds: no moment, no rate and no share of faults.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChaosReport, runChaos } from './chaos-run.ts';
import { DISTURBANCES } from './disturbances.ts';
import { type Evidence, judge } from './judge.ts';
import { startRecordedLoad } from './recorded-load.ts';
import { drawPlan, plain } from './request-plans.ts';
import { ATTEMPTS, Stand } from './stand.ts';

const SECONDS = 4;
const PER_SECOND = 80;

const shown = ({ faults, ...rest }: ChaosReport): string => `${faults.join('\n')}\n${JSON.stringify(rest)}`;

const TERMS = { attempts: ATTEMPTS, isMortal: false, isRosterWhole: true };

/** A little quiet traffic, and what all sides have written down of it. */
async function quietRun(stand: Stand): Promise<Evidence> {
  await stand.begin();
  let count = 0;
  const load = startRecordedLoad({
    port: stand.balancer.port,
    perSecond: 200,
    connections: 16,
    plan: () => drawPlan(Math.random, `quiet-${count++}`, plain('POST', 1_000, 500)),
    requests: 60,
  });
  await load.done;
  return stand.evidence(load.records);
}

test('a few seconds of everything at once, and the judge has nothing to say', async (t) => {
  const seed = process.env['CHAOS_SEED'] ?? 'short';
  const stand = await Stand.start(t);

  await t.test('it does find what is put into the evidence of a quiet run', async () => {
    const evidence = await quietRun(stand);
    assert.deepEqual(judge(evidence, TERMS).faults, []);
    const [first] = evidence.seen;
    assert.ok(first);
    const namesOf = (change: Partial<Evidence>): string[] =>
      judge({ ...evidence, ...change }, TERMS).faults.map((fault) => fault.slice(0, fault.indexOf(':')));
    assert.deepEqual(namesOf({ seen: [...evidence.seen, { ...first, event: 'head' }] }), ['once', 'attempts']);
    assert.deepEqual(new Set(namesOf({ lines: evidence.lines.slice(1) })), new Set(['logged', 'counters']));
    assert.deepEqual(namesOf({ seen: evidence.seen.filter(({ id }) => id !== first.id) }), ['served']);
  });

  await t.test('chaos', async (s) => {
    const report = await runChaos(stand, { seed, seconds: SECONDS, perSecond: PER_SECOND, hasMembership: false });
    s.diagnostic(`seed ${seed}: ${report.requests} requests, ${report.retried} tried again`);
    assert.deepEqual(report.faults, [], shown(report));
    assert.ok(report.requests > 0);
    assert.ok(Object.keys(report.happened).every((name) => DISTURBANCES.some((one) => one.name === name)));
  });

  assert.equal(await stand.balancer.program.stop(), 0);
});
