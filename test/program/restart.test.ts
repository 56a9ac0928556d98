/** SIGUSR2: another process takes the ports over, and no client notices; or nothing happens at all. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Status } from '../../src/protocol/admin-api.ts';
import { poolOf, QUICK_HEALTH } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackend, startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { accepts } from '../harness/program.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { openEcho, sayEcho, startDownload, startTraffic, startTrafficBackend } from '../harness/restart-traffic.ts';
import { BALLAST, runRestartingBalancer } from '../harness/restarting-balancer.ts';

const CRASH_ON_FILE = new URL('../harness/crash-on-file.ts', import.meta.url).href;
const TOKEN = 'a-token-for-this-test-only';

test('two restarts under load, to one worker and back to two: nothing is refused, reset or failed', async (t) => {
  const backends = await Promise.all(['a', 'b'].map((name) => startTrafficBackend(t, name)));
  const settings = (workers: number) => ({ workers, shutdownTimeout: '9s', pools: { web: poolOf(backends) } });
  const crashFile = path.join(os.tmpdir(), `ballast-crash-${process.pid}-${backends[0]?.port}`);
  const env = { NODE_OPTIONS: `--import=${CRASH_ON_FILE}`, CRASH_FILE: crashFile };
  const balancer = await runRestartingBalancer(t, settings(2), env);
  const { admin, port, program } = balancer;
  const idle = await connectRaw(t, port);
  const first = await idle.request(requestBytes('GET', '/'));
  assert.deepEqual([first.status, first.field('connection')], [200, null]);
  const traffic = startTraffic(t, port);
  const download = await startDownload(port, 30, 100);
  const socket = await openEcho(t, port);
  const socketClosed = once(socket, 'close');

  await balancer.write(settings(1));
  await balancer.restart();
  // The old process still has them, to their end or to the limit of its drain.
  await sayEcho(socket, 'still here');
  // Whoever sends it a signal means the one that serves.
  program.signal('SIGHUP');
  await eventually('the new one to reload', async () => (await admin.eventsOf('config-reloaded')).length === 1);
  const next = await idle.request(requestBytes('POST', '/', {}, 'body'));
  assert.deepEqual([next.status, next.field('connection')], [200, 'close']);
  assert.equal(await idle.closed(), 'ended');
  assert.equal(await download.done, 30_000);
  assert.equal((await admin.status()).workers.length, 1);
  await balancer.write(settings(2));
  await balancer.restart();
  assert.equal((await admin.status()).workers.length, 2);
  const requests = await traffic.stop();
  assert.ok(requests > 100, `${requests} requests`);
  await socketClosed;
  assert.equal(await program.ended(60_000), 0, program.log);
  await balancer.untilAlone();
  // Each of the sockets that there are by now is accepted from; also after one died with its worker.
  const fresh = async (): Promise<string[]> =>
    failedIn(await runLoad({ port, requests: 100, concurrency: 8, isFresh: true }));
  assert.deepEqual(await fresh(), []);
  await writeFile(`${crashFile}.new`, 'throw');
  await rename(`${crashFile}.new`, `${crashFile}.0`);
  await eventually('the worker to be replaced', async () => {
    const worker = (await admin.status()).workers[0];
    return worker?.state === 'running' && worker.restarts === 1;
  });
  assert.deepEqual(await fresh(), []);
  await balancer.restart();
  assert.deepEqual(await fresh(), []);
});

test('the new process goes on with run-time changes, health and sessions, and listens where its file says', async (t) => {
  const [a, b, dead] = await startHttpBackends(t, ['a', 'b', 'dead']);
  assert.ok(a && b && dead);
  await dead.close();
  const [second, third, adminPort] = [await freePort(), await freePort(), await freePort()];
  const on = (...ports: number[]) =>
    Object.fromEntries(ports.map((port, index) => [`l${index}`, { address: `127.0.0.1:${port}` }]));
  const pools = {
    web: poolOf([a, b, dead], { health: { ...QUICK_HEALTH, interval: '1h', fastInterval: '1h', fall: 1 } }),
  };
  const balancer = await runRestartingBalancer(t, { pools }, { BALLAST_ADMIN_TOKEN: TOKEN });
  const { admin, port } = balancer;
  const withToken = { headers: { authorization: `Bearer ${TOKEN}` } };
  const signedIn = await admin.ask('/api/v1/session', { method: 'POST', body: { token: TOKEN } });
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  const status = async (headers: Record<string, string>): Promise<Status> =>
    JSON.parse((await admin.ask('/api/v1/status', { headers })).text);
  const backend = async (name: string) =>
    (await status(withToken.headers)).pools[0]?.backends.find((one) => one.name === name);
  await eventually('the dead one to be down', async () => (await backend('dead'))?.state === 'down');
  const patch = (path: string, body: Record<string, unknown>) =>
    admin.ask(path, { ...withToken, method: 'PATCH', body });
  assert.equal((await patch('/api/v1/pools/web', { policy: 'least-connections' })).status, 200);
  assert.equal((await patch('/api/v1/pools/web/backends/b', { mode: 'drain' })).status, 200);
  const stateFile = `${balancer.folder}/.ballast.yaml.state.json`;
  const kept = await readFile(stateFile, 'utf8');
  // Whatever the new process goes by, it is not this file.
  await writeFile(stateFile, kept.replace('least-connections', 'round-robin'));
  await balancer.write({ listeners: on(port, second), pools });
  await balancer.restart();

  const [pool] = (await status({ cookie })).pools;
  assert.equal(pool?.policy, 'least-connections');
  assert.deepEqual([(await backend('b'))?.state, (await backend('dead'))?.state], ['draining', 'down']);
  const report = await runLoad({ port: second, requests: 20, concurrency: 2 });
  assert.deepEqual([failedIn(report), Object.fromEntries(report.byBackend)], [[], { a: 20 }]);
  assert.equal((await status(withToken.headers)).pools[0]?.retries, 0, 'the dead one was not even tried');

  // It is the one that writes from now on, whatever the old one does at its end.
  assert.equal((await patch('/api/v1/pools/web/backends/b', { mode: 'ready' })).status, 200);
  await balancer.untilAlone();
  assert.ok(!(await readFile(stateFile, 'utf8')).includes('drain'));

  await balancer.write({ listeners: on(second, third), pools, admin: { address: `127.0.0.1:${adminPort}` } });
  await balancer.restart();
  await eventually('the first port to be closed', async () => !(await accepts(port)));
  await eventually('the old admin API to be closed', async () => !(await accepts(admin.port)));
  assert.equal(await accepts(adminPort), true);
  for (const open of [second, third]) {
    assert.deepEqual(failedIn(await runLoad({ port: open, requests: 40, concurrency: 8, isFresh: true })), []);
  }
});

test('where no new process comes up, the old one goes on as before', async (t) => {
  const pools = { web: poolOf(await startHttpBackends(t, ['a', 'b'])) };
  const balancer = await runRestartingBalancer(t, { pools });
  const { admin, pid, port, program } = balancer;
  const traffic = startTraffic(t, port);

  // The file is wrong.
  await balancer.write({ workers: 'many', pools: { web: { ...pools.web, policy: 'rond-robin' } } });
  assert.match((await balancer.restartInVain('restart-refused')).text, /goes on as before: 2 problems, the first: /);
  assert.match(program.stderr, /rond-robin/);

  // The program is not there, or does not come up.
  await balancer.write({ pools });
  await rm(balancer.command);
  assert.match((await balancer.restartInVain('restart-failed')).text, /ENOENT/);
  await writeFile(balancer.command, 'process.exit(7);\n');
  assert.match((await balancer.restartInVain('restart-failed')).text, /ended with exit code 7/);
  await rm(balancer.command);
  await symlink(BALLAST, balancer.command);

  // The file is valid, and what it asks for cannot be had.
  const taken = await startHttpBackend(t, 'taken');
  const listeners = { web: { address: `127.0.0.1:${port}` }, more: { address: `127.0.0.1:${taken.port}` } };
  await balancer.write({ listeners, pools });
  const { text } = await balancer.restartInVain('restart-failed');
  assert.match(text, new RegExp(`goes on as before: listener more: port ${taken.port} is already in use`));

  assert.deepEqual([balancer.pid, balancer.draining(), program.exit], [pid, [], null]);
  assert.equal((await admin.ask('/readyz')).status, 200);
  // Changes are taken and kept again.
  await admin.setPolicy('least-connections');
  assert.match(await readFile(`${balancer.folder}/.ballast.yaml.state.json`, 'utf8'), /least-connections/);
  assert.ok((await traffic.stop()) > 50);

  // Asked to end in the middle of a restart, it ends, and leaves nobody behind.
  await balancer.write({ pools });
  balancer.signal('SIGUSR2');
  balancer.signal('SIGTERM');
  assert.equal(await program.ended(60_000), 0, program.log);
  await eventually('the port to refuse', async () => !(await accepts(port)));
  assert.equal(balancer.pid, 0);
});
