/** WebSockets through the whole program: as many tunnels as are open are in flight, and none is mixed up. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { startEchoBackend } from '../harness/echo-backend.ts';
import { eventually } from '../harness/eventually.ts';
import { accepts } from '../harness/program.ts';

const SOCKETS = 50;

async function open(t: TestContext, port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`);
  t.after(() => socket.terminate());
  socket.on('error', () => {});
  await once(socket, 'open');
  return socket;
}

async function echo(socket: WebSocket, message: string): Promise<void> {
  socket.send(message);
  const [echoed] = (await once(socket, 'message')) as [Buffer];
  assert.equal(echoed.toString(), message);
}

test('fifty at once, each with its own echo, spread over the backends', async (t) => {
  const backends = await Promise.all(['a', 'b'].map((name) => startEchoBackend(t, name)));
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf(backends) } });
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => open(t, port)));
  const during = await admin.pool();
  assert.deepEqual(
    during.backends.map(({ inFlight }) => inFlight),
    [SOCKETS / 2, SOCKETS / 2],
  );
  await Promise.all(
    sockets.map(async (socket, index) => {
      for (const bytes of [1, 125, 70_000, 300_000]) await echo(socket, `${index}:`.padEnd(bytes, String(index % 10)));
    }),
  );
  for (const socket of sockets) socket.close(1000);
  await Promise.all(sockets.map((socket) => once(socket, 'close')));
  await admin.atRest();
  const pool = await admin.pool();
  assert.deepEqual([pool.requests, pool.statuses['1xx'], pool.failures], [SOCKETS, SOCKETS, 0]);
});

test('a reload leaves open tunnels alone, and a shutdown waits for them', async (t) => {
  const [a, b] = await Promise.all(['a', 'b'].map((name) => startEchoBackend(t, name)));
  assert.ok(a && b);
  const balancer = await runBalancer(t, { pools: { web: poolOf([a]) } });
  const socket = await open(t, balancer.port);
  await echo(socket, 'before');
  await balancer.reloadWith({ pools: { web: poolOf([b]) } });
  await echo(socket, 'after');
  balancer.program.signal('SIGTERM');
  await eventually('the port to refuse', async () => !(await accepts(balancer.port)));
  await echo(socket, 'while it drains');
  socket.close(1000);
  await once(socket, 'close');
  assert.equal(await balancer.program.ended(), 0, balancer.program.log);
});
