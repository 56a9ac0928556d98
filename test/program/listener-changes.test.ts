/** Listeners come and go by reload: in all workers or in none, and with nothing lost that had come in. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { startLoad } from '../harness/background-load.ts';
import { type BalancerProgram, poolOf, runBalancer, type Settings } from '../harness/balancer-program.ts';
import { freePort } from '../harness/free-port.ts';
import { type HttpBackend, startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { accepts } from '../harness/program.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

const REFUSE = new URL('../harness/refuse-to-listen.ts', import.meta.url).href;

function on(
  balancer: BalancerProgram,
  backends: readonly HttpBackend[],
  more: Settings,
  pool: Settings = {},
): Settings {
  return {
    listeners: { web: { address: `127.0.0.1:${balancer.port}` }, ...more },
    pools: { web: poolOf(backends, pool) },
  };
}

test('a port that one worker cannot open refuses the whole reload, and no worker keeps it', async (t) => {
  const backends = await startHttpBackends(t, ['a']);
  const second = await freePort();
  const refusedFile = path.join(os.tmpdir(), `ballast-refused-${process.pid}-${second}`);
  t.after(() => rm(refusedFile, { force: true }));
  const balancer = await runBalancer(
    t,
    { pools: { web: poolOf(backends) } },
    { NODE_OPTIONS: `--import=${REFUSE}`, REFUSED_PORT_FILE: refusedFile },
  );
  const load = startLoad(t, { port: balancer.port, concurrency: 4 });
  const { revision } = await balancer.admin.status();
  await writeFile(refusedFile, String(second));
  const more = { more: { address: `127.0.0.1:${second}` } };
  await balancer.write(on(balancer, backends, more, { policy: 'least-connections' }));

  const answer = await balancer.admin.ask('/api/v1/reload', { method: 'POST' });
  assert.equal(answer.status, 422, answer.text);
  assert.match(answer.text, /listener more cannot listen: listen EADDRINUSE/);
  assert.equal((await balancer.admin.eventsOf('reload-refused')).length, 1);
  assert.deepEqual([await accepts(second), await accepts(balancer.port)], [false, true]);
  const status = await balancer.admin.status();
  assert.deepEqual([status.revision, status.pools[0]?.policy], [revision, 'round-robin']);
  assert.ok(status.workers.every(({ state, restarts }) => state === 'running' && restarts === 0));

  await rm(refusedFile);
  assert.equal((await balancer.reload()).kind, 'config-reloaded');
  assert.equal((await balancer.admin.pool()).policy, 'least-connections');
  // Fresh connections spread over both workers: the other one would refuse them.
  assert.deepEqual(failedIn(await runLoad({ port: second, requests: 60, concurrency: 4, isFresh: true })), []);
  assert.deepEqual(failedIn(await load.stop()), []);
});

test('connections that came by a removed listener live on, and so do those that nobody had accepted', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const second = await freePort();
  const balancer = await runBalancer(t, { pools: { web: poolOf(backends) } });
  const load = startLoad(t, { port: balancer.port, concurrency: 4 });
  const fresh = startLoad(t, { port: balancer.port, concurrency: 2, isFresh: true });
  for (let round = 0; round < 5; round++) {
    await balancer.reloadWith(on(balancer, backends, { second: { address: `127.0.0.1:${second}` } }));
    const kept = await connectRaw(t, second);
    await kept.send(requestBytes('GET', '/first'));
    assert.equal((await kept.response()).status, 200);

    // The process stands still while the kernel takes in a hundred more for it.
    await balancer.write(on(balancer, backends, {}));
    balancer.program.signal('SIGSTOP');
    const waiting = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const client = await connectRaw(t, second);
        await client.send(requestBytes('GET', '/waiting'));
        return client;
      }),
    );
    balancer.program.signal('SIGHUP');
    balancer.program.signal('SIGCONT');
    const answers = await Promise.all(waiting.map((client) => client.response()));
    assert.ok(answers.every(({ status }) => status === 200));
    // Told only now: the reload waits for what is in the queue, and not the other way round.
    while (await accepts(second));
    await kept.send(requestBytes('GET', '/second'));
    assert.equal((await kept.response()).status, 200);
    for (const client of [kept, ...waiting]) client.destroy();
  }
  for (const each of [load, fresh]) assert.deepEqual(failedIn(await each.stop()), []);
});

test('a reload that comes while the balancer stops opens no port again', async (t) => {
  const held: (() => void)[] = [];
  const backends = await startHttpBackends(t, ['a'], {
    handle: (_request, response) => void held.push(() => response.end()),
  });
  const balancer = await runBalancer(t, { pools: { web: poolOf(backends) } });
  const client = await connectRaw(t, balancer.port);
  await client.send(requestBytes('GET', '/'));
  while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 4));
  balancer.program.signal('SIGTERM');
  while (await accepts(balancer.port));
  const answer = await balancer.admin.ask('/api/v1/reload', { method: 'POST' });
  assert.equal(answer.status, 503, answer.text);
  assert.match(answer.text, /the balancer is stopping/);
  // A change at run time makes a new plan for the workers as well.
  await balancer.admin.addBackend({ url: 'http://127.0.0.1:9', name: 'b' });
  await new Promise<void>((resolve) => {
    const socket = net.connect({ port: balancer.port, host: '127.0.0.1' });
    socket.once('error', () => resolve());
    socket.once('connect', () => assert.fail('the port is open again'));
  });
  for (const release of held) release();
  assert.equal((await client.response()).status, 200);
  assert.equal(await balancer.program.ended(), 0);
});
