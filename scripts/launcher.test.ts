/** How `bin/ballast` finds its runtime, and how a stand-in child gets signals: with real processes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'ballast-launcher-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

interface Run {
  readonly child: ChildProcess;
  /** The next line on stdout, or null at its end. */
  nextLine(): Promise<string | null>;
  readonly ended: Promise<{ code: number | null; signal: string | null; stderr: string }>;
}

function start(t: TestContext, argv: readonly string[]): Run {
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    nextLine: async () => {
      const { value, done } = await lines.next();
      return done === true ? null : value;
    },
    ended: once(child, 'close').then(([code, signal]) => ({ code, signal, stderr })),
  };
}

/** A program that says what it receives, ends on SIGTERM with 7, and runs under `spawnRuntime`. */
function standIn(t: TestContext, echoMs: number): Run {
  const file = join(folder(t), 'program.cjs');
  writeFileSync(
    file,
    `for (const name of ['SIGINT', 'SIGHUP']) process.on(name, () => console.log(name));
     process.on('SIGTERM', () => process.exit(7));
     process.on('disconnect', () => { console.log('parent gone'); process.exit(1); });
     setInterval(() => {}, 1000);
     console.log('pid ' + process.pid);`,
  );
  const code = `require(${JSON.stringify(join(ROOT, 'bin/spawn-runtime.js'))})(process.execPath, [${JSON.stringify(file)}], ${echoMs})`;
  return start(t, ['-e', code]);
}

test('a stand-in child gets each signal exactly once, and its exit code comes out', async (t) => {
  const run = standIn(t, 0);
  assert.match(String(await run.nextLine()), /^pid/);
  run.child.kill('SIGINT');
  assert.equal(await run.nextLine(), 'SIGINT');
  run.child.kill('SIGHUP');
  assert.equal(await run.nextLine(), 'SIGHUP');
  run.child.kill('SIGTERM');
  assert.equal(await run.nextLine(), null, 'nothing came twice');
  assert.equal((await run.ended).code, 7);
});

test('the same signal within the echo time counts once, another one counts', async (t) => {
  const run = standIn(t, 60_000);
  assert.match(String(await run.nextLine()), /^pid/);
  run.child.kill('SIGINT');
  assert.equal(await run.nextLine(), 'SIGINT');
  run.child.kill('SIGINT');
  run.child.kill('SIGHUP');
  assert.equal(await run.nextLine(), 'SIGHUP', 'the second SIGINT was the echo of the first');
});

test('a stand-in child that dies by a signal takes its parent along in the same way', async (t) => {
  const run = standIn(t, 0);
  const pid = Number(String(await run.nextLine()).split(' ')[1]);
  process.kill(pid, 'SIGKILL');
  assert.equal((await run.ended).signal, 'SIGKILL');
});

test('a stand-in child ends when its parent is killed', async (t) => {
  const run = standIn(t, 0);
  assert.match(String(await run.nextLine()), /^pid/);
  run.child.kill('SIGKILL');
  assert.equal(await run.nextLine(), 'parent gone');
  assert.equal(await run.nextLine(), null);
});

/** An installation: `bin/`, a manifest that asks for `engines`, and a program. */
function installation(t: TestContext, engines: string, main: string | null): string {
  const root = folder(t);
  cpSync(join(ROOT, 'bin'), join(root, 'bin'), { recursive: true });
  writeFileSync(join(root, 'package.json'), JSON.stringify({ type: 'module', engines: { node: engines } }));
  mkdirSync(join(root, 'program'));
  if (main !== null) writeFileSync(join(root, 'program', 'main.js'), main);
  return join(root, 'bin', 'ballast');
}

test('a Node that is new enough runs the compiled program directly, with its arguments', async (t) => {
  const run = start(t, [installation(t, '>=24.15', 'console.log(process.argv.slice(2).join());'), 'a', '--b']);
  assert.equal(await run.nextLine(), 'a,--b');
  assert.equal((await run.ended).code, 0);
});

test('compiled code is kept beside the packages, for threads and processes of the program as well', async (t) => {
  const tell =
    "import { cacheDirectory } from './kept.js'; console.log(cacheDirectory, process.env.NODE_COMPILE_CACHE);";
  const command = installation(t, '>=24.15', tell);
  const root = join(command, '..', '..');
  const kept = "import { getCompileCacheDir } from 'node:module'; export const cacheDirectory = getCompileCacheDir();";
  writeFileSync(join(root, 'program', 'kept.js'), kept);
  const folder = join(root, 'node_modules', '.cache', 'ballast');
  const run = start(t, [command]);
  const [inUse, inherited] = String(await run.nextLine()).split(' ');
  assert.equal(inherited, realpathSync(folder));
  assert.ok(String(inUse).startsWith(String(inherited)), String(inUse));
  assert.equal((await run.ended).code, 0);
  assert.notDeepEqual(readdirSync(folder), []);
});

test('where no compiled code can be kept the program runs all the same', async (t) => {
  const command = installation(t, '>=24.15', 'console.log(process.env.NODE_COMPILE_CACHE);');
  // A file where the folder would be.
  writeFileSync(join(command, '..', '..', 'node_modules'), '');
  const run = start(t, [command]);
  assert.equal(await run.nextLine(), 'undefined');
  assert.equal((await run.ended).code, 0);
});

for (const engines of ['>=99', '>=26.999', '>=26.999.1']) {
  test(`a Node older than ${engines} is told which version is needed`, async (t) => {
    const run = start(t, [installation(t, engines, 'console.log("ran");')]);
    const { code, stderr } = await run.ended;
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`needs Node\\.js ${engines.slice(2)} or newer; this is ${process.versions.node}`));
    assert.equal(await run.nextLine(), null);
  });
}

test('an installation without a program says so', async (t) => {
  const { code, stderr } = await start(t, [installation(t, '>=20', null)]).ended;
  assert.equal(code, 1);
  assert.match(stderr, /incomplete installation/);
});
