/** What the program remembers of the past is what happened. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckResult, StateChange } from '../../src/protocol/admin-api.ts';
import type { HistoryAnswer } from '../../src/protocol/history.ts';
import type { PoolFields, SnapshotMessage } from '../../src/protocol/live.ts';
import { LivePage } from '../harness/admin-side.ts';
import { poolOf, QUICK_HEALTH, runBalancer } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';

const REQUESTS = 300;

const wordsOf = ({ topics }: SnapshotMessage): string | undefined =>
  (topics['pool:web']?.fields as PoolFields | undefined)?.words;

const sum = (values: readonly (number | null)[] = []): number =>
  values.reduce<number>((all, one) => all + (one ?? 0), 0);

test('the seconds of the past add up to the requests, for the pool, its backends and their latencies', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b', 'c']);
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf(backends, { health: QUICK_HEALTH }) } });
  await admin.until('up', ['a', 'b', 'c']);
  const page = await LivePage.open({ after: (undo) => t.after(undo) }, admin.port);
  const chart = 'chart:pool:web?backends=a,b,c';
  const first = await page.hello('pool:web', chart);
  assert.equal(wordsOf(first), 'all up');

  const report = await runLoad({ port, requests: REQUESTS, concurrency: 4 });
  assert.deepEqual(failedIn(report), []);
  const read = (query: string): Promise<HistoryAnswer> => admin.json(`/api/v1/history?${query}`);
  let past = await read('topic=pool:web&range=5m&columns=rps,errors,bands');
  let counted = 0;
  await eventually(
    () => `all requests to be past, not ${counted}`,
    async () => {
      past = await read('topic=pool:web&range=5m&columns=rps,errors,bands');
      counted = past.bands?.counts.reduce((all, bands) => all + sum(bands ?? []), 0) ?? 0;
      return counted === REQUESTS;
    },
  );
  assert.equal(sum(past.columns.errors), 0);
  // A second of a busy machine may take longer than one: its rate is lower then.
  const isNear = (rates: number, count: number): boolean => rates > 0.6 * count && rates < 1.4 * count;
  const told = sum(past.columns.rps);
  assert.ok(isNear(told, REQUESTS), `${told}`);
  for (const [name, rps] of Object.entries(past.backends ?? {})) {
    assert.ok(isNear(sum(rps), report.byBackend.get(name) ?? 0), `${name}: ${sum(rps)}`);
  }
  // The hour is made of the same seconds, in steps of ten of them.
  const hour = await read('topic=totals&range=1h&columns=rps,p99');
  assert.equal(hour.stepSeconds, 10);
  assert.ok(hour.columns.p99?.some((value) => value !== null && value > 0));
  // What the live channel told second by second is what the history remembers.
  const heard = (): number => {
    let rate = 0;
    let all = 0;
    for (const message of page.messages) {
      if (message.type !== 'delta') continue;
      // A delta names what has changed.
      rate = (message.topics[chart]?.fields as { rps?: number } | undefined)?.rps ?? rate;
      all += rate;
    }
    return all;
  };
  await eventually(
    () => `the same on the live channel, not ${heard()} but ${told}`,
    () => Math.abs(heard() - told) < 0.1,
  );
});

test('a backend has its checks, its states and an event, and the fallback tells what the channel tells', async (t) => {
  let isWell = true;
  const backends = await startHttpBackends(t, ['a'], {
    handle: (_request, response) => {
      response.statusCode = isWell ? 200 : 503;
      response.end();
    },
  });
  const { admin } = await runBalancer(t, { pools: { web: poolOf(backends, { health: QUICK_HEALTH }) } });
  await admin.until('up', ['a']);
  isWell = false;
  await admin.until('down', ['a']);
  const path = '/api/v1/pools/web/backends/a';
  const { checks } = await admin.json<{ checks: CheckResult[] }>(`${path}/checks`);
  assert.equal(checks[0]?.isPass, true);
  assert.deepEqual([checks.at(-1)?.isPass, checks.at(-1)?.detail], [false, 'status 503']);
  const { states } = await admin.json<{ states: StateChange[] }>(`${path}/states`);
  assert.deepEqual(
    states.map(({ state }) => state),
    ['unknown', 'up', 'down'],
  );
  const lines = await admin.ask('/api/v1/events?kind=backend-down&subject=web', {
    headers: { accept: 'application/x-ndjson' },
  });
  assert.equal(lines.text.trim().split('\n').length, 1);
  const snapshot = await admin.json<SnapshotMessage>('/api/v1/snapshot?topic=pool:web&topic=attention');
  assert.equal(wordsOf(snapshot), 'down');
  assert.deepEqual(
    snapshot.topics['attention']?.rows?.map(({ name }) => name),
    ['web/a'],
  );
});
