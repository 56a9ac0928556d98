/** Backends that fail all at once get little more than the requests; one that fails alone costs nobody anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';
import { startRecordingBackend } from '../harness/recording-backend.ts';

/** What the floor holds at first, and the rest of it comes by the second. */
const FLOOR_SECONDS = 10;

for (const workers of [1, 2]) {
  test(`when all fail at once they are asked a fifth more than there are requests, with ${workers} workers`, async (t) => {
    const backends = await Promise.all(
      ['a', 'b', 'c'].map(() => startRecordingBackend(t, { respond: (_request, { socket }) => void socket.end() })),
    );
    const plane = await startDataPlane(
      t,
      { pools: [{ backends: backends.map(({ port }, index) => ({ name: `b${index}`, port })), fall: 1_000_000 }] },
      workers,
    );
    const startMs = performance.now();
    const report = await runLoad({ port: plane.port, requests: 2_000, concurrency: 8, isFresh: true });
    const seconds = (performance.now() - startMs) / 1000;
    const attempts = backends.reduce((sum, { arrivals }) => sum + arrivals.length, 0);
    const floor = 10 * (FLOOR_SECONDS + seconds);
    assert.deepEqual(failedIn(report), ['2000 × 502']);
    assert.ok(attempts <= 2_000 * 1.2 + floor, `${attempts} attempts for 2,000 requests in ${seconds.toFixed(1)} s`);
    assert.ok(attempts > 2_000 * 1.1, `${attempts}: the budget is there to be used`);
    const { retries, retriesDenied, byCode } = plane.pool();
    assert.equal(retries, attempts - 2_000);
    // Two further attempts were wanted by each, and those that were denied ended it.
    assert.ok(retriesDenied >= 2_000 - retries && retriesDenied <= 2_000, `${retriesDenied} denied`);
    assert.deepEqual(byCode, { UPSTREAM_CLOSED: 2_000 });
  });
}

test('with one of three dead no request fails for want of a budget', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b', 'c']);
  const plane = await startDataPlane(t, { pools: [{ backends, retry: { budgetPercent: 50, budgetPerSecond: 1 } }] }, 2);
  await runLoad({ port: plane.port, requests: 600, concurrency: 6 });
  await backends[1]?.close();
  const report = await runLoad({ port: plane.port, requests: 3_000, concurrency: 6 });
  assert.deepEqual(failedIn(report), []);
  assert.ok(plane.pool().retries >= 900, `${plane.pool().retries} further attempts`);
  assert.equal(plane.pool().retriesDenied, 0);
});

test('the budget outlives a change of plan, and follows it', async (t) => {
  const backends = await Promise.all(
    ['a', 'b'].map(() => startRecordingBackend(t, { respond: (_request, { socket }) => void socket.end() })),
  );
  const specs = backends.map(({ port }, index) => ({ name: `b${index}`, port }));
  const rule = { budgetPercent: 0, budgetPerSecond: 1 };
  const plane = await startDataPlane(t, { pools: [{ backends: specs, retry: rule }] });
  const ask = async (times: number): Promise<number> => {
    const before = plane.pool().retries;
    for (let number = 0; number < times; number++) {
      const client = await connectRaw(t, plane.port);
      assert.equal((await client.request(requestBytes('GET', '/'))).status, 502);
    }
    return plane.pool().retries - before;
  };
  assert.ok((await ask(30)) >= 10, 'ten seconds of the floor are there at first');
  await plane.apply({ pools: [{ backends: specs, retry: rule }] });
  const afterwards = await ask(20);
  assert.ok(afterwards < 10, `${afterwards} of 20 after a plan like the one before`);
  await plane.apply({ pools: [{ backends: specs, retry: { budgetPercent: 1_000, budgetPerSecond: 0 } }] });
  assert.equal(await ask(20), 20);
});

test('a stale connection does not draw on it', async (t) => {
  const backend = await startRecordingBackend(t, {
    respond(request, { socket, requests }) {
      if (requests.length > 1) socket.resetAndDestroy();
      else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${request.target.length}\r\n\r\n${request.target}`);
    },
  });
  const plane = await startDataPlane(t, {
    pools: [{ backends: [{ name: 'a', port: backend.port }], retry: { budgetPercent: 0, budgetPerSecond: 0 } }],
  });
  const client = await connectRaw(t, plane.port);
  for (let number = 0; number < 20; number++) {
    assert.equal((await client.request(requestBytes('GET', `/${number}`))).body, `/${number}`);
  }
  assert.ok((plane.backend('a').byCode.UPSTREAM_STALE ?? 0) >= 9);
  assert.ok(backend.arrivals.length <= 40, 'one more for each request at the most');
});
