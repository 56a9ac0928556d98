import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import pino from 'pino';
import { freePort } from '../../../test/harness/free-port.ts';
import { hashOf, loadConfigFile } from '../../config/load.ts';
import { State } from '../../state/layout.ts';
import { Journal } from '../journal.ts';
import { Roster } from '../roster/roster.ts';
import { Reloader } from './reload.ts';

interface File {
  readonly listeners?: object;
  readonly ports?: readonly number[];
  readonly more?: object;
}

const textOf = ({ listeners = { web: { address: '127.0.0.1:0' } }, ports = [8081], more = {} }: File): string =>
  JSON.stringify({
    version: 1,
    workers: 1,
    listeners,
    pools: { web: { backends: ports.map((port) => ({ url: `http://127.0.0.1:${port}`, name: `b${port}` })) } },
    ...more,
  });

/** A reloader over a real file; `applied` waits for the test where it wants that. */
async function make(t: TestContext, file: File = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'ballast-reload-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'ballast.yaml');
  await writeFile(path, textOf(file));
  const loaded = loadConfigFile(path, {});
  assert.equal(loaded.ok, true);
  if (!loaded.ok) throw new Error('unreachable');
  const journal = new Journal();
  const roster = new Roster({
    state: State.create({ workers: 1, pools: 2, backends: 4, routes: 8 }),
    config: loaded.config,
    journal,
  });
  const gates: PromiseWithResolvers<void>[] = [];
  let isGated = false;
  const asked: string[][] = [];
  const now = { listenFailures: [] as string[], refusal: null as string | null };
  const reloader = new Reloader({
    path,
    firstHash: loaded.sourceHash,
    roster,
    listen: async (listeners) => {
      asked.push(listeners.map(({ name }) => name));
      return now.listenFailures;
    },
    refusal: () => now.refusal,
    applied: async () => {
      if (!isGated) return;
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
    },
    journal,
    log: pino({ level: 'silent' }),
    env: {},
  });
  return {
    path,
    roster,
    reloader,
    gates,
    /** The listeners that the workers were asked for. */
    asked,
    now,
    gate: () => {
      isGated = true;
    },
    write: (next: File | string) => writeFile(path, typeof next === 'string' ? next : textOf(next)),
    kinds: () => journal.latest(100).map(({ kind }) => kind),
    lastText: () => journal.latest(1)[0]?.text ?? '',
    names: () => roster.plan().pools[0]?.backends.map(({ name }) => name),
  };
}

