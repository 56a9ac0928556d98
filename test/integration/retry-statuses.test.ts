/** Answers with chosen statuses are dropped and tried elsewhere, where that is allowed and possible; else they pass. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { BackendSpec, PoolSpec } from '../harness/build-plan.ts';
import { type DataPlane, startDataPlane } from '../harness/data-plane.ts';
import { eventually } from '../harness/eventually.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import {
  answerBytes,
  type BackendScript,
  type RecordingBackend,
  startRecordingBackend,
} from '../harness/recording-backend.ts';

const REFUSED: NonNullable<PoolSpec['retry']> = { statuses: [[503, 503]] };

const answering = (status: number, body = `status ${status}`): BackendScript => ({
  respond: (_request, { socket }) => void socket.write(answerBytes(status, body)),
});

interface World {
  readonly plane: DataPlane;
  readonly busy: RecordingBackend;
  readonly good: RecordingBackend;
}

/** Round robin begins with the busy backend. */
async function startWorld(
  t: TestContext,
  script: BackendScript,
  pool: Partial<PoolSpec> = {},
  good: Partial<BackendSpec> = {},
): Promise<World> {
  const world = { busy: await startRecordingBackend(t, script), good: await startRecordingBackend(t) };
  const backends: BackendSpec[] = [
    { name: 'busy', port: world.busy.port },
    { name: 'good', port: world.good.port, ...good },
  ];
  return { ...world, plane: await startDataPlane(t, { pools: [{ backends, retry: REFUSED, ...pool }] }) };
}

test('a listed status is tried again, and each attempt is counted where it was made', async (t) => {
  const { plane, busy, good } = await startWorld(t, answering(503));
  const client = await connectRaw(t, plane.port);
  for (const method of ['GET', 'PUT']) {
    const response = await client.request(requestBytes(method, '/', {}, method === 'PUT' ? 'body' : null));
    assert.equal(response.status, 200);
    assert.equal(response.body, 'ok /');
  }
  assert.equal(busy.arrivals.length, 2);
  assert.equal(good.arrivals.at(-1)?.body, 'body');
  const counted = plane.backend('busy');
  assert.equal(counted.byCode.UPSTREAM_STATUS_REFUSED, 2);
  assert.equal(counted.statusClasses[5], 2);
  assert.equal(counted.failures, 0, 'an answer is no failure');
  assert.equal(counted.gatewayErrors, 2, 'but a gateway error it is');
  assert.equal(plane.pool().retries, 2);
  assert.equal(plane.pool().failures, 0);
  assert.equal(plane.pool().statusClasses[2], 2);
  assert.equal(plane.pool().statusClasses[5], 0);
});

test('what goes on streaming, or has interim answers before it, is dropped as well', async (t) => {
  const chunks = `${'1000'}\r\n${'x'.repeat(0x1000)}\r\n`;
  const { plane, busy } = await startWorld(t, {
    respond(_request, { socket }) {
      socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      socket.write(`HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.repeat(100)}`);
    },
  });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/'));
  assert.equal(response.status, 200);
  assert.equal(response.body, 'ok /');
  await eventually('the connection to be dropped', () => busy.openConnections.length === 0);
  assert.equal((await client.request(requestBytes('GET', '/'))).status, 200);
});

const PASSED: Record<string, { pool?: Partial<PoolSpec>; status?: number; method?: string; body?: string }> = {
  'a status that is not listed': { status: 500 },
  'a status beside the range': { status: 505, pool: { retry: { statuses: [[502, 504]] } } },
  'the answer to a method that must not be repeated': { method: 'POST', body: 'order' },
  'the answer to a body that was not kept': { method: 'PUT', body: 'x'.repeat(65_537) },
  'the answer to the last attempt': { pool: { retry: { ...REFUSED, attempts: 1 } } },
};

for (const [what, { pool, status = 503, method = 'GET', body = null }] of Object.entries(PASSED)) {
  test(`${what} passes as it is`, async (t) => {
    const { plane, good } = await startWorld(t, answering(status), pool);
    const client = await connectRaw(t, plane.port);
    const response = await client.request(requestBytes(method, '/', {}, body));
    assert.equal(response.status, status);
    assert.equal(response.body, `status ${status}`);
    assert.equal(good.arrivals.length, 0);
    assert.equal(plane.pool().retries, 0);
    assert.equal(plane.pool().retriesDenied, 0);
  });
}

test('so does one where nobody else is there, or has a place, or the budget is used up', async (t) => {
  const cases: readonly (readonly [Partial<PoolSpec>, Partial<BackendSpec>, denied: number])[] = [
    [{}, { health: 'UNHEALTHY' }, 0],
    [{}, { maxConnections: 1 }, 0],
    [{ retry: { ...REFUSED, budgetPercent: 0, budgetPerSecond: 0 } }, {}, 1],
  ];
  for (const [pool, spec, denied] of cases) {
    const { plane, good } = await startWorld(t, answering(503), pool, spec);
    if (spec.maxConnections === 1) {
      good.script = { respond: () => {} };
      const holder = await connectRaw(t, plane.port);
      await holder.send(requestBytes('POST', '/', {}, 'x'));
      assert.equal((await holder.response()).status, 503);
      await holder.send(requestBytes('POST', '/', {}, 'x'));
      await eventually('the other backend to be full', () => good.arrivals.length === 1);
      t.after(() => holder.reset());
    }
    const before = good.arrivals.length;
    const client = await connectRaw(t, plane.port);
    const response = await client.request(requestBytes('GET', '/'));
    assert.equal(response.body, 'status 503');
    assert.equal(good.arrivals.length, before);
    assert.equal(plane.pool().retriesDenied, denied);
    assert.equal(plane.backend('good').inFlight, before);
  }
});

test('where all refuse, the last one has its say', async (t) => {
  const backends = await Promise.all(['a', 'b', 'c'].map((name) => startRecordingBackend(t, answering(503, name))));
  const plane = await startDataPlane(t, {
    pools: [
      {
        backends: backends.map(({ port }, index) => ({ name: `b${index}`, port })),
        retry: { statuses: [[500, 599]], attempts: 2 },
      },
    ],
  });
  const client = await connectRaw(t, plane.port);
  const response = await client.request(requestBytes('GET', '/'));
  assert.equal(response.status, 503);
  assert.equal(response.body, 'b');
  assert.deepEqual(
    backends.map(({ arrivals }) => arrivals.length),
    [1, 1, 0],
  );
  assert.equal(plane.pool().failures, 0, 'the answer is a backend’s own');
});
