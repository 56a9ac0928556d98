/** Who is in rotation, through the whole program: ejection, backups, panic, slow start, the limit of a drain. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import type { BackendStatus, CutAnswer } from '../../src/protocol/admin-api.ts';
import { type BalancerProgram, poolOf, QUICK_HEALTH, runBalancer, type Settings } from '../harness/balancer-program.ts';
import { startEchoBackend } from '../harness/echo-backend.ts';
import { eventually } from '../harness/eventually.ts';
import { type HttpBackend, startHttpBackend } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';

interface Dials {
  /** What checks are answered. */
  health: number;
  /** What requests are answered. */
  answer: number;
}

interface World {
  readonly balancer: BalancerProgram;
  readonly dials: ReadonlyMap<string, Dials>;
  readonly set: (name: string, dials: Partial<Dials>) => void;
  /** Answers by backend. */
  readonly share: (requests: number) => Promise<Record<string, number>>;
}

async function start(t: TestContext, names: readonly string[], pool: Settings): Promise<World> {
  const dials = new Map<string, Dials>(names.map((name) => [name, { health: 200, answer: 200 }]));
  const backends: HttpBackend[] = await Promise.all(
    names.map((name) =>
      startHttpBackend(t, name, {
        handle(request, response) {
          const own = dials.get(name);
          response.statusCode = (request.url === '/healthz' ? own?.health : own?.answer) ?? 500;
          response.end(name);
        },
      }),
    ),
  );
  const { backends: entries, ...rest } = poolOf(backends, { health: QUICK_HEALTH, ...pool });
  const isBackup = (name: string): object => (name.startsWith('backup') ? { backup: true } : {});
  const marked = (entries as { name: string }[]).map((entry) => ({ ...entry, ...isBackup(entry.name) }));
  const balancer = await runBalancer(t, { pools: { web: { backends: marked, ...rest } } });
  await balancer.admin.until('up', names);
  return {
    balancer,
    dials,
    set: (name, changes) => Object.assign(dials.get(name) ?? {}, changes),
    share: async (requests) => {
      const report = await runLoad({ port: balancer.port, requests, concurrency: 2 });
      return Object.fromEntries(report.byBackend);
    },
  };
}

test('a backend that fails its clients and passes its checks is ejected, and readmitted when its time is over', async (t) => {
  const world = await start(t, ['good', 'odd'], {
    // So many passed checks do not come within the time of the ejection.
    health: { ...QUICK_HEALTH, rise: 100 },
    outlier: { gatewayErrors: 3, time: '2s' },
  });
  const { admin } = world.balancer;
  world.set('odd', { answer: 503 });
  await eventually('it to be ejected', async () => {
    await world.share(10);
    return (await admin.backend('odd')).state === 'ejected';
  });
  world.set('odd', { answer: 200 });
  const odd = await admin.backend('odd');
  assert.match(odd.reason, /^\d+ gateway errors in a row in live traffic, last status 503; ejected for 2 s$/);
  assert.ok(odd.ejectedUntilMs !== null && odd.ejectedUntilMs > odd.sinceMs);
  assert.equal(odd.lastCheck?.isPass, true);
  assert.equal(odd.failures, 0);
  const elsewhere = await runLoad({ port: world.balancer.port, requests: 20, concurrency: 2 });
  assert.deepEqual(failedIn(elsewhere), []);
  if ((await admin.backend('odd')).state === 'ejected') {
    assert.deepEqual(Object.fromEntries(elsewhere.byBackend), { good: 20 });
  }
  await admin.until('up', ['odd']);
  assert.deepEqual(await world.share(20), { good: 10, odd: 10 });
  const [ejected] = await admin.eventsOf('backend-ejected', 'web/odd');
  const [readmitted] = await admin.eventsOf('backend-readmitted', 'web/odd');
  assert.deepEqual([ejected?.level, ejected?.text], ['bad', odd.reason]);
  assert.deepEqual([readmitted?.level, readmitted?.text], ['good', 'readmitted: its time is over']);
  const ejections = (await admin.metrics()).get('ballast_backend_ejections_total{pool="web",backend="odd"}') ?? 0;
  assert.equal(ejections, (await admin.eventsOf('backend-ejected', 'web/odd')).length);
});

test('checks that pass readmit an ejected backend before its time', async (t) => {
  const world = await start(t, ['good', 'odd'], { outlier: { gatewayErrors: 3, time: '10m', maxTime: '10m' } });
  const { admin } = world.balancer;
  world.set('odd', { answer: 502, health: 500 });
  await eventually('it to be ejected', async () => {
    await world.share(10);
    return (await admin.eventsOf('backend-ejected', 'web/odd')).length === 1;
  });
  world.set('odd', { answer: 200, health: 200 });
  await admin.until('up', ['odd']);
  assert.deepEqual(await world.share(20), { good: 10, odd: 10 });
});

