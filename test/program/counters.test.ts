/** After a known load, the metrics and the status say exactly what clients and backends counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { type LoadReport, runLoad } from '../harness/load.ts';
import { connectRaw, requestBytes } from '../harness/raw-client.ts';

const STATUSES = [200, 204, 301, 404, 500];
const BODY_BYTES = 100;
const ANSWER_BYTES = 1_000;

const NEVER = { path: '/healthz', interval: '1h', fastInterval: '1h', timeout: '1s', rise: 1, fall: 100 };

function classesOf(reports: readonly LoadReport[]): Record<string, number> {
  const classes: Record<string, number> = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 };
  for (const { byStatus } of reports) {
    for (const [status, times] of byStatus) {
      const name = `${Math.floor(status / 100)}xx`;
      classes[name] = (classes[name] ?? 0) + times;
    }
  }
  return classes;
}

const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + count, 0);

test('requests, statuses, failures, retries, bytes and connections agree on all sides', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b'], {
    handle(request, response, backend) {
      const status = STATUSES[backend.requests % STATUSES.length] ?? 200;
      request.resume().on('end', () => {
        response.statusCode = status;
        response.end(status === 204 ? undefined : 'x'.repeat(ANSWER_BYTES));
      });
    },
  });
  const nobody = [
    { name: 'n1', port: await freePort() },
    { name: 'n2', port: await freePort() },
  ];
  const balancer = await runBalancer(t, {
    pools: { web: poolOf(backends), dead: poolOf(nobody, { health: NEVER }) },
    routes: [
      { match: { path: '/web' }, pool: 'web' },
      { match: { path: '/dead' }, pool: 'dead' },
    ],
  });
  const { admin, port } = balancer;
  const before = await admin.metrics();

  const load = { port, concurrency: 6 };
  const web = await Promise.all([
    runLoad({ ...load, path: '/web/1', requests: 600, method: 'POST', body: 'y'.repeat(BODY_BYTES) }),
    runLoad({ ...load, path: '/web/2', requests: 400 }),
    runLoad({ ...load, path: '/web/3', requests: 100, isFresh: true }),
  ]);
  const dead = await runLoad({ ...load, path: '/dead', requests: 40 });
  const lost = await runLoad({ ...load, path: '/nowhere', requests: 30 });
  for (let count = 0; count < 3; count++) {
    const client = await connectRaw(t, port);
    assert.equal((await client.request('NONSENSE\r\n\r\n')).status, 400);
  }
  const left = await connectRaw(t, port);
  await left.send(`${requestBytes('POST', '/web/4', { 'Content-Length': '10' })}half`);
  await eventually('it to be under way', async () => sum((await admin.status()).workers.map((w) => w.exchanges)) === 1);
  left.reset();
  await admin.atRest();

  for (const report of [...web, dead, lost]) assert.deepEqual([...report.errors], []);
  assert.deepEqual(Object.fromEntries(dead.byStatus), { 502: 40 });
  assert.deepEqual(Object.fromEntries(lost.byStatus), { 404: 30 });
  const answered = sum(web.map(({ sent }) => sent));
  const classes = classesOf(web);
  const bodies = answered - sum(web.map(({ byStatus }) => byStatus.get(204) ?? 0));

  const status = await admin.status();
  const [pool, deadPool] = status.pools;
  assert.ok(pool && deadPool);
  assert.equal(pool.requests, answered + 1);
  assert.deepEqual(pool.statuses, classes);
  assert.equal(pool.failures, 1);
  assert.deepEqual(pool.failuresByCode, { CLIENT_CLOSED: 1 });
  assert.equal(pool.retries, 0);
  assert.equal(pool.bytesIn, 600 * BODY_BYTES + 4);
  assert.equal(pool.bytesOut, bodies * ANSWER_BYTES);
  for (const backend of pool.backends) {
    const truth = backends.find(({ name }) => name === backend.name);
    assert.equal(backend.requests, truth?.requests, backend.name);
    assert.equal(sum(Object.values(backend.statuses)), sum(web.map((r) => r.byBackend.get(backend.name) ?? 0)));
    assert.deepEqual([backend.failures, backend.inFlight], [0, 0]);
  }
  assert.equal(sum(pool.backends.map(({ bytesOut }) => bytesOut)), pool.bytesIn);
  assert.equal(sum(pool.backends.map(({ bytesIn }) => bytesIn)), pool.bytesOut);
  // Two backends that refuse: both are tried, then there is nobody left.
  assert.equal(deadPool.requests, 40);
  assert.deepEqual(deadPool.statuses, { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 40 });
  assert.equal(deadPool.retries, 40);
  assert.deepEqual(deadPool.failuresByCode, { UPSTREAM_CONNECT_REFUSED: 40 });
  assert.deepEqual(
    deadPool.backends.map(({ requests, failures }) => [requests, failures]),
    [
      [40, 40],
      [40, 40],
    ],
  );
  assert.deepEqual(status.failuresWithoutPool, { ROUTE_NOT_FOUND: 30, REQUEST_LINE_INVALID: 3 });

  const metrics = await admin.metrics();
  const value = (name: string): number | undefined => metrics.get(name);
  assert.equal(value('ballast_requests_total{pool="web"}'), answered + 1);
  for (const [name, times] of Object.entries(classes)) {
    assert.equal(value(`ballast_responses_total{pool="web",class="${name}"}`), times, name);
  }
  assert.equal(value('ballast_failures_total{pool="web",code="CLIENT_CLOSED"}'), 1);
  assert.equal(value('ballast_failed_requests_total{pool="dead"}'), 40);
  assert.equal(value('ballast_retries_total{pool="dead"}'), 40);
  assert.equal(value('ballast_request_bytes_total{pool="web"}'), pool.bytesIn);
  assert.equal(value('ballast_response_bytes_total{pool="web"}'), pool.bytesOut);
  assert.equal(value('ballast_request_duration_seconds_count{pool="web"}'), answered + 1);
  assert.equal(value('ballast_unrouted_failures_total{code="ROUTE_NOT_FOUND"}'), 30);
  for (const { name, requests } of pool.backends) {
    const labels = `{pool="web",backend="${name}"}`;
    assert.equal(value(`ballast_backend_requests_total${labels}`), requests);
    assert.equal(value(`ballast_backend_request_duration_seconds_count${labels}`), requests);
    assert.equal(value(`ballast_backend_in_flight${labels}`), 0);
  }
  const accepted = (samples: ReadonlyMap<string, number>): number =>
    sum([...samples].filter(([name]) => name.startsWith('ballast_worker_connections_accepted')).map(([, n]) => n));
  // Kept-alive lanes, one connection for each fresh request, three malformed, one that left.
  assert.equal(accepted(metrics) - accepted(before), 6 + 6 + 100 + 6 + 6 + 3 + 1);
});
