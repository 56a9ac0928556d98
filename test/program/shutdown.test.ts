/** SIGTERM: no new connections, everything under way is finished, exit 0; a second one ends at once. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type BalancerProgram, poolOf, runBalancer } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { startHttpBackend } from '../harness/http-backends.ts';
import { accepts } from '../harness/program.ts';
import { connectRaw, type RawClient, requestBytes } from '../harness/raw-client.ts';

const IN_FLIGHT = 12;

interface Busy {
  readonly balancer: BalancerProgram;
  /** Each with one request under way that the backend holds. */
  readonly clients: readonly RawClient[];
  /** A connection that has had its answer and waits. */
  readonly idle: RawClient;
  readonly release: () => void;
}

async function startBusy(t: TestContext, shutdownTimeout: string): Promise<Busy> {
  const held: (() => void)[] = [];
  const backend = await startHttpBackend(t, 'a', {
    handle(request, response) {
      if (request.url === '/slow') held.push(() => response.end('late'));
      else response.end('ok');
    },
  });
  const balancer = await runBalancer(t, { shutdownTimeout, pools: { web: poolOf([backend]) } });
  const idle = await connectRaw(t, balancer.port);
  assert.equal((await idle.request(requestBytes('GET', '/'))).status, 200);
  const clients = await Promise.all(Array.from({ length: IN_FLIGHT }, () => connectRaw(t, balancer.port)));
  for (const client of clients) await client.send(requestBytes('GET', '/slow'));
  await eventually('all to be held', () => held.length === IN_FLIGHT);
  return {
    balancer,
    clients,
    idle,
    release: () => {
      for (const answer of held) answer();
    },
  };
}

test('what is in flight is finished, nothing new is accepted, and it exits 0', async (t) => {
  const { balancer, clients, idle, release } = await startBusy(t, '30s');
  const { admin, program, port } = balancer;
  assert.equal((await admin.ask('/readyz')).status, 200);
  program.signal('SIGTERM');
  await eventually('the port to refuse', async () => !(await accepts(port)));
  assert.equal(await idle.closed(), 'ended');
  const ready = await admin.ask('/readyz');
  assert.deepEqual([ready.status, ready.text], [503, 'draining\n']);
  assert.equal((await admin.ask('/livez')).status, 200);
  const status = await admin.status();
  assert.equal(status.isDraining, true);
  assert.equal(status.pools[0]?.backends[0]?.inFlight, IN_FLIGHT);
  assert.equal(program.exit, null);

  release();
  for (const client of clients) {
    const answer = await client.response();
    assert.deepEqual([answer.status, answer.body], [200, 'late']);
    assert.equal(answer.field('connection')?.toLowerCase(), 'close');
    assert.equal(await client.closed(), 'ended');
  }
  assert.equal(await program.ended(), 0, program.log);
  assert.equal(await accepts(admin.port), false);
});

for (const signals of [
  ['SIGTERM', 'SIGTERM'],
  ['SIGINT', 'SIGTERM'],
] as const) {
  test(`after ${signals[0]}, ${signals[1]} ends it at once`, async (t) => {
    const { balancer, clients } = await startBusy(t, '30s');
    const { program, port } = balancer;
    program.signal(signals[0]);
    await eventually('the port to refuse', async () => !(await accepts(port)));
    assert.equal(program.exit, null);
    // The same signal twice within a few milliseconds is an echo and not a wish.
    await delay(100);
    program.signal(signals[1]);
    assert.equal(await program.ended(), 1, program.log);
    for (const client of clients) assert.notEqual(await client.closed(), 'open');
  });
}

test('what is not finished within shutdownTimeout is cut, and told', async (t) => {
  const { balancer, clients } = await startBusy(t, '300ms');
  const { program } = balancer;
  program.signal('SIGTERM');
  assert.equal(await program.ended(), 0, program.log);
  for (const client of clients) {
    await client.closed();
    assert.equal(client.received, '', 'no half answer');
  }
  assert.match(program.stderr, new RegExp(`${IN_FLIGHT} requests were cut`));
});

test('with nothing in flight it exits at once', async (t) => {
  const backend = await startHttpBackend(t, 'a');
  const balancer = await runBalancer(t, { pools: { web: poolOf([backend]) } });
  const idle = await connectRaw(t, balancer.port);
  assert.equal((await idle.request(requestBytes('GET', '/'))).status, 200);
  assert.equal(await balancer.program.stop(), 0, balancer.program.log);
  assert.equal(await idle.closed(), 'ended');
});
