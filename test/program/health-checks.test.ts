/** Health checks of the running program: states and reasons as users see them, and who gets requests. */
import assert from 'node:assert/strict';
import type http from 'node:http';
import { type TestContext, test } from 'node:test';
import type { CheckAnswer, CheckRecord } from '../../src/protocol/admin-api.ts';
import { type BalancerProgram, poolOf, QUICK_HEALTH, runBalancer, type Settings } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type HttpBackend, startHttpBackend } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';

interface Checked {
  readonly balancer: BalancerProgram;
  readonly good: HttpBackend;
  readonly odd: HttpBackend;
  /** How `odd` answers its checks from now on. */
  answer: (response: http.ServerResponse) => void;
}

async function start(
  t: TestContext,
  answer: Checked['answer'],
  health: Settings | null = QUICK_HEALTH,
): Promise<Checked> {
  const side = { answer };
  const good = await startHttpBackend(t, 'good');
  const odd = await startHttpBackend(t, 'odd', {
    handle(request, response, { name }) {
      if (request.url === '/healthz') side.answer(response);
      else response.end(name);
    },
  });
  const balancer = await runBalancer(t, { pools: { web: poolOf([good, odd], { health }) } });
  return Object.assign(side, { balancer, good, odd });
}

const status =
  (code: number): Checked['answer'] =>
  (response) => {
    response.statusCode = code;
    response.end();
  };

async function untilReason({ balancer }: Checked, wanted: string): Promise<void> {
  let reason = '';
  await eventually(
    () => `reason "${wanted}", is "${reason}"`,
    async () => {
      ({ reason } = await balancer.admin.backend('odd'));
      return reason === wanted;
    },
    10_000,
  );
}

/** All requests go to `good`, and none fails. */
async function assertElsewhere({ balancer }: Checked): Promise<void> {
  const report = await runLoad({ port: balancer.port, requests: 40, concurrency: 4 });
  assert.deepEqual(failedIn(report), []);
  assert.deepEqual(Object.fromEntries(report.byBackend), { good: 40 });
}

test('unknown until the first check has passed, and served all the same', async (t) => {
  const held: http.ServerResponse[] = [];
  const side = await start(t, (response) => void held.push(response), {
    ...QUICK_HEALTH,
    interval: '1m',
    timeout: '1m',
  });
  await side.balancer.admin.until('up', ['good']);
  await eventually('the check to arrive', () => held.length === 1);
  const before = await side.balancer.admin.backend('odd');
  assert.deepEqual([before.state, before.lastCheck], ['unknown', null]);
  const report = await runLoad({ port: side.balancer.port, requests: 20, concurrency: 1 });
  assert.deepEqual(Object.fromEntries(report.byBackend), { good: 10, odd: 10 });
  side.answer = status(200);
  held[0]?.end();
  await side.balancer.admin.until('up', ['odd']);
  assert.equal((await side.balancer.admin.backend('odd')).reason, 'status 200');
});

test('a bad status takes it out after `fall` checks, a good one brings it back after `rise`', async (t) => {
  const side = await start(t, status(200));
  const { admin } = side.balancer;
  await admin.until('up', ['good', 'odd']);
  let failing = '';
  side.answer = status(503);
  await eventually('it to be down', async () => {
    const { state, reason } = await admin.backend('odd');
    if (reason.startsWith('failing')) failing = reason;
    return state === 'down';
  });
  if (failing !== '') assert.match(failing, /^failing [12] of 3: status 503$/);
  await untilReason(side, 'status 503');
  await assertElsewhere(side);
  const [down] = await admin.eventsOf('backend-down', 'web/odd');
  assert.equal(down?.text, 'down: status 503 (3 checks failed in a row)');
  assert.equal(down?.origin, 'health check');
  side.answer = status(200);
  await admin.until('up', ['odd']);
  const report = await runLoad({ port: side.balancer.port, requests: 40, concurrency: 4 });
  assert.deepEqual(Object.fromEntries(report.byBackend), { good: 20, odd: 20 });
});

