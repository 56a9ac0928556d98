/** The running program with 256 file descriptors, and more clients than that. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type BalancerProgram, poolOf, QUICK_HEALTH, runBalancer } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type HttpBackend, startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { startMortalBalancer } from '../harness/mortal-balancer.ts';
import { startProgram } from '../harness/program.ts';
import { connectRaw, type RawClient, requestBytes } from '../harness/raw-client.ts';

const OPEN_FILES = 256;
const FLOOD = 400;

interface Small {
  readonly balancer: BalancerProgram;
  readonly backends: readonly HttpBackend[];
  /** Answers to `/slow` that wait. */
  readonly held: (() => void)[];
}

async function start(t: TestContext): Promise<Small> {
  const held: (() => void)[] = [];
  const backends = await startHttpBackends(t, ['a', 'b', 'c'], {
    handle(request, response, { name }) {
      if (request.url === '/slow') held.push(() => response.end(name));
      else response.end(name);
    },
  });
  const settings = { pools: { web: poolOf(backends, { policy: 'least-connections', health: QUICK_HEALTH }) } };
  const balancer = await runBalancer(t, settings, {}, { before: `ulimit -n ${OPEN_FILES}` });
  await balancer.admin.until('up', ['a', 'b', 'c']);
  return { balancer, backends, held };
}

const openFilesOf = ({ pid }: BalancerProgram): number => readdirSync(`/proc/${pid}/fd`).length;

/**
 * Opens so many at once beside those that are `known`; resolves with those that were not turned
 * away, once every one has been seen to.
 */
async function flood(t: TestContext, { admin, port }: BalancerProgram, known: number): Promise<RawClient[]> {
  const turnedAway = async (): Promise<number> => (await admin.status()).failuresWithoutPool['CONNECTIONS_FULL'] ?? 0;
  const before = await turnedAway();
  const all = await Promise.all(Array.from({ length: FLOOD }, () => connectRaw(t, port)));
  const closed = (): number => all.filter(({ side }) => side !== 'open').length;
  await eventually('the flood to be seen to', async () => {
    const { workers } = await admin.status();
    const served = workers.reduce((sum, { clientConnections }) => sum + clientConnections, 0);
    return served === known + FLOOD - closed() && (await turnedAway()) - before === closed();
  });
  return all.filter(({ side }) => side === 'open');
}

test('more clients than descriptors: those it has are served, the admin side answers, and nobody is blamed', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const { balancer, held } = await start(t);
  const { admin, port, program } = balancer;
  const [few] = await admin.eventsOf('descriptors-few');
  assert.match(few?.text ?? '', /^the limit of 256 open files allows each worker \d+ client connections/);
  assert.equal(few?.level, 'warning');
  assert.ok(program.stderr.includes(few.text), 'the log says so too');

  const old = await Promise.all(Array.from({ length: 10 }, () => connectRaw(t, port)));
  for (const client of old) assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
  let open = await flood(t, balancer, old.length);
  assert.ok(open.length > 40 && open.length < OPEN_FILES / 2, `${open.length} of the flood were taken`);

  // All at once, so that each needs a connection to a backend of its own.
  for (let round = 0; round < 3; round++) {
    const busy = [...old, ...open];
    for (const client of busy) await client.send(requestBytes('GET', '/slow'));
    await eventually('all to be held', () => held.length === busy.length);
    assert.ok(openFilesOf(balancer) < OPEN_FILES, `${openFilesOf(balancer)} files are open`);
    for (const path of ['/api/v1/status', '/livez', '/readyz', '/metrics']) {
      assert.equal((await admin.ask(path)).status, 200, path);
    }
    for (const answer of held.splice(0)) answer();
    for (const client of busy) assert.equal((await client.response()).status, 200);
    // The next wave finds the places of some of these.
    for (const client of open.splice(0, 20)) client.destroy();
    open = [...open, ...(await flood(t, balancer, old.length + open.length))];
  }

  const told = async (kind: string): Promise<number> => (await admin.eventsOf(kind)).length;
  await eventually('the shortage to be told', async () => (await told('connections-full')) > 0);
  // Checks at 200 ms and 1 s have gone on all the while.
  const events = await admin.events();
  assert.deepEqual(
    events.filter(({ kind }) => kind === 'backend-down'),
    [],
  );
  assert.equal(await told('descriptors-exhausted'), 0);
  const { pools, failuresWithoutPool } = await admin.status();
  assert.ok((failuresWithoutPool['CONNECTIONS_FULL'] ?? 0) > FLOOD);
  assert.equal(pools[0]?.failures, 0);
  assert.ok(program.stderr.split('\n').length < 60, `no flood in the log\n${program.stderr}`);

  for (const client of open) client.destroy();
  for (const client of old) assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
  const report = await runLoad({ port, requests: 400, concurrency: 20, isFresh: true });
  assert.deepEqual(failedIn(report), []);
  await admin.atRest();
  await eventually('the shortage to be over', async () => (await told('connections-full-over')) === 1);
  assert.equal(await told('connections-full'), 1);
  assert.equal(await program.stop(), 0);
});

