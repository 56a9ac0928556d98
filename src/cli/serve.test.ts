/** A running balancer and its signals: real processes, with a backend that answers when the test wants. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../test/harness/eventually.ts';
import { freePort } from '../../test/harness/free-port.ts';
import { accepts, type RunningProgram, runBallast, startProgram } from '../../test/harness/program.ts';

const START_LIMIT_MS = 20_000;

interface SlowBackend {
  readonly url: string;
  /** Requests to `/slow` that wait for their answer. */
  readonly waiting: http.ServerResponse[];
}

async function slowBackend(t: TestContext): Promise<SlowBackend> {
  const waiting: http.ServerResponse[] = [];
  const server = http.createServer((request, response) => {
    if (request.url === '/slow') waiting.push(response);
    else response.end('quick');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, waiting };
}

const yaml = (port: number, backendUrl: string): string => `
version: 1
workers: 1
listeners:
  web: { address: "127.0.0.1:${port}" }
pools:
  web: { backends: ["${backendUrl}"] }
routes:
  - { pool: web }
`;

/** `runBallast`, until it says that it accepts: the check for a taken port opens the port for a moment too. */
async function run(t: TestContext, port: number, backend: SlowBackend): Promise<RunningProgram> {
  const running = await runBallast(t, yaml(port, backend.url), [port]);
  const { program } = running;
  await eventually(
    () => program.log,
    () => program.stderr.includes(`listener web accepts on 127.0.0.1:${port}`),
    START_LIMIT_MS,
  );
  return running;
}

test('the first SIGTERM closes the door and finishes what is in flight', async (t) => {
  const backend = await slowBackend(t);
  const port = await freePort();
  const { program } = await run(t, port, backend);
  const slow = fetch(`http://127.0.0.1:${port}/slow`);
  await eventually('the request to arrive', () => backend.waiting.length === 1);
  program.signal('SIGTERM');
  await eventually('the door to close', async () => !(await accepts(port)));
  assert.equal(program.exit, null, 'it waits for the answer');
  backend.waiting[0]?.end('late');
  assert.equal(await (await slow).text(), 'late');
  assert.equal(await program.ended(), 0, program.log);
  assert.equal(program.stdout, '', 'stdout is for data');
});

test('a second signal ends it at once', async (t) => {
  const backend = await slowBackend(t);
  const port = await freePort();
  const { program } = await run(t, port, backend);
  const slow = fetch(`http://127.0.0.1:${port}/slow`);
  slow.catch(() => {});
  await eventually('the request to arrive', () => backend.waiting.length === 1);
  program.signal('SIGINT');
  await eventually('the door to close', async () => !(await accepts(port)));
  // Longer than two signals are taken for one and its echo.
  await delay(50);
  program.signal('SIGINT');
  assert.equal(await program.ended(), 1, program.log);
  await assert.rejects(slow);
});

test('SIGHUP with a broken file changes nothing, with a good one takes it', async (t) => {
  const [first, second] = [await slowBackend(t), await slowBackend(t)];
  const port = await freePort();
  const { program, configFile } = await run(t, port, first);
  await writeFile(configFile, 'version: 2\n');
  program.signal('SIGHUP');
  await eventually(
    () => `the refusal in the log\n${program.log}`,
    () => program.stderr.includes('reload-refused'),
  );
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'quick');

  await writeFile(configFile, yaml(port, second.url));
  program.signal('SIGHUP');
  await eventually(
    () => `the reload in the log\n${program.log}`,
    () => program.stderr.includes('config-reloaded'),
  );
  const slow = fetch(`http://127.0.0.1:${port}/slow`);
  await eventually('the request to arrive at the new backend', () => second.waiting.length === 1);
  second.waiting[0]?.end('new');
  assert.equal(await (await slow).text(), 'new');
  assert.equal(await program.stop(), 0, program.log);
});

test('proxy is described by the environment alone', async (t) => {
  const backend = await slowBackend(t);
  const [port, dashboardPort] = [await freePort(), await freePort()];
  const program = startProgram(t, ['proxy', '--policy', 'least-connections'], {
    PROXY_PORT: String(port),
    DASHBOARD_PORT: String(dashboardPort),
    BACKEND_SERVERS: `${backend.url}, ${backend.url}/`,
    BALLAST_ADMIN_TOKEN: '',
  });
  assert.equal(await program.ended(), 2, 'one backend twice is a mistake');

  const good = startProgram(t, ['proxy', '--policy', 'least-connections'], {
    PROXY_PORT: String(port),
    DASHBOARD_PORT: String(dashboardPort),
    BACKEND_SERVERS: backend.url,
    BALLAST_ADMIN_TOKEN: '',
  });
  await eventually(
    () => good.log,
    async () => (await accepts(port)) && (await accepts(dashboardPort)),
    20_000,
  );
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'quick');
  const status = await (await fetch(`http://127.0.0.1:${dashboardPort}/api/v1/status`)).json();
  assert.equal((status as { pools: { policy: string }[] }).pools[0]?.policy, 'least-connections');
  assert.equal(await good.stop(), 0, good.log);
});
