/** The command line as scripts and people meet it: real processes, exit codes, stdout and stderr. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { startProgram } from '../../test/harness/program.ts';
import { packageVersion } from '../control-plane/version.ts';
import { EXIT } from './exit-codes.ts';

interface Outcome {
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** The variables that would change what is tested, whatever the surroundings say. */
const NO_VARIABLES = {
  PROXY_PORT: '',
  DASHBOARD_PORT: '',
  BACKEND_SERVERS: '',
  BALLAST_ADMIN_TOKEN: '',
  SERVER_PORT: '',
};

async function ballast(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const program = startProgram(t, args, { ...NO_VARIABLES, ...env });
  const exit = await program.ended();
  return { exit, stdout: program.stdout, stderr: program.stderr };
}

async function configFile(t: TestContext, yaml: string): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ballast-cli-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'ballast.yaml');
  await writeFile(file, yaml);
  return file;
}

const VALID = `
version: 1
listeners:
  web: { address: "127.0.0.1:0" }
pools:
  web: { backends: [http://127.0.0.1:9] }
routes:
  - { pool: web }
`;
const TWO_ERRORS = VALID.replace('version: 1', 'version: 1\nworkres: 2').replace('pool: web', 'pool: wep');

/** A port that something listens on until the test ends. */
async function takenPort(t: TestContext): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  return (server.address() as net.AddressInfo).port;
}

test('--version prints the version on stdout', async (t) => {
  const { exit, stdout, stderr } = await ballast(t, ['--version']);
  assert.deepEqual([exit, stdout, stderr], [EXIT.DONE, `${packageVersion()}\n`, '']);
});

test('--help lists every command on stdout', async (t) => {
  const { exit, stdout } = await ballast(t, ['--help']);
  assert.equal(exit, EXIT.DONE);
  for (const command of ['run', 'proxy', 'check', 'demo', 'backend'])
    assert.match(stdout, new RegExp(`^  ${command}\\b`, 'm'));
});

for (const [command, expected] of [
  ['run', /--pid-file[\s\S]*SIGHUP[\s\S]*SIGUSR2/],
  ['proxy', /round-robin,\s+weighted-round-robin,\s+least-connections[\s\S]*BACKEND_SERVERS/],
  ['check', /--json/],
  ['demo', /DASHBOARD_PORT/],
  ['backend', /SERVER_NAME/],
] as const) {
  test(`${command} --help tells what the command takes`, async (t) => {
    const { exit, stdout } = await ballast(t, [command, '--help']);
    assert.equal(exit, EXIT.DONE);
    assert.match(stdout, expected);
  });
}

for (const [what, args, expected] of [
  ['no command at all', [], /Usage: ballast/],
  ['an unknown command', ['chek', 'x.yaml'], /unknown command 'chek'[\s\S]*Did you mean check\?/],
  ['an unknown option', ['proxy', '--polciy', 'x'], /unknown option '--polciy'[\s\S]*Did you mean --policy\?/],
  ['a missing argument', ['check'], /missing required argument 'file'/],
  ['one argument too many', ['check', 'a', 'b'], /too many arguments/],
  ['run without a config', ['run'], /required option '-c, --config <file>' not specified/],
  ['an unknown log level', ['run', '-c', 'x', '--log-level', 'loud'], /Allowed choices are/],
  ['proxy without a backend', ['proxy'], /give --to URL, or set BACKEND_SERVERS/],
] as const) {
  test(`usage error, said on stderr: ${what}`, async (t) => {
    const { exit, stdout, stderr } = await ballast(t, args);
    assert.equal(exit, EXIT.USAGE, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, expected);
  });
}

for (const [variable, value] of [
  ['PROXY_PORT', 'web'],
  ['PROXY_PORT', '70000'],
  ['DASHBOARD_PORT', '-1'],
] as const) {
  test(`${variable}=${value} is a usage error that names the variable`, async (t) => {
    for (const args of [['proxy', '--to', 'http://127.0.0.1:9'], ['demo']]) {
      const { exit, stderr } = await ballast(t, args, { [variable]: value });
      assert.equal(exit, EXIT.USAGE, stderr);
      assert.match(stderr, new RegExp(`${variable}=${value}: expected a port`));
    }
  });
}

test('proxy flags that make no config are a usage error', async (t) => {
  const { exit, stderr } = await ballast(t, ['proxy', '--listen', ':0', '--to', 'ftp://x', '--policy', 'roundrobin']);
  assert.equal(exit, EXIT.USAGE, stderr);
  assert.match(stderr, /ftp:/);
  assert.match(stderr, /round-robin/);
});

