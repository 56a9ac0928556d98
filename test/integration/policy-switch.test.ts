/** The policy changes by one word of shared memory, at any time, and keeps its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

const POLICIES = ['round-robin', 'weighted-round-robin', 'least-connections'];

test('switching under load drops nothing', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b', 'c']);
  const plane = await startDataPlane(t, { pools: [{ backends }] }, 2);
  let switches = 0;
  const switching = setInterval(() => plane.setPolicy(POLICIES[++switches % 3] ?? ''), 5);
  t.after(() => clearInterval(switching));
  const report = await runLoad({ port: plane.port, requests: 4_000, concurrency: 16 });
  clearInterval(switching);
  assert.ok(switches > 5, `${switches} switches`);
  assert.deepEqual(failedIn(report), []);
  assert.equal(report.byStatus.get(200), 4_000);
  assert.equal(
    backends.reduce((sum, { requests }) => sum + requests, 0),
    4_000,
  );
});

test('a policy goes on where it stopped when it comes back', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b', 'c']);
  const plane = await startDataPlane(t, { pools: [{ policy: 'round-robin', backends }] });
  const client = await connectRaw(t, plane.port);
  const ask = async (times: number): Promise<string> => {
    let names = '';
    for (let time = 0; time < times; time++) names += (await client.request(requestBytes('GET', '/'))).body;
    return names;
  };
  const before = await ask(4);
  plane.setPolicy('least-connections');
  await ask(5);
  plane.setPolicy('round-robin');
  const after = await ask(5);
  const ring = before.slice(0, 3);
  assert.equal(before + after, ring.repeat(3), 'the turn did not go on');
});
