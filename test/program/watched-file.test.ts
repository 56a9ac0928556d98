/** `ballast run --watch`: a changed file is taken up by itself, however it is replaced. */
import assert from 'node:assert/strict';
import { appendFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { startLoad } from '../harness/background-load.ts';
import { type BalancerProgram, poolOf, runBalancer, type Settings } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn } from '../harness/load.ts';

interface Side {
  readonly balancer: BalancerProgram;
  readonly withPolicy: (policy: string) => Settings;
}

async function start(t: TestContext): Promise<Side> {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const withPolicy = (policy: string): Settings => ({ pools: { web: poolOf(backends, { policy }) } });
  const balancer = await runBalancer(t, withPolicy('round-robin'), {}, { args: ['--watch'] });
  return { balancer, withPolicy };
}

const untilPolicy = (balancer: BalancerProgram, policy: string): Promise<void> =>
  eventually(`the policy ${policy}`, async () => (await balancer.admin.pool()).policy === policy);

test('a file that is written, renamed or linked anew is reloaded, and no request fails', async (t) => {
  const { balancer, withPolicy } = await start(t);
  const folder = path.dirname(balancer.configFile);
  const load = startLoad(t, { port: balancer.port, concurrency: 4 });

  await balancer.write(withPolicy('least-connections'));
  await untilPolicy(balancer, 'least-connections');

  // As editors do: away with the old one, and the new one renamed into its place.
  await rename(balancer.configFile, `${balancer.configFile}~`);
  await writeFile(path.join(folder, '.swp'), balancer.textOf(withPolicy('weighted-round-robin')));
  await rename(path.join(folder, '.swp'), balancer.configFile);
  await untilPolicy(balancer, 'weighted-round-robin');

  // As Kubernetes does with a ConfigMap.
  const publish = async (version: string, policy: string): Promise<void> => {
    await mkdir(path.join(folder, version));
    await writeFile(path.join(folder, version, 'ballast.yaml'), balancer.textOf(withPolicy(policy)));
    await symlink(version, path.join(folder, '..data_tmp'));
    await rename(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
  };
  await publish('..first', 'round-robin');
  await rm(balancer.configFile);
  await symlink(path.join('..data', 'ballast.yaml'), balancer.configFile);
  await untilPolicy(balancer, 'round-robin');
  await publish('..second', 'least-connections');
  await untilPolicy(balancer, 'least-connections');

  assert.deepEqual(failedIn(await load.stop()), []);
  const reloads = await balancer.admin.eventsOf('config-reloaded');
  assert.deepEqual(
    reloads.map(({ origin }) => origin),
    Array.from({ length: 4 }, () => 'file change'),
  );
});

test('a wrong file is told once and changes nothing; a half-written one is waited for', async (t) => {
  const { balancer, withPolicy } = await start(t);
  const refusals = () => balancer.admin.eventsOf('reload-refused');
  await writeFile(balancer.configFile, 'version: 1\npools: 7\n');
  await eventually('the refusal', async () => (await refusals()).length === 1);
  // The very same text again, and a reload by hand that tells it once more, as it was asked for.
  await writeFile(balancer.configFile, 'version: 1\npools: 7\n');
  await balancer.reload();
  assert.equal((await refusals()).length, 2);

  // In pieces that follow one another faster than two looks; a piece of JSON is no config.
  const text = balancer.textOf(withPolicy('least-connections'));
  await writeFile(balancer.configFile, '');
  for (let at = 0; at < text.length; at += 40) await appendFile(balancer.configFile, text.slice(at, at + 40));
  await untilPolicy(balancer, 'least-connections');
  assert.equal((await refusals()).length, 2);
  assert.equal((await refusals())[0]?.origin, 'file change');
  assert.equal((await balancer.admin.eventsOf('config-reloaded')).length, 1);
});

test('without --watch a changed file waits to be asked for', async (t) => {
  const [a, b] = await startHttpBackends(t, ['a', 'b']);
  assert.ok(a && b);
  const watched = await runBalancer(t, { pools: { web: poolOf([a]) } }, {}, { args: ['--watch'] });
  const balancer = await runBalancer(t, { pools: { web: poolOf([a]) } });
  const changed = { pools: { web: poolOf([a], { policy: 'least-connections' }) } };
  // The watched one is the clock: when it has seen the change, the other has had as long.
  await balancer.write(changed);
  await watched.write(changed);
  await untilPolicy(watched, 'least-connections');
  assert.equal((await balancer.admin.pool()).policy, 'round-robin');
});
