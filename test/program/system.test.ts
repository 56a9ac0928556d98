/** What the running program tells of itself: its threads under load and after a death, and the support bundle. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { WorkerStatus } from '../../src/protocol/admin-api.ts';
import type { ProcessFields, ThreadFigures } from '../../src/protocol/process.ts';
import { AdminClient } from '../harness/admin-client.ts';
import { startLoad } from '../harness/background-load.ts';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { startMortalBalancer } from '../harness/mortal-balancer.ts';
import { runBallast } from '../harness/program.ts';

interface Threads {
  readonly workers: readonly WorkerStatus[];
  readonly controlPlane: ThreadFigures;
}

test('workers under load show processor time, garbage and connections, here and in the metrics', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const { admin, port, pid } = await runBalancer(t, {
    pools: { web: poolOf(backends) },
    workerHeap: '128MiB',
    limits: { connections: 50 },
  });
  const load = startLoad(t, { port, concurrency: 16 });
  let shown: Threads = { workers: [], controlPlane: {} as ThreadFigures };
  await eventually(
    () => `both workers to be busy: ${JSON.stringify(shown.workers)}`,
    async () => {
      shown = await admin.json<Threads>('/api/v1/workers');
      return shown.workers.every(
        ({ cpuShare, upstreamConnections, lastBeatMs }) =>
          cpuShare > 0.01 && upstreamConnections > 0 && lastBeatMs !== null,
      );
    },
    30_000,
  );
  assert.equal(shown.workers.length, 2);
  for (const worker of shown.workers) {
    assert.equal(worker.state, 'running');
    assert.ok(worker.cpuShare <= 1 && worker.loopBusy > 0 && worker.loopBusy <= 1);
    assert.ok(worker.loopDelayP99Ms <= worker.loopDelayMs);
    assert.ok(worker.gcShare >= 0 && worker.gcShare < 1);
    assert.ok(worker.heapBytes > 1e6 && worker.heapBytes < worker.heapLimitBytes);
    assert.equal(worker.heapLimitBytes, 128 * 2 ** 20);
    assert.equal(worker.connectionLimit, 50);
    assert.equal(worker.sockets, 'handles');
    assert.ok(Math.abs(Date.now() - (worker.lastBeatMs ?? 0)) < 10_000);
  }
  assert.ok(shown.controlPlane.heapBytes > 1e6 && shown.controlPlane.loopBusy > 0);
  const clients = shown.workers.reduce((sum, { clientConnections }) => sum + clientConnections, 0);
  assert.ok(clients >= 16, `${clients} clients`);

  const before = await admin.metrics();
  for (const name of [
    'ballast_worker_cpu_seconds_total{worker="0"}',
    'ballast_worker_gc_seconds_total{worker="1"}',
    'ballast_control_plane_cpu_seconds_total',
  ]) {
    const isMore = async () => ((await admin.metrics()).get(name) ?? 0) > (before.get(name) ?? 0);
    await eventually(`${name} to go on`, isMore, 60_000);
  }
  await load.stop();

  const process = await admin.json<ProcessFields>('/api/v1/process');
  assert.equal(process.pid, pid);
  assert.ok((process.descriptors.open ?? 0) > 10 && (process.memory.residentBytes ?? 0) > 1e7);
  assert.match(process.configFile?.path ?? '', /ballast\.yaml$/);
  assert.match(process.stateFile.path ?? '', /\.ballast\.yaml\.state\.json$/);
  assert.equal(process.stateFile.problem, null);
  assert.deepEqual([process.shortages, process.handover, process.tookOverFrom], [[], 'none', null]);
});

test('a worker that dies is shown with its cause, and the next one without a past', async (t) => {
  const { harm, untilReplaced, workerStatus } = await startMortalBalancer(t);
  const before = await workerStatus(1);
  assert.deepEqual([before.restarts, before.lastDeath, before.restartAtMs], [0, null, null]);
  await harm(1);
  await untilReplaced(1, 1);
  const after = await workerStatus(1);
  assert.match(after.lastDeath?.cause ?? '', /thrown on the wish of a test/);
  assert.ok(after.startedAtMs > before.startedAtMs);
  assert.equal(after.restartAtMs, null);
  await eventually('its first beat', async () => (await workerStatus(1)).lastBeatMs !== null, 10_000);
  assert.equal((await workerStatus(0)).restarts, 0);
});

test('a shortage shows as long as it lasts', async (t) => {
  const backends = await startHttpBackends(t, ['a']);
  const { admin, port } = await runBalancer(t, {
    pools: { web: poolOf(backends) },
    workers: 1,
    limits: { connections: 1 },
  });
  const load = startLoad(t, { port, concurrency: 6, isFresh: true });
  const shortages = async () => (await admin.json<ProcessFields>('/api/v1/process')).shortages;
  await eventually('clients to be turned away', async () => (await shortages()).length > 0, 20_000);
  const [shortage] = await shortages();
  assert.equal(shortage?.code, 'CONNECTIONS_FULL');
  assert.ok((shortage?.count ?? 0) > 0 && Math.abs(Date.now() - (shortage?.sinceMs ?? 0)) < 30_000);
  await load.stop();
  await eventually('it to be over', async () => (await shortages()).length === 0, 30_000);
});

test('the support bundle has everything, and no secret', async (t) => {
  const token = 'bundle-token-0123456789abcdef';
  const backends = await startHttpBackends(t, ['a']);
  const [port, adminPort] = [await freePort(), await freePort()];
  const settings = {
    version: 1,
    workers: 1,
    listeners: { web: { address: `127.0.0.1:${port}` } },
    pools: { web: poolOf(backends) },
    admin: { address: `127.0.0.1:${adminPort}`, token: '${BUNDLE_SECRET}' },
  };
  const env = { BUNDLE_SECRET: token, API_PASSWORD: 'another-secret-0123456789' };
  const { program, configFile } = await runBallast(t, JSON.stringify(settings), [port, adminPort], env);
  const admin = new AdminClient(adminPort);
  const headers = { authorization: `Bearer ${token}` };
  // A file that is refused: its error is an event and a line of the log, and shows the line with the URL.
  const refused = { url: 'http://joe:pa55word-in-a-url@127.0.0.1:81', name: 'another-secret-0123456789' };
  const wrong = { ...settings, pools: { web: { backends: [refused] } } };
  await writeFile(configFile, JSON.stringify(wrong, null, 2));
  program.signal('SIGHUP');
  const bundle = () => admin.ask('/api/v1/support-bundle', { headers });
  await eventually('the refusal to be told', async () => (await bundle()).text.includes('reload-refused'), 20_000);

  assert.equal((await admin.ask('/api/v1/support-bundle')).status, 401);
  const { status, text, headers: fields } = await bundle();
  assert.equal(status, 200);
  assert.match(fields['content-disposition'] ?? '', /^attachment; filename="ballast-/);
  for (const secret of [token, 'pa55word', 'joe:', 'another-secret']) {
    assert.ok(!text.includes(secret), `${secret} is in the bundle`);
  }
  const content = JSON.parse(text) as {
    config: { file: { path: string }; settings: { admin: { token: { value: string; by: string } } } };
    process: ProcessFields;
    events: { kind: string }[];
    log: string[];
    metrics: string[];
    environment: { variablesSet: string[] };
  };
  assert.equal(content.config.file.path, configFile);
  assert.deepEqual(content.config.settings.admin.token.value, '***');
  assert.equal(content.process.pid, program.child.pid);
  assert.ok(content.events.some(({ kind }) => kind === 'started'));
  assert.ok(content.log.some((line) => line.includes('reload-refused')));
  assert.ok(content.metrics.includes('ballast_ready 1'));
  assert.ok(!content.environment.variablesSet.includes('API_PASSWORD'));
  // The log itself is as it was: one line a thing, on stderr.
  assert.match(program.stderr, /"kind":"reload-refused"/);
});
