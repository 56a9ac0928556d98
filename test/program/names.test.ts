/**
 * Backends with names, against a name server in the test's hands: what it says is followed without
 * a failed request, and what it does not say changes nothing.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startLoad } from '../harness/background-load.ts';
import { QUICK_HEALTH, runBalancer, type Settings } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type HttpBackend, type HttpBackendOptions, startHttpBackend } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { runRestartingBalancer } from '../harness/restarting-balancer.ts';
import { type StubDns, startStubDns } from '../harness/stub-dns.ts';

const HOST = 'app.test';
const FIRST = '127.0.0.1';
const SECOND = '127.0.0.2';

/**
 * The same port at two addresses, as two servers of one name have it; and the requests that were
 * cut, without health checks, which are called off when their address goes.
 */
async function startTwins(
  t: TestContext,
  handle: NonNullable<HttpBackendOptions['handle']> = (_request, response, { name }) => response.end(name),
): Promise<[HttpBackend, HttpBackend, string[]]> {
  const cut: string[] = [];
  const port = await freePort();
  const start = (name: string, host: string): Promise<HttpBackend> =>
    startHttpBackend(t, name, {
      port,
      host,
      handle(request, response, backend) {
        response.on('close', () => {
          if (!response.writableFinished && request.url !== '/healthz') cut.push(`${request.url} at ${name}`);
        });
        handle(request, response, backend);
      },
    });
  return [await start('first', FIRST), await start('second', SECOND), cut];
}

/** One pool with one entry for the name, whose answers hold for a second. */
function settingsOf(dns: StubDns, port: number, entry: Settings = {}): Settings {
  return {
    dns: { servers: [dns.address], timeout: '500ms' },
    pools: { web: { backends: [{ url: `http://${HOST}:${port}`, name: 'app', ...entry }], health: QUICK_HEALTH } },
  };
}

test('traffic follows a name to another address, and no request fails', async (t) => {
  const [first, second, cut] = await startTwins(t, (_request, response, { name }) => {
    setTimeout(() => response.end(name), 2);
  });
  const dns = await startStubDns(t);
  dns.setAddresses(HOST, [FIRST]);
  const { admin, port } = await runBalancer(t, settingsOf(dns, first.port));
  const loads = [startLoad(t, { port, concurrency: 6 }), startLoad(t, { port, concurrency: 3, isFresh: true })];
  await admin.until('up', ['app']);
  for (const [from, to, address] of [
    [first, second, SECOND],
    [second, first, FIRST],
  ] as const) {
    dns.setAddresses(HOST, [address]);
    await eventually(`requests at ${address}`, async () => {
      const [event] = (await admin.eventsOf('backend-resolved', 'web/app')).slice(-1);
      return event?.text.startsWith(`${HOST} is now ${address}`) === true;
    });
    let [fromBefore, toBefore] = [from.requests, to.requests];
    await eventually('a hundred requests in a row at the new address', () => {
      if (from.requests !== fromBefore) [fromBefore, toBefore] = [from.requests, to.requests];
      return to.requests > toBefore + 100;
    });
    assert.equal(from.inFlight, 0);
  }
  for (const load of loads) assert.deepEqual(failedIn(await load.stop()), []);
  assert.deepEqual(cut, []);
  const { requests, failures } = await admin.backend('app');
  assert.deepEqual([requests > 100, failures], [true, 0]);
});

test('every address is a backend of its own; one that is gone finishes what it has, and leaves', async (t) => {
  const held: (() => void)[] = [];
  let slowRequests = 0;
  const [first, second, cut] = await startTwins(t, (request, response, { name }) => {
    if (request.url === '/slow') slowRequests++;
    if (request.url === '/slow' && name === 'second') held.push(() => response.end(name));
    else response.end(name);
  });
  const dns = await startStubDns(t);
  dns.setAddresses(HOST, [SECOND, FIRST]);
  const { admin, port } = await runBalancer(t, settingsOf(dns, first.port, { addresses: 'all' }));
  const [firstName, secondName] = [`app@${FIRST}`, `app@${SECOND}`];
  await admin.until('up', [firstName, secondName]);
  // The entry itself stood for them until they were known, and leaves.
  await eventually('the entry to be gone', async () => (await admin.pool()).backends.length === 2);
  assert.deepEqual(
    (await admin.pool()).backends.map(({ name, url }) => [name, url]),
    [
      [firstName, `http://${HOST}:${first.port}`],
      [secondName, `http://${HOST}:${first.port}`],
    ],
  );
  const report = await runLoad({ port, requests: 40, concurrency: 4 });
  assert.deepEqual(failedIn(report), []);
  assert.deepEqual(Object.fromEntries(report.byBackend), { first: 20, second: 20 });
  assert.deepEqual([(await admin.backend(firstName)).requests, (await admin.backend(secondName)).requests], [20, 20]);

  // What is changed at one holds for that one.
  await admin.patchBackend(firstName, { mode: 'drain' });
  const drained = await runLoad({ port, requests: 10, concurrency: 2 });
  assert.deepEqual(Object.fromEntries(drained.byBackend), { second: 10 });
  await admin.patchBackend(firstName, { mode: 'ready' });

  const slow = runLoad({ port, path: '/slow', requests: 4, concurrency: 4 });
  await eventually('requests to be held', () => slowRequests === 4);
  assert.equal(held.length, 2);
  const load = startLoad(t, { port, concurrency: 4 });
  dns.setAddresses(HOST, [FIRST]);
  await admin.until('draining', [secondName]);
  await eventually('only the held ones to be left', async () => (await admin.backend(secondName)).inFlight === 2);
  const { isRemoved, reason } = await admin.backend(secondName);
  assert.deepEqual([isRemoved, reason], [true, 'removed by name resolution']);
  for (const release of held) release();
  assert.deepEqual(failedIn(await slow), []);
  await eventually('it to be gone', async () => (await admin.pool()).backends.length === 1);

  dns.setAddresses(HOST, [FIRST, SECOND]);
  await admin.until('up', [firstName, secondName]);
  const before = second.requests;
  await eventually('it to serve again', () => second.requests > before + 20);
  assert.deepEqual(failedIn(await load.stop()), []);
  assert.deepEqual(cut, []);
  const told = (await admin.eventsOf('addresses-changed', 'web/app')).map(({ text }) => text);
  assert.deepEqual(told, [`${HOST}: ${SECOND} went`, `${HOST}: ${SECOND} came`]);
});

