/** The state file: whole at every moment, true to what was answered, and never in the way of traffic. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readStateFile } from '../../src/control-plane/changes/state-file.ts';
import type { Persistence } from '../../src/protocol/admin-api.ts';
import { startLoad } from '../harness/background-load.ts';
import { type BalancerProgram, poolOf, runBalancer } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';

const KILLS = 5;
const MAX_WEIGHT = 256;

const stateFileOf = ({ configFile }: BalancerProgram): string =>
  path.join(path.dirname(configFile), '.ballast.yaml.state.json');

test(`${KILLS} kills in the middle of changes: the file is whole, and every change that was answered is in it`, async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b', 'c', 'd', 'e', 'f']);
  const names = backends.map(({ name }) => name);
  const balancer = await runBalancer(t, { pools: { web: poolOf(backends) } });
  const stateFile = stateFileOf(balancer);
  /** The last weight that was answered for each, and the one that was asked for after it. */
  const answered = new Map(names.map((name) => [name, 1]));
  const asked = new Map(answered);
  let changes = 0;
  let weight = 1;
  for (let kill = 0; kill < KILLS; kill++) {
    let isOver = false;
    // One after another for each backend, and six at once: writes follow one another closely.
    const clients = names.map(async (name) => {
      while (!isOver) {
        weight = (weight % MAX_WEIGHT) + 1;
        const mine = weight;
        asked.set(name, mine);
        try {
          const { persisted } = (await balancer.admin.patchBackend(name, { weight: mine })) as unknown as Persistence;
          assert.equal(persisted, true);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          return;
        }
        answered.set(name, mine);
        changes++;
      }
    });
    const before = changes;
    await eventually('changes', () => changes > before + 20);
    // At any moment of the next few writes.
    await delay(Math.random() * 20);
    balancer.program.signal('SIGKILL');
    await balancer.program.ended();
    isOver = true;
    await Promise.all(clients);

    const reading = readStateFile(readFileSync(stateFile, 'utf8'));
    assert.ok(reading.isRead, reading.isRead ? '' : reading.problem);
    const kept = reading.changes.pools.find(({ name }) => name === 'web')?.backends ?? [];
    const onDisk = (name: string): number => kept.find((backend) => backend.name === name)?.weight?.value ?? 1;
    const isTrue = (name: string, is: number): boolean => is === answered.get(name) || is === asked.get(name);
    for (const name of names) {
      assert.ok(isTrue(name, onDisk(name)), `${name}: ${onDisk(name)} is on disk, ${answered.get(name)} was answered`);
    }
    await balancer.startAgain();
    for (const { name, weight: now } of (await balancer.admin.pool()).backends) {
      assert.equal(now, onDisk(name), name);
      answered.set(name, now);
    }
    assert.equal((await balancer.admin.eventsOf('state-file-bad')).length, 0);
  }
  t.diagnostic(`${changes} changes were answered`);
});

const wrong: readonly (readonly [what: string, spoil: (text: string) => string, words: RegExp])[] = [
  ['cut off', (text) => text.slice(0, text.length / 2), /it is not JSON/],
  ['empty', () => '', /it is not JSON/],
  ['of another program', () => '{"private":true}', /it is not a state file of Ballast/],
  ['of a newer version', (text) => text.replace('"version": 1', '"version": 2'), /its version is 2/],
  ['damaged', (text) => text.replace('"value": 7', '"value": "seven"'), /changes\.pools\.0/],
];

test('a state file that cannot be used is set aside and told, and the config file holds', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const balancer = await runBalancer(t, { pools: { web: poolOf(backends) } });
  const stateFile = stateFileOf(balancer);
  await balancer.admin.patchBackend('a', { weight: 7 });
  await balancer.program.stop();
  const good = readFileSync(stateFile, 'utf8');
  for (const [what, spoil, words] of wrong) {
    const bad = spoil(good);
    assert.notEqual(bad, good, what);
    await writeFile(stateFile, bad);
    await balancer.startAgain();
    assert.equal((await balancer.admin.backend('a')).weight, 1, what);
    const [event] = await balancer.admin.eventsOf('state-file-bad');
    assert.match(event?.text ?? '', words);
    assert.equal(readFileSync(`${stateFile}.bad`, 'utf8'), bad);
    assert.deepEqual(failedIn(await runLoad({ port: balancer.port, requests: 10, concurrency: 2 })), [], what);
    // And the next change makes a good one again.
    await balancer.admin.patchBackend('a', { weight: 9 });
    assert.ok(readStateFile(readFileSync(stateFile, 'utf8')).isRead);
    await balancer.program.stop();
  }
});

/** A file system of 64 KiB that only the balancer sees; the test reaches it through `/proc`. */
async function withSmallDisk(t: TestContext, prepare: string): Promise<{ balancer: BalancerProgram; disk: string }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ballast-disk-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const backends = await startHttpBackends(t, ['a', 'b']);
  const settings = { stateFile: path.join(folder, 'state.json'), pools: { web: poolOf(backends) } };
  const before = `mount -t tmpfs -o size=64k none ${folder} && ${prepare.replaceAll('DISK', folder)}`;
  const balancer = await runBalancer(t, settings, {}, { before, hasOwnMounts: true });
  return { balancer, disk: path.join('/proc', String(balancer.pid), 'root', folder) };
}

const cannotMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status !== 0;
const skip = cannotMount && 'this user may not mount: `unshare -m mount` is refused';

const FAULTS = [
  {
    what: 'full',
    prepare: '{ dd if=/dev/zero of=DISK/fill bs=4k 2>/dev/null; true; }',
    words: /ENOSPC/,
    mend: (pid: number, disk: string) =>
      spawnSync('nsenter', ['-t', String(pid), '-m', 'rm', disk.replace(/^.*\/root/, '') + '/fill']),
  },
  {
    what: 'read-only',
    prepare: 'mount -o remount,ro DISK',
    words: /EROFS/,
    mend: (pid: number, disk: string) =>
      spawnSync('nsenter', ['-t', String(pid), '-m', 'mount', '-o', 'remount,rw', disk.replace(/^.*\/root/, '')]),
  },
];

for (const { what, prepare, words, mend } of FAULTS) {
  test(`a ${what} disk costs a warning and no request, and the answer says so`, { skip }, async (t) => {
    const { balancer, disk } = await withSmallDisk(t, prepare);
    const load = startLoad(t, { port: balancer.port, concurrency: 4 });
    for (let weight = 2; weight <= 5; weight++) {
      const answer = (await balancer.admin.patchBackend('a', { weight })) as unknown as Persistence & {
        weight: number;
      };
      assert.deepEqual([answer.weight, answer.persisted], [weight, false]);
      assert.match(answer.warning ?? '', words);
    }
    assert.equal((await balancer.admin.eventsOf('state-write-failed')).length, 1);
    assert.equal(existsSync(path.join(disk, 'state.json')), false);
    const { status, stderr } = mend(balancer.pid, disk);
    assert.equal(status, 0, String(stderr));
    // By itself, without another change.
    await eventually('it to be written', () => existsSync(path.join(disk, 'state.json')));
    assert.match(readFileSync(path.join(disk, 'state.json'), 'utf8'), /"value": 5/);
    await eventually(
      'the recovery to be told',
      async () => (await balancer.admin.eventsOf('state-write-recovered')).length === 1,
    );
    const again = (await balancer.admin.patchBackend('a', { weight: 6 })) as unknown as Persistence;
    assert.deepEqual([again.persisted, again.warning], [true, undefined]);
    assert.deepEqual(failedIn(await load.stop()), []);
  });
}
