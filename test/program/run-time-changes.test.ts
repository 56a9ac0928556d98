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

for (const way of ['a reload', 'a restart, edited while nothing ran,'] as const) {
  test(`after ${way} the file has what it has changed since, and no more than that`, async (t) => {
    const { balancer, backends } = await startChanged(t);
    const [a, b, c, d] = backends;
    const [e, f] = await startHttpBackends(t, ['e', 'f']);
    assert.ok(a && b && c && d && e && f);
    await balancer.admin.addBackend({ url: `http://127.0.0.1:${e.port}`, name: 'e' });
    await balancer.admin.addBackend({ url: `http://127.0.0.1:${f.port}`, name: 'f', weight: 4 });
    const entry = (name: string, { port }: HttpBackend, weight = 1) => ({ name, port, weight });
    const settings: Settings = {
      pools: {
        web: poolOf(
          [
            entry('a', a, 7),
            entry('b', b, 2),
            // It was removed as another server than this one.
            entry('c', d, 1),
            // It was added under another name.
            entry('g', e, 1),
          ],
          { policy: 'least-connections' },
        ),
      },
    };
    if (way === 'a reload') await balancer.reloadWith(settings);
    else {
      await balancer.program.stop();
      await balancer.write(settings);
      await balancer.startAgain();
    }
    const told = (await balancer.admin.events()).filter(({ kind }) => kind === 'runtime-change-overruled');
    assert.deepEqual(told.map(({ subject, text }) => `${subject} ${text.replace(/http:\S+:/g, ':')}`).sort(), [
      'web policy: it was set to weighted-round-robin at run time; the file has changed it from round-robin to least-connections, and the file wins',
      `web/a weight: it was set to 3 at run time; the file has changed it from 1 to 7, and the file wins`,
      `web/c it was removed at run time as :${c.port}; the file now has it as :${d.port}, and the file wins`,
      `web/d it was added at run time as :${d.port}; the file now has c as :${d.port}, and the file wins`,
      `web/e it was added at run time as :${e.port}; the file now has g as :${e.port}, and the file wins`,
    ]);
    // The drain of b, whose weight the file has changed, and the addition of f stand.
    const expected = {
      policy: 'least-connections',
      backends: ['a 7 ready', 'b 2 drain', 'c 1 ready', 'g 1 ready', 'f 4 ready'],
    };
    await eventually('those that left to be gone', async () => (await balancer.admin.pool()).backends.length === 5);
    assert.deepEqual(await settingsOf(balancer), expected);

    // What was overruled stays so, also where the file goes back to what it said.
    await balancer.reloadWith({ pools: { web: poolOf([a, b, c]) } });
    await eventually('those that left to be gone', async () => (await balancer.admin.pool()).backends.length === 4);
    assert.deepEqual(await settingsOf(balancer), {
      policy: 'round-robin',
      backends: ['a 1 ready', 'b 1 drain', 'c 1 ready', 'f 4 ready'],
    });
  });
}

test('a pool that the file drops takes its changes with it, and an event says so', async (t) => {
  const { balancer, backends } = await startChanged(t);
  const other = { pools: { other: poolOf(backends) } };
  await balancer.reloadWith(other);
  const told = await balancer.admin.eventsOf('runtime-change-overruled', 'web');
  assert.match(told.at(-1)?.text ?? '', /no longer has this pool/);
  await balancer.reloadWith({ pools: { web: poolOf(backends.slice(0, 3)) } });
  await eventually('the old pool to be gone', async () => (await balancer.admin.status()).pools.length === 1);
  assert.deepEqual(await settingsOf(balancer), {
    policy: 'round-robin',
    backends: ['a 1 ready', 'b 1 ready', 'c 1 ready'],
  });
});
