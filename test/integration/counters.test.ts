/** What the counters say is what clients and backends counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDataPlane } from '../harness/data-plane.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { runLoad } from '../harness/load.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

const STATUSES = [200, 204, 301, 404, 500];

test('requests, statuses, bytes and in-flight agree on all sides', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b'], {
    handle(request, response, backend) {
      const status = STATUSES[backend.requests % STATUSES.length] ?? 200;
      request.resume().on('end', () => {
        response.statusCode = status;
        response.end(status === 204 ? undefined : 'x'.repeat(1_000));
      });
    },
  });
  const plane = await startDataPlane(t, { pools: [{ backends }] }, 2);
  const report = await runLoad({
    port: plane.port,
    requests: 1_000,
    concurrency: 10,
    method: 'POST',
    body: 'y'.repeat(300),
  });
  await plane.atRest();
  const pool = plane.pool();
  assert.equal(pool.requests, 1_000);
  const byClass = [0, 0, 0, 0, 0, 0];
  for (const [status, times] of report.byStatus)
    byClass[Math.floor(status / 100)] = (byClass[Math.floor(status / 100)] ?? 0) + times;
  assert.deepEqual(pool.statusClasses, byClass);
  assert.equal(pool.failures, 0, 'the answers of a backend are not failures of the balancer');
  assert.equal(pool.bytesIn, 300_000);
  assert.equal(pool.bytesOut, (1_000 - (report.byStatus.get(204) ?? 0)) * 1_000);
  for (const backend of backends) {
    const figures = plane.backend(backend.name);
    assert.equal(figures.requests, backend.requests, backend.name);
    assert.equal(figures.connects, backend.connections, backend.name);
    assert.equal(figures.inFlight, 0);
    assert.equal(figures.bytesOut, backend.requests * 300);
    assert.equal(figures.failures, 0);
  }
  assert.equal(
    backends.reduce((sum, { name }) => sum + plane.backend(name).bytesIn, 0),
    pool.bytesOut,
  );
});

test('a request that never found a pool counts for itself, by its code', async (t) => {
  const backends = await startHttpBackends(t, ['a']);
  const plane = await startDataPlane(t, { pools: [{ backends }] });
  for (const bytes of ['NONSENSE\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', requestBytes('TRACE', '/')]) {
    const client = await connectRaw(t, plane.port);
    await client.request(bytes);
  }
  assert.equal(plane.pool().requests, 0);
  assert.equal(plane.totals.requestsWithoutPool, 3);
  assert.deepEqual(plane.totals.byCode, {
    REQUEST_LINE_INVALID: 1,
    REQUEST_HOST_INVALID: 1,
    REQUEST_METHOD_REFUSED: 1,
  });
  assert.equal(plane.totals.accepted, 3);
});

test('latencies are counted once for each exchange and each attempt', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const plane = await startDataPlane(t, { pools: [{ backends }] }, 2);
  await runLoad({ port: plane.port, requests: 200, concurrency: 4 });
  await plane.atRest();
  let observations = 0;
  for (const count of plane.state.histograms) observations += count;
  assert.equal(observations, 400);
});