test('a restart without loss while the name server is dead: the new process knows what the old one knew', async (t) => {
  const [first, second, cut] = await startTwins(t, (_request, response, { name }) => {
    setTimeout(() => response.end(name), 5);
  });
  const dns = await startStubDns(t);
  dns.setAddresses(HOST, [FIRST, SECOND]);
  const settings = settingsOf(dns, first.port, { addresses: 'all' });
  const balancer = await runRestartingBalancer(t, { ...settings, shutdownTimeout: '2s' });
  const { admin, port, pid } = balancer;
  const names = [`app@${FIRST}`, `app@${SECOND}`];
  await admin.until('up', names);
  await second.close();
  await admin.until('down', [`app@${SECOND}`]);
  dns.isDead = true;
  const load = startLoad(t, { port, concurrency: 2, isFresh: true });
  await balancer.restart();
  assert.notEqual(balancer.pid, pid);
  const { backends } = await admin.pool();
  assert.deepEqual(
    backends.filter(({ isRemoved }) => !isRemoved).map(({ name, state }) => [name, state]),
    [
      [names[0], 'up'],
      [names[1], 'down'],
    ],
  );
  await eventually('the warning', async () => (await admin.eventsOf('address-stale', 'web/app')).length > 0);
  assert.deepEqual(failedIn(await load.stop()), []);
  assert.deepEqual(cut, []);
  await balancer.untilAlone();
});

test('while the name server is dead the last addresses serve; a start without one starts, and serves when it is back', async (t) => {
  const [first] = await startTwins(t);
  const dns = await startStubDns(t);
  dns.setAddresses(HOST, [FIRST, SECOND]);
  const balancer = await runBalancer(t, settingsOf(dns, first.port, { addresses: 'all' }));
  const { admin, port } = balancer;
  const names = [`app@${FIRST}`, `app@${SECOND}`];
  await admin.until('up', names);
  await admin.patchBackend(`app@${FIRST}`, { weight: 9 });

  dns.isDead = true;
  await eventually('the warning', async () => (await admin.eventsOf('address-stale', 'web/app')).length > 0);
  const [event] = await admin.eventsOf('address-stale', 'web/app');
  assert.equal(event?.level, 'warning');
  assert.equal(event?.text, `ETIMEOUT ${HOST}; the last addresses ${FIRST}, ${SECOND} stay in use`);
  await admin.until('up', names);
  const report = await runLoad({ port, requests: 40, concurrency: 4 });
  assert.deepEqual(failedIn(report), []);
  assert.equal(report.byBackend.size, 2);

  assert.equal(await balancer.program.stop(), 0);
  await balancer.startAgain();
  await admin.until('unresolved', ['app']);
  const { reason } = await admin.backend('app');
  assert.match(reason, /^ETIMEOUT app\.test$|is not resolved yet$/);
  assert.deepEqual([...(await runLoad({ port, requests: 2, concurrency: 1 })).byStatus.keys()], [503]);
  const refused = await admin.ask('/api/v1/pools/web/backends/app', { method: 'PATCH', body: { mode: 'drain' } });
  assert.equal(refused.status, 409);

  dns.isDead = false;
  await admin.until('up', names, 20_000);
  assert.deepEqual(failedIn(await runLoad({ port, requests: 20, concurrency: 2 })), []);
  assert.equal((await admin.backend(`app@${FIRST}`)).weight, 9, 'what was changed at run time holds again');
});
