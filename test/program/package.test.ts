/** The package as it is published: compiled and bundled, it does what the checkout does. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { ConfigCheck } from '../../src/protocol/admin-api.ts';
import { LivePage } from '../harness/admin-side.ts';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { startProgram } from '../harness/program.ts';
import { runRestartingBalancer } from '../harness/restarting-balancer.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

let folder = '';
let command = '';

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ballast-package-'));
  await run(process.execPath, [path.join(ROOT, 'scripts/package.mjs'), path.join(folder, 'package')]);
  command = path.join(folder, 'package', 'bin', 'ballast');
});

after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

test('serves, with page, API, live channel and the process that checks a text', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf(backends) } }, {}, { command });
  assert.deepEqual(failedIn(await runLoad({ port, requests: 50, concurrency: 4 })), []);
  const page = await admin.ask('/');
  assert.equal(page.status, 200);
  const [script = ''] = /assets\/[\w.-]+\.js/.exec(page.text) ?? [];
  assert.equal((await admin.ask(`/${script}`)).status, 200, script);
  assert.equal((await admin.status()).workers.length, 2);
  assert.match((await admin.ask('/metrics')).text, /^ballast_ready 1$/m);
  const live = await LivePage.open(t, admin.port);
  assert.ok('totals' in (await live.hello('totals')).topics);
  const { ok, diagnostics } = await admin.json<ConfigCheck>('/api/v1/config/check', {
    method: 'POST',
    body: { text: 'version: 1\nlisteners: { web: {} }\n' },
  });
  assert.equal(ok, false);
  assert.ok(diagnostics.length > 0);
});

test('takes the ports over from a checkout, and from itself', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const balancer = await runRestartingBalancer(t, { pools: { web: poolOf(backends) } });
  await rm(balancer.command);
  await symlink(command, balancer.command);
  for (let restart = 0; restart < 2; restart++) {
    await balancer.restart();
    assert.deepEqual(failedIn(await runLoad({ port: balancer.port, requests: 50, concurrency: 4, isFresh: true })), []);
    assert.equal((await balancer.admin.status()).workers.length, 2);
  }
});

test('has all commands, and the demo with its processes', async (t) => {
  const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}` };
  const help = await run(command, ['--help'], { env });
  for (const name of ['run', 'proxy', 'check', 'explain', 'demo', 'backend'])
    assert.match(help.stdout, RegExp(`  ${name} `));
  assert.match((await run(command, ['--version'], { env })).stdout, /^\d+\.\d+\.\d+\n$/);
  const [proxyPort, dashboardPort, serverPort] = [await freePort(), await freePort(), await freePort()];
  const demo = startProgram(
    t,
    ['demo'],
    {
      ...env,
      PROXY_PORT: String(proxyPort),
      DASHBOARD_PORT: String(dashboardPort),
      SERVER_PORT: String(serverPort),
      BALLAST_ADMIN_TOKEN: '',
    },
    { command },
  );
  await eventually(
    () => `the demo's traffic to be answered\n${demo.log}`,
    async () => {
      const metrics = await fetch(`http://127.0.0.1:${dashboardPort}/metrics`).then(
        (answer) => answer.text(),
        () => '',
      );
      return /^ballast_requests_total\{.*\} [1-9]/m.test(metrics);
    },
    30_000,
  );
  assert.equal(await demo.stop(), 0, demo.log);
});
