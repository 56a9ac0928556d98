/** Changes made at run time: they outlive a restart, and the file wins where it has changed since. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BalancerProgram, poolOf, runBalancer, type Settings } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { type HttpBackend, startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';

interface Side {
  readonly balancer: BalancerProgram;
  readonly backends: readonly HttpBackend[];
  /** The file with these settings of the pool. */
  readonly file: (pool?: Settings) => Settings;
}

/** File: a, b, c by round robin, each of weight 1. Run time: weights, a mode, c removed, d added. */
async function startChanged(t: TestContext): Promise<Side> {
  const backends = await startHttpBackends(t, ['a', 'b', 'c', 'd']);
  const [, , , d] = backends;
  assert.ok(d);
  const file = (pool: Settings = {}): Settings => ({ pools: { web: { ...poolOf(backends.slice(0, 3)), ...pool } } });
  const balancer = await runBalancer(t, file());
  const { admin } = balancer;
  await admin.setPolicy('weighted-round-robin');
  await admin.patchBackend('a', { weight: 3 });
  await admin.patchBackend('b', { mode: 'drain' });
  await admin.removeBackend('c');
  await admin.addBackend({ url: `http://127.0.0.1:${d.port}`, name: 'd', weight: 2 });
  await eventually('c to be gone', async () => (await admin.pool()).backends.length === 3);
  return { balancer, backends, file };
}

async function settingsOf({ admin }: BalancerProgram): Promise<unknown> {
  const { policy, backends } = await admin.pool();
  return { policy, backends: backends.map(({ name, weight, mode }) => `${name} ${weight} ${mode}`) };
}

const CHANGED = { policy: 'weighted-round-robin', backends: ['a 3 ready', 'b 1 drain', 'd 2 ready'] };

test('they survive a stop, a SIGKILL and a reload of the same file', async (t) => {
  const { balancer } = await startChanged(t);
  assert.deepEqual(await settingsOf(balancer), CHANGED);
  const stateFile = path.join(path.dirname(balancer.configFile), '.ballast.yaml.state.json');
  assert.ok(existsSync(stateFile), stateFile);

  assert.equal(await balancer.program.stop(), 0, balancer.program.log);
  await balancer.startAgain();
  assert.deepEqual(await settingsOf(balancer), CHANGED);
  assert.equal((await balancer.admin.eventsOf('state-restored')).length, 1);
  const report = await runLoad({ port: balancer.port, requests: 100, concurrency: 4 });
  assert.deepEqual(failedIn(report), []);
  assert.deepEqual(Object.fromEntries(report.byBackend), { a: 60, d: 40 });

  balancer.program.signal('SIGKILL');
  await balancer.program.ended();
  await balancer.startAgain();
  assert.deepEqual(await settingsOf(balancer), CHANGED);

  assert.equal((await balancer.reload()).kind, 'config-reloaded');
  assert.deepEqual(await settingsOf(balancer), CHANGED);
});

test('a setting that the file changes is the file’s from the reload on, and an event says so', async (t) => {
  const { balancer, backends, file } = await startChanged(t);
  const [a, b, c] = backends;
  assert.ok(a && b && c);
  // The policy only: everything else stands as it was changed.
  await balancer.reloadWith(file({ policy: 'least-connections' }));
  assert.deepEqual(await settingsOf(balancer), { ...CHANGED, policy: 'least-connections' });
  const overruled = await balancer.admin.eventsOf('runtime-change-overruled', 'web');
  assert.equal(overruled.length, 1);
  assert.match(overruled[0]?.text ?? '', /weighted-round-robin.*round-robin to least-connections.*the file wins/);

  const weighted = poolOf([{ ...a, weight: 7 } as never, b, c], { policy: 'least-connections' });
  await balancer.reloadWith({ pools: { web: weighted } });
  assert.deepEqual(await settingsOf(balancer), {
    policy: 'least-connections',
    backends: ['a 7 ready', 'b 1 drain', 'd 2 ready'],
  });
  assert.equal((await balancer.admin.eventsOf('runtime-change-overruled', 'web/a')).length, 1);

  // And it stays so after a restart.
  await balancer.program.stop();
  await balancer.startAgain();
  assert.deepEqual(await settingsOf(balancer), {
    policy: 'least-connections',
    backends: ['a 7 ready', 'b 1 drain', 'd 2 ready'],
  });
});

test('a file that was changed while nothing ran wins as well', async (t) => {
  const { balancer, file } = await startChanged(t);
  await balancer.program.stop();
  await balancer.write(file({ policy: 'least-connections' }));
  await balancer.startAgain();
  assert.deepEqual(await settingsOf(balancer), { ...CHANGED, policy: 'least-connections' });
  assert.equal((await balancer.admin.eventsOf('runtime-change-overruled', 'web')).length, 1);
});
