import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { PidFile } from './pid-file.ts';

function place(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ballast-pid-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return path.join(folder, 'ballast.pid');
}

test('the file has the number once the process serves, and goes with it', (t) => {
  const file = place(t);
  const pidFile = new PidFile(file);
  assert.equal(existsSync(file), false);
  pidFile.write();
  assert.equal(readFileSync(file, 'utf8'), `${process.pid}\n`);
  pidFile.write();
  pidFile.remove();
  assert.deepEqual(readdirSync(path.dirname(file)), []);
});

test('a process that did not come to serve, or serves no more, leaves the number of the one that does', (t) => {
  const file = place(t);
  const pidFile = new PidFile(file);
  writeFileSync(file, '1\n');
  pidFile.remove();
  assert.deepEqual(readdirSync(path.dirname(file)), ['ballast.pid']);
  assert.equal(readFileSync(file, 'utf8'), '1\n');
});

test('a file that cannot be written is known at once', (t) => {
  assert.throws(() => new PidFile(path.join(place(t), 'in-a-file-that-is-no-folder')), /ENOENT|ENOTDIR/);
});