test('a check without an answer is a time-out, in the words of the config', async (t) => {
  const side = await start(t, () => undefined, { ...QUICK_HEALTH, timeout: '250ms' });
  await side.balancer.admin.until('down', ['odd']);
  await untilReason(side, 'timeout 250ms');
  await assertElsewhere(side);
});

test('a port that nobody listens on is refused, and a server that resets is told as well', async (t) => {
  const side = await start(t, status(200));
  const { admin } = side.balancer;
  await admin.until('up', ['odd']);
  side.answer = (response) => void response.socket?.resetAndDestroy();
  await admin.until('down', ['odd']);
  await untilReason(side, `ECONNRESET 127.0.0.1:${side.odd.port}`);
  await side.odd.close();
  await untilReason(side, `ECONNREFUSED 127.0.0.1:${side.odd.port}`);
  await assertElsewhere(side);
});

test('without `health` a TCP connect is the check', async (t) => {
  const good = await startHttpBackend(t, 'good');
  const nobody = { name: 'odd', port: await freePort() };
  const balancer = await runBalancer(t, { pools: { web: poolOf([good, nobody], { health: null }) } });
  const { admin } = balancer;
  await admin.until('up', ['good']);
  assert.equal((await admin.backend('good')).reason, 'connected');
  assert.equal(good.requests, 0, 'nothing is sent');
  await admin.until('down', ['odd'], 15_000);
  const { reason, nextCheckMs } = await admin.backend('odd');
  assert.equal(reason, `ECONNREFUSED 127.0.0.1:${nobody.port}`);
  assert.ok(nextCheckMs !== null && nextCheckMs - Date.now() <= 2_000, 'the fast pace while it is down');
  const next = (await admin.backend('good')).nextCheckMs;
  assert.ok(next !== null && next - Date.now() > 5_000, 'the slow pace while all is well');
  const report = await runLoad({ port: balancer.port, requests: 40, concurrency: 4 });
  assert.deepEqual(failedIn(report), []);
  assert.deepEqual(Object.fromEntries(report.byBackend), { good: 40 });
});

test('a name that does not resolve is a state, not a refusal to start', async (t) => {
  const good = await startHttpBackend(t, 'good');
  const balancer = await runBalancer(t, {
    pools: {
      web: {
        backends: [
          { name: 'good', url: `http://127.0.0.1:${good.port}` },
          { name: 'lost', url: 'http://no-such-host.invalid:80' },
        ],
      },
    },
  });
  await balancer.admin.until('unresolved', ['lost']);
  assert.match((await balancer.admin.backend('lost')).reason, /no-such-host\.invalid/);
  const report = await runLoad({ port: balancer.port, requests: 20, concurrency: 2 });
  assert.deepEqual(Object.fromEntries(report.byBackend), { good: 20 });
});

test('an operator checks now, and need not wait for the pace', async (t) => {
  const side = await start(t, status(200), { ...QUICK_HEALTH, interval: '1h', fastInterval: '1h' });
  const { admin } = side.balancer;
  await admin.until('up', ['odd']);
  const check = async (): Promise<CheckAnswer['check']> =>
    (await admin.json<CheckAnswer>('/api/v1/pools/web/backends/odd/check', { method: 'POST' })).check;
  assert.equal((await check())?.detail, 'status 200');
  side.answer = (response) => {
    response.statusCode = 503;
    response.end('no database');
  };
  for (let failed = 1; failed <= QUICK_HEALTH.fall; failed++) {
    const result = await check();
    assert.deepEqual([result?.isPass, result?.detail], [false, 'status 503']);
  }
  assert.equal((await admin.backend('odd')).state, 'down', 'they count like any other');
  const { checks } = await admin.json<{ checks: CheckRecord[] }>('/api/v1/pools/web/backends/odd/checks');
  const last = checks.at(-1);
  assert.deepEqual([last?.detail, last?.body], ['status 503', 'no database']);
  assert.ok((last?.connectMs ?? 0) > 0 && (last?.firstByteMs ?? 0) > 0, JSON.stringify(last));
  await assertElsewhere(side);
});
