/** The whole demo as `npm start` runs it, on ports of its own. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eventually } from '../test/harness/eventually.ts';
import { freePort } from '../test/harness/free-port.ts';
import { accepts, type Program, startProgram } from '../test/harness/program.ts';

const START_LIMIT_MS = 30_000;

interface Demo {
  readonly program: Program;
  readonly proxyPort: number;
  readonly dashboardPort: number;
  readonly backendPorts: readonly number[];
}

/** The first of three free ports in a row. */
async function threePorts(): Promise<number> {
  for (;;) {
    const first = await freePort();
    const isTaken = await Promise.all([first + 1, first + 2].map((port) => accepts(port)));
    if (!isTaken.includes(true)) return first;
  }
}

async function startDemo(t: TestContext): Promise<Demo> {
  const [proxyPort, dashboardPort, first] = [await freePort(), await freePort(), await threePorts()];
  const program = startProgram(t, ['demo'], {
    PROXY_PORT: String(proxyPort),
    DASHBOARD_PORT: String(dashboardPort),
    SERVER_PORT: String(first),
    BACKEND_SERVERS: '',
    BALLAST_ADMIN_TOKEN: '',
  });
  await eventually(
    () => `the guide to be printed\n${program.log}`,
    () => program.exit !== null || program.stderr.includes('Stop all of it with Ctrl-C'),
    START_LIMIT_MS,
  );
  assert.equal(program.exit, null, program.log);
  return { program, proxyPort, dashboardPort, backendPorts: [first, first + 1, first + 2] };
}

async function ask(port: number): Promise<{ name: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as { name: string };
}

test('the demo serves through all backends, shows itself, outlives one of them and ends clean', async (t) => {
  const { program, proxyPort, dashboardPort, backendPorts } = await startDemo(t);
  const names = new Set<string>();
  await eventually('answers of all three', async () => names.add((await ask(proxyPort)).name).size === 3, 10_000);
  assert.deepEqual([...names].sort(), ['quick', 'slow', 'steady']);

  const status = async (): Promise<{ requests: number; backends: { name: string; state: string }[] }> => {
    const answer = await fetch(`http://127.0.0.1:${dashboardPort}/api/v1/status`);
    const { pools } = (await answer.json()) as Record<'pools', Awaited<ReturnType<typeof status>>[]>;
    assert.ok(pools[0]);
    return pools[0];
  };
  await eventually('the traffic to show', async () => (await status()).requests > 50, 10_000);
  assert.match(await (await fetch(`http://127.0.0.1:${dashboardPort}/`)).text(), /<!doctype html>/i);

  const pid = /steady .* pid (\d+)/.exec(program.stderr)?.[1];
  process.kill(Number(pid), 'SIGTERM');
  const restart = `SERVER_PORT=${backendPorts[1]} SERVER_NAME=steady`;
  await eventually('the way back to be printed', () => program.stderr.includes('backend steady has ended'), 10_000);
  assert.ok(program.stderr.slice(program.stderr.indexOf('has ended')).includes(restart), program.log);
  await eventually('it to be down', async () => (await status()).backends[1]?.state !== 'up', 10_000);
  for (let count = 0; count < 10; count++) assert.notEqual((await ask(proxyPort)).name, 'steady');

  assert.equal(await program.stop(), 0, program.log);
  for (const port of [proxyPort, dashboardPort, ...backendPorts]) assert.equal(await accepts(port), false);
});

test('nothing of the demo outlives it, even where it is killed', async (t) => {
  const { program, proxyPort, dashboardPort, backendPorts } = await startDemo(t);
  program.signal('SIGKILL');
  await eventually(
    'every port to be closed',
    async () => {
      const open = await Promise.all([proxyPort, dashboardPort, ...backendPorts].map((port) => accepts(port)));
      return !open.includes(true);
    },
    10_000,
  );
});