describe('reload', () => {
  it('brings in what the file says now, and tells what has changed', async (t) => {
    const { reloader, roster, write, names, kinds, lastText } = await make(t);
    await write({ ports: [8081, 8082], more: { via: 'edge' } });
    const result = await reloader.reload('signal');
    assert.equal(result.ok, true);
    assert.deepEqual(names(), ['b8081', 'b8082']);
    assert.match(roster.plan().viaName, /^edge-[0-9a-f]{6}$/);
    assert.deepEqual(kinds(), ['config-reloaded']);
    assert.match(lastText(), /backend b8082 added/);
  });

  it('keeps the old config whole on any error, and tells every one', async (t) => {
    const { reloader, roster, write, names, kinds, lastText } = await make(t);
    const before = roster.plan();
    await write(
      'version: 1\npools: { web: { policy: fastest, backends: [ftp://x] } }\nlisteners: { web: { address: ":1" } }',
    );
    const result = await reloader.reload('signal');
    assert.equal(result.ok, false);
    assert.equal(result.ok ? 0 : result.problems.length, 2);
    assert.equal(result.ok ? '' : result.diagnostics[0]?.line, 2);
    assert.deepEqual(names(), ['b8081']);
    assert.equal(roster.plan(), before);
    assert.deepEqual(kinds(), ['reload-refused']);
    assert.match(lastText(), /^the old config stays: 2 problems, the first: error\[/);
  });

  it('knows what was loaded last and is followed, and what the file says that is not', async (t) => {
    const { path, reloader, roster, write } = await make(t, { more: { shutdownTimeout: '1s' } });
    const first = reloader.inForce;
    assert.deepEqual([first.path, first.config], [path, roster.config]);
    await write('version: 2\n');
    await reloader.reload('signal');
    assert.equal(reloader.inForce, first, 'a wrong file is not followed');
    await write({ more: { shutdownTimeout: '2s', workers: 2 } });
    await reloader.reload('signal');
    const { hash, config } = reloader.inForce;
    assert.equal(hash, hashOf(await readFile(path)));
    assert.deepEqual([config.shutdownTimeoutMs, roster.config.shutdownTimeoutMs], [2_000, 2_000]);
    assert.deepEqual([config.workers, roster.config.workers], [2, 1], 'what only a restart brings in');
  });

  it('survives a half-written and a missing file', async (t) => {
    const { path, reloader, roster, write } = await make(t);
    const before = roster.plan();
    await write(textOf({}).slice(0, 60));
    assert.equal((await reloader.reload('signal')).ok, false);
    await rm(path);
    assert.equal((await reloader.reload('signal')).ok, false);
    assert.equal(roster.plan(), before);
  });

  it('refuses a new listener on a taken port before it touches anything', async (t) => {
    const { reloader, roster, write, lastText } = await make(t);
    const port = await freePort();
    const other = net.createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    t.after(() => other.close());
    await write({
      ports: [8082],
      listeners: { web: { address: '127.0.0.1:0' }, more: { address: `127.0.0.1:${port}` } },
    });
    const result = await reloader.reload('signal');
    assert.equal(result.ok, false);
    assert.match(lastText(), new RegExp(`listener more: port ${port} is already in use`));
    assert.equal(roster.plan().listeners.length, 1);
  });

  it('asks the workers before it brings in a new listener, and only then', async (t) => {
    const { reloader, roster, asked, write } = await make(t);
    await write({ ports: [8082] });
    await reloader.reload('signal');
    assert.deepEqual(asked, []);
    const more = { address: `127.0.0.1:${await freePort()}` };
    await write({ ports: [8082], listeners: { more } });
    assert.equal((await reloader.reload('signal')).ok, true);
    // The old one beside the new one: nothing is closed before all is sure.
    assert.deepEqual(asked, [['web', 'more']]);
    assert.deepEqual(
      roster.plan().listeners.map(({ name }) => name),
      ['more'],
    );
  });

  it('keeps the old config whole where one worker cannot listen, and takes the others back', async (t) => {
    const { reloader, roster, asked, now, write, kinds, lastText } = await make(t);
    const before = roster.plan();
    const listeners = { web: { address: '127.0.0.1:0' }, more: { address: `127.0.0.1:${await freePort()}` } };
    await write({ ports: [8082], listeners });
    now.listenFailures = ['listener more cannot listen: EADDRINUSE'];
    const result = await reloader.reload('signal');
    assert.equal(result.ok, false);
    assert.deepEqual(asked, [['web', 'more'], ['web']]);
    assert.equal(roster.plan(), before);
    assert.deepEqual(kinds(), ['reload-refused']);
    assert.match(lastText(), /the old config stays: listener more cannot listen: EADDRINUSE/);
  });

  it('shows what it would come to, and neither does nor tells anything', async (t) => {
    const { reloader, roster, asked, write, kinds } = await make(t);
    const before = roster.plan();
    const more = { address: `127.0.0.1:${await freePort()}` };
    await write({ ports: [8081, 8082], listeners: { more }, more: { workers: 3 } });
    const result = await reloader.preview();
    assert.ok(result.ok);
    assert.ok(result.changes.includes('pool web: backend b8082 added'), result.changes.join());
    assert.deepEqual(result.needsRestart, ['workers']);
    await write('version: 2');
    const wrong = await reloader.preview();
    assert.ok(!wrong.ok);
    assert.equal(wrong.reason, 'invalid');
    assert.equal(roster.plan(), before);
    assert.equal(reloader.lastHash, hashOf(textOf({})));
    assert.deepEqual([asked, kinds()], [[], []]);
  });

  it('knows the text that it has read last, right or wrong', async (t) => {
    const { path, reloader, write } = await make(t);
    const hashes = new Set<string | null>();
    for (const text of [textOf({}), 'version: 1\nwrong', '']) {
      await write(text);
      await reloader.reload('signal');
      assert.equal(reloader.lastHash, hashOf(text));
      hashes.add(reloader.lastHash);
    }
    assert.equal(hashes.size, 3);
    await rm(path);
    await reloader.reload('signal');
    assert.equal(reloader.lastHash, null);
  });

  it('does nothing once the balancer stops', async (t) => {
    const { reloader, roster, now, write, lastText } = await make(t);
    const before = roster.plan();
    await write({ ports: [8082] });
    now.refusal = 'the balancer is stopping';
    const result = await reloader.reload('signal');
    assert.equal(result.ok ? '' : result.reason, 'not-now');
    assert.equal(roster.plan(), before);
    assert.equal(reloader.lastHash, hashOf(textOf({})), 'the text has not been looked at');
    assert.match(lastText(), /the balancer is stopping/);
  });

  it('refuses what does not fit', async (t) => {
    const { reloader, write, names, lastText } = await make(t);
    await write({ ports: [1, 2, 3, 4, 5].map((n) => 9000 + n) });
    assert.equal((await reloader.reload('signal')).ok, false);
    assert.match(lastText(), /no room for 5 more backends .* a restart makes more/);
    assert.deepEqual(names(), ['b8081']);
  });

  it('warns of settings that need a restart, and leaves them', async (t) => {
    const { reloader, roster, write, kinds, lastText } = await make(t);
    await write({ ports: [8082], more: { workers: 3, admin: { address: '127.0.0.1:8090' } } });
    assert.equal((await reloader.reload('signal')).ok, true);
    assert.equal(roster.config.workers, 1);
    assert.equal(roster.config.admin, null);
    assert.deepEqual(kinds(), ['config-reloaded', 'restart-needed']);
    assert.match(lastText(), /workers, admin/);
  });

  it('runs one at a time; those asked for meanwhile share one that reads the file later', async (t) => {
    const { reloader, roster, gate, gates, write, names } = await make(t);
    gate();
    await write({ ports: [8082] });
    const first = reloader.reload('signal');
    while (gates.length < 1) await new Promise((resolve) => setImmediate(resolve));
    const second = reloader.reload('signal');
    const third = reloader.reload('admin API');
    await write({ ports: [8083] });
    assert.equal(gates.length, 1);
    const revision = roster.revision;
    gates[0]?.resolve();
    assert.equal((await first).ok, true);
    while (gates.length < 2) await new Promise((resolve) => setImmediate(resolve));
    gates[1]?.resolve();
    assert.deepEqual(await second, await third);
    assert.equal(roster.revision, revision + 1);
    assert.deepEqual(names(), ['b8083']);
  });

  it('says so where there is no file', async () => {
    const journal = new Journal();
    const { roster } = { roster: {} as Roster };
    const applied = () => Promise.resolve();
    const listen = () => Promise.resolve([]);
    const log = pino({ level: 'silent' });
    const reloader = new Reloader({ path: null, firstHash: null, roster, listen, applied, journal, log, env: {} });
    const result = await reloader.reload('signal');
    assert.equal(result.ok, false);
    assert.match(journal.latest(1)[0]?.text ?? '', /did not come from a file/);
  });
});