test('check says that a valid file is valid, and stdout stays empty', async (t) => {
  const { exit, stdout, stderr } = await ballast(t, ['check', await configFile(t, VALID)]);
  assert.deepEqual([exit, stdout], [EXIT.DONE, ''], stderr);
  assert.match(stderr, /valid \(1 listener, 1 route, 1 pool, 1 backend\)/);
});

test('check reports every error on stdout and exits with 3', async (t) => {
  const file = await configFile(t, TWO_ERRORS);
  const { exit, stdout, stderr } = await ballast(t, ['check', file]);
  assert.equal(exit, EXIT.CONFIG_INVALID, stderr);
  const heads = stdout.split('\n').filter((line) => line.startsWith('error['));
  assert.equal(heads.length, 2, stdout);
  assert.ok(heads[0]?.includes(`${file}:3:1`), stdout);
  assert.match(stdout, /workres[\s\S]*did you mean[\s\S]*wep[\s\S]*did you mean/);
  assert.match(stderr, /2 errors/);
});

test('check --json prints the findings as data', async (t) => {
  const bad = await ballast(t, ['check', '--json', await configFile(t, TWO_ERRORS)]);
  assert.equal(bad.exit, EXIT.CONFIG_INVALID);
  const report = JSON.parse(bad.stdout) as { ok: boolean; errors: { line: number; code: string }[] };
  assert.equal(report.ok, false);
  assert.deepEqual(
    report.errors.map(({ line }) => line),
    [3, 9],
  );

  const good = await ballast(t, ['check', '--json', await configFile(t, VALID)]);
  assert.equal(good.exit, EXIT.DONE);
  assert.equal((JSON.parse(good.stdout) as { ok: boolean }).ok, true);
});

test('a file that is not there is an invalid config', async (t) => {
  for (const args of [
    ['check', '/nowhere/b.yaml'],
    ['run', '-c', '/nowhere/b.yaml'],
  ]) {
    const { exit, stdout, stderr } = await ballast(t, args);
    assert.equal(exit, EXIT.CONFIG_INVALID);
    assert.match(stdout + stderr, /\/nowhere\/b\.yaml/);
  }
});

test('run refuses an invalid config with 3 and says why on stderr', async (t) => {
  const { exit, stdout, stderr } = await ballast(t, ['run', '-c', await configFile(t, TWO_ERRORS)]);
  assert.deepEqual([exit, stdout], [EXIT.CONFIG_INVALID, '']);
  assert.match(stderr, /workres/);
});

test('a pid file that cannot be written is known before anything starts', async (t) => {
  const file = await configFile(t, VALID);
  const { exit, stderr } = await ballast(t, ['run', '-c', file, '--pid-file', path.join(file, 'pid')]);
  assert.equal(exit, EXIT.FAILED, stderr);
  assert.match(stderr, /cannot start: .*ENOTDIR/);
});

test('a taken port is named with what changes it: run', async (t) => {
  const port = await takenPort(t);
  const file = await configFile(t, VALID.replace('127.0.0.1:0', `127.0.0.1:${port}`));
  const { exit, stderr } = await ballast(t, ['run', '-c', file]);
  assert.equal(exit, EXIT.FAILED, stderr);
  assert.match(stderr, new RegExp(`port ${port} is already in use .*; change listeners\\.web\\.address in ${file}`));
});

test('a taken port is named with what changes it: proxy and demo', async (t) => {
  const port = await takenPort(t);
  const proxy = await ballast(t, ['proxy', '--to', 'http://127.0.0.1:9'], { PROXY_PORT: String(port) });
  assert.equal(proxy.exit, EXIT.FAILED, proxy.stderr);
  assert.match(proxy.stderr, new RegExp(`port ${port} is already in use .*; use --listen or PROXY_PORT`));

  for (const variable of ['PROXY_PORT', 'DASHBOARD_PORT', 'SERVER_PORT']) {
    const env = { PROXY_PORT: '0', DASHBOARD_PORT: '0', SERVER_PORT: '29811', [variable]: String(port) };
    const demo = await ballast(t, ['demo'], env);
    assert.equal(demo.exit, EXIT.FAILED, demo.stderr);
    assert.match(demo.stderr, new RegExp(`port ${port} is already in use .*; set ${variable}`));
  }
});
