/** SIGHUP: everything in the file may change under load, and a wrong file changes nothing. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { startLoad } from '../harness/background-load.ts';
import { poolOf, runBalancer, type Settings } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type HttpBackend, startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { accepts } from '../harness/program.ts';

const RELOADS = 20;
const POLICIES = ['round-robin', 'weighted-round-robin', 'least-connections'];

test('twenty reloads of backends, routes, policies and listeners, and no request fails', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b', 'c', 'd'], {
    handle: (_request, response, { name }) => void setTimeout(() => response.end(name), 2),
  });
  const second = await freePort();
  let port = 0;
  const at = (...places: number[]): HttpBackend[] => places.flatMap((place) => backends[place % backends.length] ?? []);
  // Each round one backend goes over to the other pool, and a second listener comes or goes.
  const settings = (round: number): Settings => {
    const isOdd = round % 2 === 1;
    const more = { policy: POLICIES[round % POLICIES.length] };
    return {
      ...(port === 0
        ? {}
        : {
            listeners: {
              web: { address: `127.0.0.1:${port}` },
              ...(isOdd ? { second: { address: `127.0.0.1:${second}` } } : {}),
            },
          }),
      pools: { web: poolOf(at(round, round + 1), more), extra: poolOf(at(round + 2, round + 3)) },
      routes: [{ match: { path: isOdd ? '/x' : '/y' }, pool: 'extra' }, { pool: 'web' }],
    };
  };
  const balancer = await runBalancer(t, settings(0));
  port = balancer.port;
  const loads = [
    startLoad(t, { port, concurrency: 6 }),
    startLoad(t, { port, concurrency: 3, isFresh: true }),
    startLoad(t, { port, concurrency: 3, path: '/x/1', method: 'POST', body: 'b'.repeat(20_000) }),
  ];
  for (let round = 1; round <= RELOADS; round++) {
    await balancer.reloadWith(settings(round));
    const { pools } = await balancer.admin.status();
    assert.equal(pools.find(({ name }) => name === 'web')?.policy, POLICIES[round % POLICIES.length]);
    assert.equal(await accepts(second), round % 2 === 1, `the second listener after reload ${round}`);
    const fresh = await runLoad({ port, requests: 12, concurrency: 3 });
    assert.deepEqual(failedIn(fresh), []);
    const members = at(round, round + 1).map(({ name }) => name);
    for (const name of fresh.byBackend.keys()) assert.ok(members.includes(name), `${name} is not in ${members.join()}`);
  }
  for (const load of loads) {
    const report = await load.stop();
    assert.deepEqual(failedIn(report), []);
    assert.ok(report.sent >= RELOADS, `${report.sent} requests over ${RELOADS} reloads`);
  }
  for (const backend of backends) assert.equal(backend.aborted, 0, backend.name);
});

test('a reload that replaces every backend of a pool at once fails no request', async (t) => {
  const [a, b] = await startHttpBackends(t, ['a', 'b']);
  assert.ok(a && b);
  const balancer = await runBalancer(t, { pools: { web: poolOf([a]) } });
  const load = startLoad(t, { port: balancer.port, concurrency: 8 });
  for (let round = 1; round <= 10; round++) {
    await balancer.reloadWith({ pools: { web: poolOf([round % 2 === 1 ? b : a]) } });
  }
  assert.deepEqual(failedIn(await load.stop()), []);
});

test('a file with errors changes nothing and every error is in the log', async (t) => {
  const [a] = await startHttpBackends(t, ['a']);
  assert.ok(a);
  const balancer = await runBalancer(t, { pools: { web: poolOf([a]) } });
  const { revision } = await balancer.admin.status();
  const wrong = [
    'version: 1',
    'workers: many',
    'listeners:',
    '  web: { address: ":99999" }',
    'pools:',
    '  web:',
    '    policy: round-robbin',
    '    backends: [ { url: "ftp://nowhere", weight: 0 } ]',
    '    helth: {}',
    'routes: [ { pool: wob } ]',
    '',
  ].join('\n');
  await writeFile(balancer.configFile, wrong);
  const { kind, text } = await balancer.reload();
  assert.equal(kind, 'reload-refused');
  assert.match(text, /the old config stays/);
  const log = balancer.program.stderr;
  for (const place of [':2:', ':4:', ':7:', ':8:', ':9:', ':10:']) {
    assert.ok(log.includes(`${balancer.configFile}${place}`), `an error at line ${place} in\n${log}`);
  }
  for (const line of log.split('\n').filter((one) => one.startsWith('{'))) JSON.parse(line);
  assert.equal((await balancer.admin.status()).revision, revision);
  assert.deepEqual(failedIn(await runLoad({ port: balancer.port, requests: 20, concurrency: 2 })), []);

  // And the next good file is taken as if nothing had been.
  await balancer.reloadWith({ pools: { web: poolOf([a], { policy: 'least-connections' }) } });
  assert.equal((await balancer.admin.pool()).policy, 'least-connections');
});

test('a new listener whose port is taken refuses the whole reload', async (t) => {
  const [a, other] = await startHttpBackends(t, ['a', 'other']);
  assert.ok(a && other);
  const balancer = await runBalancer(t, { pools: { web: poolOf([a]) } });
  await balancer.write({
    listeners: { web: { address: `127.0.0.1:${balancer.port}` }, more: { address: `127.0.0.1:${other.port}` } },
    pools: { web: poolOf([a], { policy: 'least-connections' }) },
  });
  const { kind, text } = await balancer.reload();
  assert.equal(kind, 'reload-refused');
  assert.match(text, new RegExp(String(other.port)));
  assert.equal((await balancer.admin.pool()).policy, 'round-robin');
});

test('a request that is under way at the reload ends in the pool in which it began', async (t) => {
  const held: (() => void)[] = [];
  const [a, b] = await startHttpBackends(t, ['a', 'b'], {
    handle(request, response, { name }) {
      if (request.url === '/slow') held.push(() => response.end(name));
      else response.end(name);
    },
  });
  assert.ok(a && b);
  const balancer = await runBalancer(t, { pools: { web: poolOf([a]) } });
  const slow = runLoad({ port: balancer.port, path: '/slow', requests: 4, concurrency: 4 });
  await eventually('them to be held', () => held.length === 4);
  await balancer.reloadWith({ pools: { other: poolOf([b]) } });
  const fresh = await runLoad({ port: balancer.port, requests: 10, concurrency: 2 });
  assert.deepEqual(Object.fromEntries(fresh.byBackend), { b: 10 });
  for (const release of held) release();
  const report = await slow;
  assert.deepEqual(failedIn(report), []);
  assert.deepEqual(Object.fromEntries(report.byBackend), { a: 4 });
  await eventually('the old pool to be gone', async () => (await balancer.admin.status()).pools.length === 1);
});

test('a SIGHUP that comes while the program still starts is carried out once it runs', async (t) => {
  const [a] = await startHttpBackends(t, ['a']);
  assert.ok(a);
  const balancer = await runBalancer(t, { pools: { web: poolOf([a]) } });
  assert.equal(await balancer.program.stop(), 0);
  const isStarted = balancer.startAgain();
  // The admin API answers while the workers start; the file has been read by then.
  await eventually('the admin API to answer', () => accepts(balancer.admin.port), 20_000);
  await balancer.write({ pools: { web: poolOf([a], { policy: 'least-connections' }) } });
  balancer.program.signal('SIGHUP');
  await isStarted;
  await eventually('the new policy', async () => (await balancer.admin.pool()).policy === 'least-connections');
});
