import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../../../test/harness/eventually.ts';
import { FakeClock } from '../../../test/harness/fake-clock.ts';
import { Journal } from '../journal.ts';
import { NO_CHANGES, type RuntimeChanges } from './runtime-changes.ts';
import { formatStateFile } from './state-file.ts';
import { Store } from './store.ts';

const changesWith = (value: number): RuntimeChanges => ({
  pools: [
    {
      name: 'web',
      policy: { value: 'least-connections', fileValue: 'round-robin' },
      backends: [{ name: '__proto__', weight: { value, fileValue: 1 }, mode: 'drain' }],
      added: [{ name: 'b9', url: 'http://127.0.0.1:9009', host: '127.0.0.1', port: 9009, weight: 2 }],
      removed: [{ name: 'b1', url: 'http://127.0.0.1:8081' }],
    },
  ],
});

async function make(t: TestContext, text?: string) {
  const directory = await mkdtemp(join(tmpdir(), 'ballast-store-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'state.json');
  if (text !== undefined) await writeFile(path, text);
  const journal = new Journal();
  const clock = new FakeClock();
  const open = (replace?: (path: string, text: string) => Promise<void>) =>
    new Store({ path, journal, clock, ...(replace === undefined ? {} : { replace }) });
  return {
    directory,
    path,
    clock,
    open,
    events: () => journal.latest(100).map(({ kind, text: words }) => [kind, words]),
  };
}

describe('store', () => {
  it('keeps what was changed for the next process', async (t) => {
    const { directory, open, events } = await make(t);
    const store = open();
    assert.deepEqual(await store.load(), NO_CHANGES);
    store.keep(changesWith(5));
    await store.persist();
    assert.deepEqual(await open().load(), changesWith(5));
    assert.deepEqual(await readdir(directory), ['state.json']);
    assert.deepEqual(events(), []);
  });

  it('writes no file while nothing was changed', async (t) => {
    const { directory, open } = await make(t);
    const store = open();
    await store.load();
    store.keep(NO_CHANGES);
    await store.persist();
    assert.deepEqual(await readdir(directory), []);
  });

  it('leaves the file to another process while it is held, and then writes what has come', async (t) => {
    const { path, clock, open } = await make(t);
    const store = open();
    store.keep(changesWith(1));
    await store.persist();
    store.hold();
    const kept = await readFile(path, 'utf8');
    store.keep(changesWith(2));
    await store.persist();
    await clock.advance(10_000);
    assert.equal(await readFile(path, 'utf8'), kept);
    store.release();
    await store.persist();
    assert.deepEqual(await open().load(), changesWith(2));
  });

  it('takes what another process hands over in place of the file, if it can read it', async (t) => {
    const { open, events } = await make(t, formatStateFile(changesWith(1)));
    const store = open();
    assert.deepEqual(await store.load(), changesWith(1));
    assert.deepEqual(store.adopt(formatStateFile(changesWith(2))), changesWith(2));
    assert.equal(store.adopt('of a later version'), null);
    assert.deepEqual(
      events().map(([kind]) => kind),
      ['state-not-taken-over'],
    );
    store.keep(changesWith(2));
    await store.persist();
    assert.deepEqual(await open().load(), changesWith(2));
  });

  it('gathers changes that nobody waits for', async (t) => {
    const { path, clock, open } = await make(t);
    const store = open();
    for (let value = 1; value <= 50; value++) store.keep(changesWith(value));
    assert.equal(clock.pending, 1);
    await clock.advance(200);
    await eventually('the file is there', async () => (await readFile(path, 'utf8').catch(() => '')) !== '');
    await store.persist();
    assert.deepEqual(await open().load(), changesWith(50));
  });

  it('many waiting at one time all find their change on disk', async (t) => {
    const { open } = await make(t);
    const store = open();
    const waits = Array.from({ length: 20 }, async (_, index) => {
      store.keep(changesWith(index + 1));
      await store.persist();
      const onDisk = (await open().load()).pools[0]?.backends[0]?.weight?.value ?? 0;
      assert.ok(onDisk >= index + 1, `change ${index + 1} is not on disk, ${onDisk} is`);
    });
    await Promise.all(waits);
  });

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['a truncated file', formatStateFile(changesWith(1)).slice(0, 80), /it is not JSON/],
    ['an empty file', '', /it is not JSON/],
    ['a file of another program', '{"name":"x"}', /not a state file of Ballast/],
    ['a file of a newer version', '{"format":"ballast-state","version":2}', /its version is 2/],
    [
      'a damaged file',
      formatStateFile(changesWith(1)).replace('"value": 1', '"value": 0'),
      /changes\.pools\.0\.backends\.0\.weight/,
    ],
    ['a file with unknown keys', formatStateFile(changesWith(1)).replace('"mode"', '"mood"'), /changes\.pools\.0/],
  ];
  for (const [what, text, words] of bad) {
    it(`sets ${what} aside and says so`, async (t) => {
      const { directory, path, open, events } = await make(t, text);
      assert.deepEqual(await open().load(), NO_CHANGES);
      assert.deepEqual(await readdir(directory), ['state.json.bad']);
      assert.equal(await readFile(`${path}.bad`, 'utf8'), text);
      const [event] = events();
      assert.equal(event?.[0], 'state-file-bad');
      assert.match(event?.[1] ?? '', words);
    });
  }

  it('sets a file aside that cannot be read, and never writes over it', async (t) => {
    const { directory, path, open, events } = await make(t);
    await mkdir(path);
    await writeFile(join(path, 'kept'), 'something');
    const store = open();
    assert.deepEqual(await store.load(), NO_CHANGES);
    assert.match(events()[0]?.join() ?? '', /state-file-bad.*it cannot be read: .*set aside/);
    store.keep(changesWith(1));
    assert.equal(await store.persist(), null);
    assert.deepEqual((await readdir(directory)).sort(), ['state.json', 'state.json.bad']);
    assert.equal(await readFile(join(`${path}.bad`, 'kept'), 'utf8'), 'something');
  });

  it('says to whoever waits that a change is not kept, and keeps it once it can', async (t) => {
    const { clock, open, events } = await make(t);
    let fault: Error | null = new Error('ENOSPC: no space left on device');
    const written: string[] = [];
    const store = open(async (_, text) => {
      if (fault !== null) throw fault;
      written.push(text);
    });
    store.keep(changesWith(1));
    const problem = await store.persist();
    assert.match(problem ?? '', /cannot write .*state\.json: ENOSPC.*will not survive a restart/);
    // The same change once more: still not on disk.
    store.keep(changesWith(1));
    assert.equal(await store.persist(), problem);
    await clock.advance(60_000);
    assert.deepEqual(
      events().map(([kind]) => kind),
      ['state-write-failed'],
    );
    fault = null;
    await clock.advance(5_000);
    assert.equal(await store.persist(), null);
    assert.deepEqual(written, [formatStateFile(changesWith(1))]);
    assert.deepEqual(
      events().map(([kind]) => kind),
      ['state-write-failed', 'state-write-recovered'],
    );
    assert.equal(clock.pending, 0);
  });

  it('a disk that cannot be written costs one warning, and recovers', async (t) => {
    const { directory, path, open, events } = await make(t);
    const store = open();
    // A directory in the way of the temporary file: holds for root too, unlike a mode.
    await mkdir(`${path}.tmp`);
    for (let value = 1; value <= 3; value++) {
      store.keep(changesWith(value));
      await store.persist();
    }
    assert.deepEqual(
      events().map(([kind]) => kind),
      ['state-write-failed'],
    );
    await rm(`${path}.tmp`, { recursive: true });
    store.keep(changesWith(4));
    await store.persist();
    assert.deepEqual(await open().load(), changesWith(4));
    assert.equal(events()[1]?.[0], 'state-write-recovered');
    assert.deepEqual(await readdir(directory), ['state.json']);
  });

  it('a failed write leaves the old file whole', async (t) => {
    const { path, open } = await make(t);
    const store = open();
    store.keep(changesWith(1));
    await store.persist();
    await mkdir(`${path}.tmp`);
    store.keep(changesWith(2));
    await store.persist();
    assert.deepEqual(await open().load(), changesWith(1));
  });

  it('keeps nothing without a path', async () => {
    const store = new Store({ path: null, journal: new Journal() });
    store.keep(changesWith(1));
    assert.match((await store.persist()) ?? '', /there is no state file/);
    assert.deepEqual(await store.load(), NO_CHANGES);
  });
});