test('backups stand in for dead backends, and panic is told when it begins and when it is over', async (t) => {
  const world = await start(t, ['a', 'b', 'c', 'backup'], { panic: 50 });
  const { admin } = world.balancer;
  assert.deepEqual(await world.share(30), { a: 10, b: 10, c: 10 });
  world.set('a', { health: 500 });
  world.set('b', { health: 500 });
  await admin.until('down', ['a', 'b']);
  assert.equal((await admin.pool()).isPanic, false, 'the backup makes up for them');
  assert.deepEqual(await world.share(20), { backup: 10, c: 10 });
  world.set('c', { health: 500 });
  await admin.until('down', ['c']);
  assert.equal((await admin.pool()).isPanic, true);
  assert.deepEqual(await world.share(40), { a: 10, b: 10, c: 10, backup: 10 });
  assert.equal((await admin.metrics()).get('ballast_panic{pool="web"}'), 1);
  for (const name of ['a', 'b', 'c']) world.set(name, { health: 200 });
  await admin.until('up', ['a', 'b', 'c']);
  assert.equal((await admin.pool()).isPanic, false);
  assert.deepEqual(await world.share(30), { a: 10, b: 10, c: 10 });
  assert.equal((await admin.eventsOf('pool-panic', 'web')).length, 1);
  assert.equal((await admin.eventsOf('pool-panic-over', 'web')).length, 1);
});

test('a backend that is set to ready again begins with a tenth of its share', async (t) => {
  const world = await start(t, ['a', 'b'], { slowStart: '1m' });
  const { admin } = world.balancer;
  assert.deepEqual(
    (await admin.pool()).backends.map(({ rampPercent }) => rampPercent),
    [100, 100],
  );
  await admin.patchBackend('b', { mode: 'maintenance' });
  const back = await admin.patchBackend('b', { mode: 'ready' });
  assert.deepEqual([back.state, back.rampPercent], ['up', 10]);
  const { a = 0, b = 0 } = await world.share(55);
  assert.ok(a === 50 && b === 5, `${a} and ${b}`);
  await world.balancer.reloadWith({
    pools: { web: { ...poolSettings(await admin.pool()), health: QUICK_HEALTH, slowStart: '1s' } },
  });
  await eventually('its whole share', async () => (await admin.backend('b')).rampPercent === 100);
});

/** The backends of a pool as a config file has them. */
function poolSettings({ backends }: { readonly backends: readonly BackendStatus[] }): Settings {
  return { backends: backends.map(({ name, url }) => ({ name, url })) };
}

async function openTunnel(t: TestContext, port: number): Promise<{ readonly closed: Promise<number> }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`);
  t.after(() => socket.terminate());
  socket.on('error', () => {});
  const { promise: closed, resolve } = Promise.withResolvers<number>();
  socket.on('close', resolve);
  await once(socket, 'open');
  return { closed };
}

test('a drain that lasts too long is cut, and the backend can come back', async (t) => {
  const [a, b] = await Promise.all(['a', 'b'].map((name) => startEchoBackend(t, name)));
  assert.ok(a && b);
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf([a, b], { drainTimeout: '1s' }) } });
  const tunnels = await Promise.all([0, 1].map(() => openTunnel(t, port)));
  const draining = await admin.patchBackend('a', { mode: 'drain' });
  assert.deepEqual([draining.state, draining.inFlight], ['draining', 1]);
  const cutAtMs = draining.cutAtMs ?? 0;
  assert.ok(cutAtMs > draining.sinceMs, 'when it will be cut is shown');
  assert.equal(await Promise.race(tunnels.map(({ closed }) => closed)), 1006);
  assert.ok(Date.now() >= cutAtMs - 50, 'not before its time');
  await eventually('nothing in flight there', async () => (await admin.backend('a')).inFlight === 0);
  assert.equal((await admin.backend('b')).inFlight, 1, 'the other tunnel stays');
  const [cut] = await admin.eventsOf('backend-cut', 'web/a');
  assert.deepEqual([cut?.level, cut?.text], ['warning', 'cut after 1s: 1 were still in flight']);
  const back = await admin.patchBackend('a', { mode: 'ready' });
  assert.equal(back.cutAtMs, null);
  await Promise.all([0, 1].map(() => openTunnel(t, port)));
  assert.ok((await admin.backend('a')).inFlight > 0, 'it serves again');
});

test('a removed backend goes at the limit, and one that is drained is cut by the API at once', async (t) => {
  const [a, b] = await Promise.all(['a', 'b'].map((name) => startEchoBackend(t, name)));
  assert.ok(a && b);
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf([a, b], { drainTimeout: '1s' }) } });
  const tunnels = await Promise.all([0, 1, 2, 3].map(() => openTunnel(t, port)));
  await admin.removeBackend('a');
  assert.equal((await admin.backend('a')).inFlight, 2, 'it stays visible');
  await eventually('it to be gone', async () => (await admin.pool()).backends.length === 1);
  assert.equal((await admin.eventsOf('backend-cut', 'web/a')).length, 1);
  assert.equal((await admin.eventsOf('backend-removed', 'web/a')).length, 1);

  const path = '/api/v1/pools/web/backends/b/cut';
  assert.equal((await admin.ask(path, { method: 'POST' })).status, 409, 'it takes requests');
  await admin.patchBackend('b', { mode: 'maintenance' });
  assert.deepEqual(await admin.json<CutAnswer>(path, { method: 'POST' }), { cut: 2 });
  assert.deepEqual(await Promise.all(tunnels.map(({ closed }) => closed)), [1006, 1006, 1006, 1006]);
  await admin.atRest();
});
