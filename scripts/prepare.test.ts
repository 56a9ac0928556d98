import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { dashboardHash, isInstalled } from './prepare.mjs';

/** A project folder with these files; it goes when the test ends. */
function project(
  t: TestContext,
  files: Record<string, string>,
): { root: string; write: (files: Record<string, string>) => void } {
  const root = mkdtempSync(join(tmpdir(), 'ballast-prepare-'));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (more: Record<string, string>): void => {
    for (const [file, text] of Object.entries(more)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
  };
  write(files);
  return { root, write };
}

/** npm's lock file names the project itself with an empty path; its record in node_modules does not. */
const lock = (packages: Record<string, object>): string => JSON.stringify({ packages: { '': {}, ...packages } });
const record = (packages: Record<string, object>): string => JSON.stringify({ packages });
const ONE = { 'node_modules/one': { version: '1.0.0', integrity: 'sha512-a' } };
const OTHER_PLATFORM = { 'node_modules/runtime-other': { version: '26.0.0', optional: true } };

test('nothing is installed where node_modules is missing', (t) => {
  const { root } = project(t, { 'package-lock.json': lock(ONE) });
  assert.equal(isInstalled(root, 'hash'), false);
});

test('the stamp of the same lock file answers, the stamp of another one does not', (t) => {
  const { root } = project(t, { 'package-lock.json': lock(ONE), 'node_modules/.ballast-install': 'hash\n' });
  assert.equal(isInstalled(root, 'hash'), true);
  assert.equal(isInstalled(root, 'another'), false);
});

test('a tree installed by hand counts where every package is the right one, and gets its stamp', (t) => {
  const { root, write } = project(t, {
    'package-lock.json': lock({ ...ONE, ...OTHER_PLATFORM }),
    'node_modules/.package-lock.json': record(ONE),
    'node_modules/.ballast-install': 'old',
  });
  assert.equal(isInstalled(root, 'hash'), true);
  write({ 'node_modules/.package-lock.json': record({}) });
  assert.equal(isInstalled(root, 'hash'), true, 'the stamp answers from now on');
});

for (const [what, packages] of [
  ['one is missing', {}],
  ['one is older', { 'node_modules/one': { version: '0.9.0', integrity: 'sha512-a' } }],
  ['one has other content', { 'node_modules/one': { version: '1.0.0', integrity: 'sha512-b' } }],
  ['one is not wanted any more', { ...ONE, 'node_modules/two': { version: '1.0.0' } }],
] as const) {
  test(`the packages are installed again where ${what}`, (t) => {
    const { root } = project(t, {
      'package-lock.json': lock(ONE),
      'node_modules/.package-lock.json': record(packages),
    });
    assert.equal(isInstalled(root, 'hash'), false);
  });
}

test('the dashboard is stale after a change to its sources, the protocol or the dependencies, and to nothing else', (t) => {
  const { root, write } = project(t, {
    'package-lock.json': lock(ONE),
    'dashboard/src/main.tsx': 'one',
    'src/protocol/dashboard.ts': 'one',
  });
  const first = dashboardHash(root);
  write({ 'dashboard/dist/index.html': 'built', 'dashboard/src/main.test.tsx': 'a test', 'src/state/layout.ts': 'x' });
  assert.equal(dashboardHash(root), first);

  const seen = new Set([first]);
  for (const file of [
    'dashboard/src/main.tsx',
    'src/protocol/dashboard.ts',
    'dashboard/src/new.ts',
    'package-lock.json',
  ]) {
    write({ [file]: 'two' });
    seen.add(dashboardHash(root));
  }
  assert.equal(seen.size, 5);
});