test("used up by something else, they are nobody's fault, and all is well when that is over", {
  skip: process.platform !== 'linux',
}, async (t) => {
  const limit = { before: `ulimit -n ${OPEN_FILES}` };
  const { balancer, harm, held } = await startMortalBalancer(t, { workers: 1 }, limit);
  const { admin, port } = balancer;
  const [first, second, third] = [await connectRaw(t, port), await connectRaw(t, port), await connectRaw(t, port)];
  for (const client of [first, second]) await client.send(requestBytes('GET', '/slow'));
  await eventually('one to be held by each backend', () => held.length === 2);

  await harm(0, 'open');
  await eventually('no more files to be had', () => openFilesOf(balancer) >= OPEN_FILES);
  // It needs a third connection to a backend, and tries both.
  const refused = await third.request(requestBytes('GET', '/'));
  assert.equal(refused.status, 503);
  assert.match(refused.body, /^DESCRIPTORS_EXHAUSTED: /);
  // With a connection that lies idle it needs none.
  held[0]?.();
  assert.equal((await first.response()).status, 200);
  assert.equal((await third.request(requestBytes('GET', '/'))).status, 200);
  const fourth = await connectRaw(t, port);
  await fourth.closed();
  assert.equal(fourth.received, '');

  // Time for what a thread does once a second.
  await delay(2_500);

  await harm(0, 'empty');
  await eventually('the files to be closed', () => openFilesOf(balancer) < OPEN_FILES / 2);
  held[1]?.();
  assert.equal((await second.response()).status, 200);
  await eventually('it to be told', async () => (await admin.eventsOf('descriptors-exhausted')).length === 1);
  assert.deepEqual(failedIn(await runLoad({ port, requests: 100, concurrency: 4, isFresh: true })), []);
  const { backends, failuresByCode } = await admin.pool();
  assert.deepEqual(failuresByCode, { DESCRIPTORS_EXHAUSTED: 1 });
  for (const { restarts } of (await admin.status()).workers) assert.equal(restarts, 0);
  for (const { name, state, failures } of backends) assert.deepEqual([failures, state === 'down'], [0, false], name);
  await admin.atRest();
});

test('too few to serve at all: it does not start, and says how many it takes', async (t) => {
  const backends = await startHttpBackends(t, ['a']);
  const url = `http://127.0.0.1:${backends[0]?.port}`;
  const program = startProgram(
    t,
    ['proxy', '--listen', `127.0.0.1:${await freePort()}`, '--to', url],
    {},
    { before: 'ulimit -n 64' },
  );
  assert.equal(await program.ended(), 1, program.log);
  assert.match(program.stderr, /cannot start: this process may have 64 files open, and \d+ are the least/);
});
