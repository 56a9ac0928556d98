/** What the live channel says of routes and listeners is what clients have done. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import type { ListenerStatus } from '../../src/protocol/admin-api.ts';
import type { RouteRow, RoutesFields, SnapshotMessage, Topic } from '../../src/protocol/live.ts';
import { LivePage } from '../harness/admin-side.ts';
import { poolOf, runBalancer } from '../harness/balancer-program.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { startHttpBackends } from '../harness/http-backends.ts';
import { failedIn, runLoad } from '../harness/load.ts';

test('routes have what clients sent, over all workers and listeners', async (t) => {
  const backends = await startHttpBackends(t, ['a', 'b']);
  const [web = { name: '', port: 0 }, api = { name: '', port: 0 }] = backends;
  const other = await freePort();
  const port = await freePort();
  const balancer = await runBalancer(t, {
    listeners: { web: { address: `127.0.0.1:${port}` }, other: { address: `127.0.0.1:${other}` } },
    pools: { web: poolOf([web]), api: poolOf([api]) },
    routes: [
      { match: { host: 'api.example.com' }, pool: 'api' },
      { match: { path: '/static' }, pool: 'web' },
      { match: { host: 'api.example.com', path: '/v1' }, pool: 'web' },
    ],
  });
  const page = await LivePage.open({ after: (undo) => t.after(undo) }, balancer.admin.port);
  const look = async (): Promise<Topic<RoutesFields, RouteRow>> => {
    const { topics } = await balancer.admin.json<SnapshotMessage>('/api/v1/snapshot?topic=routes');
    return topics['routes'] as Topic<RoutesFields, RouteRow>;
  };
  const { topics } = await page.hello('routes', 'listeners');
  const first = topics['routes'] as Topic<RoutesFields, RouteRow>;
  assert.deepEqual(
    first.rows?.map(({ number, requests, coveredBy }) => [number, requests, coveredBy]),
    [
      [1, 0, null],
      [2, 0, null],
      [3, 0, 1],
    ],
  );

  const load = { requests: 60, concurrency: 4 };
  const reports = await Promise.all([
    runLoad({ ...load, port, path: '/v1/x', fields: { Host: 'api.example.com' } }),
    runLoad({ ...load, port: other, path: '/static/a', requests: 25 }),
    runLoad({ ...load, port, path: '/nobody', requests: 7 }),
  ]);
  assert.deepEqual(reports.slice(0, 2).flatMap(failedIn), []);
  assert.equal(reports[2]?.byStatus.get(404), 7);
  const { fields, rows = [] } = await look();
  assert.deepEqual(
    rows.map(({ requests }) => requests),
    reports
      .slice(0, 2)
      .map(({ sent }) => sent)
      .concat(0),
  );
  assert.equal(fields.unroutedRequests, 7);
  // The channel pushes the same within a second.
  const pushed = new Map<string, Partial<RouteRow>>();
  await eventually('the channel to push it', () => {
    for (const message of page.messages) {
      if (message.type !== 'delta') continue;
      for (const row of message.topics['routes']?.rows ?? []) pushed.set(row.name, { ...pushed.get(row.name), ...row });
    }
    const isRated = (pushed.get('1')?.rps ?? 0) > 0;
    return isRated && pushed.get('1')?.requests === 60 && pushed.get('2')?.requests === 25;
  });
  assert.equal(pushed.has('3'), false);
});

test('listeners have the clients that are connected there, and follow a reload', async (t) => {
  const backends = await startHttpBackends(t, ['a']);
  const [port, other, later] = [await freePort(), await freePort(), await freePort()];
  const pools = { web: poolOf(backends) };
  const web = { address: `127.0.0.1:${port}` };
  const balancer = await runBalancer(t, { pools, listeners: { web, other: { address: `127.0.0.1:${other}` } } });
  let last: readonly ListenerStatus[] = [];
  const until = (...wanted: readonly string[]): Promise<void> =>
    eventually(
      () => `${wanted.join(', ')}; is ${JSON.stringify(last)}`,
      async () => {
        last = (await balancer.admin.json<{ listeners: ListenerStatus[] }>('/api/v1/listeners')).listeners;
        const words = last.map(({ name, state, acceptingWorkers, clientConnections }) =>
          [name, state, acceptingWorkers, clientConnections].join(' '),
        );
        return words.join() === wanted.join();
      },
    );
  await until('web listening 2 0', 'other listening 2 0');
  const clients = [port, port, port, port, port, other, other].map((at) => net.connect(at, '127.0.0.1'));
  t.after(() => clients.forEach((client) => client.destroy()));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  await until('web listening 2 5', 'other listening 2 2');
  clients[0]?.destroy();
  clients[6]?.end();
  await until('web listening 2 4', 'other listening 2 1');
  await balancer.reloadWith({ pools, listeners: { web, later: { address: `127.0.0.1:${later}` } } });
  await until('web listening 2 4', 'later listening 2 0');
});
