import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { FakeClock } from '../../../test/harness/fake-clock.ts';
import { hashOf } from '../../config/load.ts';
import { ConfigWatch } from './config-watch.ts';

/** A watch over a real file; what it has reloaded is the list of texts, null for a missing file. */
async function make(t: TestContext, file = 'ballast.yaml') {
  const folder = await mkdtemp(join(tmpdir(), 'ballast-watch-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, file);
  const read = (): string | null => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  };
  const reloaded: (string | null)[] = [];
  const now = { mayReload: true, last: 'one' as string | null };
  const watch = new ConfigWatch({
    path,
    lastHash: () => (now.last === null ? null : hashOf(now.last)),
    mayReload: () => now.mayReload,
    reload: async () => {
      now.last = read();
      reloaded.push(now.last);
    },
    clock: new FakeClock(),
  });
  const looks = async (count: number): Promise<void> => {
    for (let look = 0; look < count; look++) await watch.look();
  };
  return { folder, path, watch, reloaded, now, looks };
}

describe('config watch', () => {
  it('reloads a file once that is written in place, after it has come to rest', async (t) => {
    const { path, reloaded, looks } = await make(t);
    await writeFile(path, 'one');
    await looks(5);
    assert.deepEqual(reloaded, [], 'it is the text that is in force');
    await writeFile(path, 'two');
    await looks(1);
    assert.deepEqual(reloaded, []);
    await looks(5);
    assert.deepEqual(reloaded, ['two']);
  });

  it('waits for a file that is still being written', async (t) => {
    const { path, reloaded, looks } = await make(t);
    await writeFile(path, '');
    await looks(1);
    for (const piece of ['version', ': 1\n', 'pools', ': {}\n']) {
      await appendFile(path, piece);
      await looks(1);
    }
    assert.deepEqual(reloaded, []);
    await looks(1);
    assert.deepEqual(reloaded, ['version: 1\npools: {}\n']);
  });

  it('sees a file that an editor has renamed into its place', async (t) => {
    const { folder, path, reloaded, looks } = await make(t);
    await writeFile(path, 'one');
    await looks(2);
    for (const text of ['two', 'six']) {
      await rename(path, join(folder, 'ballast.yaml~'));
      await looks(1);
      await writeFile(join(folder, '.new'), text);
      await rename(join(folder, '.new'), path);
      await looks(3);
    }
    assert.deepEqual(reloaded, ['two', 'six']);
  });

  it('sees a swapped link above the file, as Kubernetes swaps it', async (t) => {
    const { folder, path, reloaded, looks } = await make(t);
    const publish = async (version: string, text: string): Promise<void> => {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'ballast.yaml'), text);
      await symlink(version, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    await publish('..2026_01', 'one');
    await symlink(join('..data', 'ballast.yaml'), path);
    await looks(3);
    await publish('..2026_02', 'two');
    await rm(join(folder, '..2026_01'), { recursive: true });
    await looks(3);
    assert.deepEqual(reloaded, ['two']);
    await publish('..2026_03', 'two');
    await looks(3);
    assert.deepEqual(reloaded, ['two'], 'the same text once more');
  });

  it('tells a wrong or missing file once, and takes it when it is right again', async (t) => {
    const { path, reloaded, looks } = await make(t);
    await writeFile(path, 'one');
    await looks(2);
    await writeFile(path, 'wrong');
    await looks(6);
    await writeFile(path, 'wrong');
    await looks(6);
    assert.deepEqual(reloaded, ['wrong']);
    await unlink(path);
    await looks(6);
    assert.deepEqual(reloaded, ['wrong', null]);
    await writeFile(path, 'one');
    await looks(6);
    assert.deepEqual(reloaded, ['wrong', null, 'one']);
  });

  it('leaves alone what was reloaded by other means', async (t) => {
    const { path, reloaded, now, looks } = await make(t);
    await writeFile(path, 'two');
    now.last = 'two';
    await looks(4);
    assert.deepEqual(reloaded, []);
  });

  it('finds a change from before it began, and one from a time in which nothing could be reloaded', async (t) => {
    const { path, reloaded, now, looks } = await make(t);
    await writeFile(path, 'two');
    now.mayReload = false;
    await looks(4);
    assert.deepEqual(reloaded, []);
    now.mayReload = true;
    await looks(1);
    assert.deepEqual(reloaded, ['two']);
  });

  it('looks by itself from its start to its stop', async (t) => {
    const clock = new FakeClock();
    const folder = await mkdtemp(join(tmpdir(), 'ballast-watch-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const watch = new ConfigWatch({
      path: join(folder, 'none'),
      lastHash: () => null,
      mayReload: () => true,
      reload: () => Promise.reject(new Error('nothing has changed')),
      clock,
    });
    watch.start();
    assert.deepEqual(clock.waits, [500]);
    watch.stop();
    assert.equal(clock.pending, 0);
  });
});
