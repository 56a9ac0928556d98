/** The config file changed by the admin API, under load: applied, rolled back, a change written into it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type {
  ConfigApplied,
  ConfigFileText,
  ConfigRevisionRow,
  EffectiveConfig,
} from '../../src/protocol/admin-api.ts';
import { startLoad } from '../harness/background-load.ts';
import { type BalancerProgram, poolOf, runBalancer } from '../harness/balancer-program.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { accepts } from '../harness/program.ts';

const ROUNDS = 5;

const apply = ({ admin }: BalancerProgram, text: string): Promise<ConfigApplied> =>
  admin.json('/api/v1/config/apply', { method: 'POST', body: { text } });
const rollBack = ({ admin }: BalancerProgram, revision: number): Promise<ConfigApplied> =>
  admin.json('/api/v1/config/rollback', { method: 'POST', body: { revision } });
const write = ({ admin }: BalancerProgram, query: string): Promise<ConfigApplied> =>
  admin.json(`/api/v1/pools/web/changes/write?${query}`, { method: 'POST', body: {} });
const driftOf = async ({ admin }: BalancerProgram): Promise<EffectiveConfig['drift']> =>
  (await admin.json<EffectiveConfig>('/api/v1/config')).drift;

test('configs applied, rolled back and written into the file lose no request, and survive a restart', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b'], {
    handle: (_request, response, { name }) => void setTimeout(() => response.end(name), 2),
  });
  const balancer = await runBalancer(t, { pools: { web: poolOf(backends, { policy: 'weighted-round-robin' }) } });
  const { admin, port, configFile } = balancer;
  const second = await freePort();
  const first = await readFile(configFile, 'utf8');
  const other = first
    .replace('weighted-round-robin', 'least-connections')
    .replace('"listeners": {', `"listeners": { "second": { "address": "127.0.0.1:${second}" },`);
  const loads = [startLoad(t, { port, concurrency: 6 }), startLoad(t, { port, concurrency: 3, isFresh: true })];

  for (let round = 0; round < ROUNDS; round++) {
    const applied = await apply(balancer, other);
    assert.deepEqual([applied.changes.length, applied.dryRun], [2, false], applied.changes.join());
    assert.deepEqual([(await admin.pool()).policy, await accepts(second)], ['least-connections', true]);
    assert.equal(await readFile(configFile, 'utf8'), other);
    const { revisions } = await admin.json<{ revisions: ConfigRevisionRow[] }>('/api/v1/config/revisions');
    const back = revisions.find(({ isInForce }) => !isInForce);
    assert.ok(back !== undefined);
    await rollBack(balancer, back.id);
    assert.deepEqual([(await admin.pool()).policy, await accepts(second)], ['weighted-round-robin', false]);
    assert.equal(await readFile(configFile, 'utf8'), first);

    await admin.patchBackend('b', { weight: 2 + round });
    const { hash } = await write(balancer, 'setting=weight&backend=b');
    assert.deepEqual(await driftOf(balancer), []);
    assert.equal((await admin.backend('b')).weight, 2 + round);
    const text = await readFile(configFile, 'utf8');
    assert.ok(text.includes(`"weight": ${2 + round}`), text);
    const file = await admin.json<ConfigFileText>('/api/v1/config/file');
    assert.deepEqual([file.hash, file.isChanged], [hash, false]);
    await rollBack(balancer, back.id);
    assert.equal((await admin.backend('b')).weight, 1);
  }
  for (const load of loads) {
    const report = await load.stop();
    assert.deepEqual(failedIn(report), []);
    assert.ok(report.sent > ROUNDS, `${report.sent} requests`);
  }
  for (const backend of backends) assert.equal(backend.aborted, 0, backend.name);

  // What was written down holds for a new process, without a state file's help.
  await admin.patchBackend('b', { weight: 3 });
  await write(balancer, 'setting=weight&backend=b');
  assert.equal(await balancer.program.stop(), 0, balancer.program.log);
  await balancer.startAgain();
  assert.equal((await admin.backend('b')).weight, 3);
  assert.deepEqual(await driftOf(balancer), []);
  const report = await runLoad({ port, requests: 100, concurrency: 4 });
  assert.deepEqual([failedIn(report), Object.fromEntries(report.byBackend)], [[], { a: 25, b: 75 }]);
});

test('a text that cannot be carried out leaves file and traffic as they are', async (t) => {
  const [a, other] = await startHttpBackends(t, ['a', 'other']);
  assert.ok(a !== undefined && other !== undefined);
  const balancer = await runBalancer(t, { pools: { web: poolOf([a]) } }, {}, { args: ['--watch'] });
  const { admin, port, configFile } = balancer;
  const before = await readFile(configFile, 'utf8');
  const { revision } = await admin.status();
  for (const [text, why] of [
    [before.replace('"backends"', '"backend"'), /unknown-key/],
    [
      before.replace('"listeners": {', `"listeners": { "more": { "address": "127.0.0.1:${other.port}" },`),
      /already in use/,
    ],
  ] as const) {
    const answer = await admin.ask('/api/v1/config/apply', { method: 'POST', body: { text } });
    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.text, why);
    assert.equal(await readFile(configFile, 'utf8'), before);
  }
  assert.equal((await admin.status()).revision, revision);

  // The watch sees nothing new in a file that the reload itself has put there.
  const applied = before.replace('"pools": {', '"via": "edge",\n  "pools": {');
  assert.deepEqual((await apply(balancer, applied)).changes, ['via: "ballast" → "edge"']);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  assert.deepEqual(
    (await admin.events()).filter(({ kind }) => kind === 'config-reloaded'),
    [],
  );
  assert.deepEqual(failedIn(await runLoad({ port, requests: 20, concurrency: 2 })), []);
});
