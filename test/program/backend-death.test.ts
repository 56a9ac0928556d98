/** A backend is killed and comes back while clients ask at a steady rate: nobody notices. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startBackendProcesses } from '../harness/backend-process.ts';
import { poolOf, QUICK_HEALTH, runBalancer } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { startOpenLoad } from '../harness/open-load.ts';

const KILLS = 2;
const PER_SECOND = 200;

test('no request fails while a backend is killed and started again, twice', async (t) => {
  const backends = await startBackendProcesses(t, ['a', 'b', 'c']);
  const victim = backends[1];
  assert.ok(victim);
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf(backends, { health: QUICK_HEALTH }) } });
  await admin.until('up', ['a', 'b', 'c']);
  const load = startOpenLoad({ port, perSecond: PER_SECOND });
  for (let kill = 0; kill < KILLS; kill++) {
    const served = (): number => load.report.byBackend.get('b') ?? 0;
    const before = served();
    await eventually('it to serve', () => served() > before + 10);
    await victim.kill();
    await admin.until('down', ['b']);
    // Live traffic or a check has seen it first; the next check puts it in the words of checks.
    await eventually(
      'the reason of a check',
      async () => (await admin.backend('b')).reason === `ECONNREFUSED 127.0.0.1:${victim.port}`,
    );
    await delay(200);
    await victim.start();
    await admin.until('up', ['b']);
    assert.equal((await admin.backend('b')).reason, 'status 200');
  }
  const { sent, failures, byStatus } = await load.stop();
  assert.deepEqual(failures, []);
  assert.deepEqual(Object.fromEntries(byStatus), { 200: sent });
  assert.equal((await admin.eventsOf('backend-down', 'web/b')).length, KILLS);
  assert.equal((await admin.eventsOf('backend-up', 'web/b')).length, KILLS + 1);
  const pool = await admin.pool();
  assert.equal(pool.failures, 0);
  assert.ok(pool.retries > 0, 'failures of attempts were made up for');
});

test('with every backend dead the answer is an error of the right kind, and one that returns is used', async (t) => {
  const backends = await startBackendProcesses(t, ['a', 'b']);
  const { admin, port } = await runBalancer(t, { pools: { web: poolOf(backends, { health: QUICK_HEALTH }) } });
  await admin.until('up', ['a', 'b']);
  await Promise.all(backends.map((backend) => backend.kill()));
  const refused = await fetch(`http://127.0.0.1:${port}/`);
  assert.ok([502, 503].includes(refused.status), `${refused.status}`);
  assert.match(await refused.text(), /^(UPSTREAM_[A-Z_]+|POOL_UNAVAILABLE): /);
  await admin.until('down', ['a', 'b']);
  const unavailable = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(unavailable.status, 503);
  assert.match(await unavailable.text(), /^POOL_UNAVAILABLE: /);
  await backends[0]?.start();
  await admin.until('up', ['a']);
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).headers.get('x-served-by'), 'a');
});
