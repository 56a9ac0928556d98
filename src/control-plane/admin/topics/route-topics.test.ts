import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type AdminSide, type AdminSideOptions, startAdminSide } from '../../../../test/harness/admin-side.ts';
import { makeConfig } from '../../../../test/harness/make-config.ts';
import { failureOf } from '../../../protocol/failures.ts';
import type {
  DeltaMessage,
  RouteRow,
  RoutesFields,
  SnapshotMessage,
  Topic,
  TopicChange,
} from '../../../protocol/live.ts';
import { WORKER_COUNTERS } from '../../../state/layout.ts';
import { DEFAULT_LIMIT } from './window.ts';

const POOLS = {
  web: { backends: ['http://127.0.0.1:8081'] },
  api: { backends: ['http://127.0.0.1:9081', 'http://127.0.0.1:9082'] },
};
const ROUTES = [
  { match: { host: 'api.example.com', path: '/v1' }, pool: 'api' },
  { match: { host: '*.example.com' }, pool: 'web' },
  { match: { host: 'api.example.com', path: '/v2' }, pool: 'api' },
  { match: { path: '/static' }, pool: 'web' },
];

async function start(t: TestContext, routes: readonly object[] = ROUTES, options: AdminSideOptions = {}) {
  const side = await startAdminSide({ after: (undo) => t.after(undo) }, { pools: POOLS, ...options });
  side.roster.apply(makeConfig({ pools: POOLS, routes, admin: { address: '127.0.0.1:0' } }));
  return side;
}

function take(side: AdminSide, number: number, requests: number, worker = 0): void {
  const cell = side.state.routeCounter(worker, side.roster.routeSlots[number - 1] ?? 0);
  side.state.counters[cell] = (side.state.counters[cell] ?? 0) + requests;
}

function routesOf(message: SnapshotMessage, name: string): Topic<RoutesFields, RouteRow> {
  const topic = message.topics[name];
  assert.ok(topic, `no topic ${name}`);
  return topic as Topic<RoutesFields, RouteRow>;
}

const changeOf = (message: DeltaMessage, name: string) =>
  message.topics[name] as TopicChange<RoutesFields, RouteRow> | null | undefined;

describe('the topic of routes', () => {
  it('has them in their order, with what each has taken and how its pool is', async (t) => {
    const side = await start(t);
    take(side, 1, 30, 0);
    take(side, 1, 12, 1);
    const { snapshot } = await side.look('routes');
    const { fields, rows = [] } = routesOf(snapshot, 'routes');
    assert.deepEqual(fields, { matchingCount: 4, offset: 0, routeCount: 4, unroutedRequests: 0, unroutedRps: 0 });
    assert.deepEqual(
      rows.map(({ name, host, path, pool, requests }) => [name, host, path, pool, requests]),
      [
        ['1', 'api.example.com', '/v1', 'api', 42],
        ['2', '*.example.com', null, 'web', 0],
        ['3', 'api.example.com', '/v2', 'api', 0],
        ['4', null, '/static', 'web', 0],
      ],
    );
    assert.deepEqual(
      rows.map(({ coveredBy, example }) => [coveredBy, `${example.host}${example.path}`]),
      [
        [null, 'api.example.com/v1'],
        [null, 'www.example.com/'],
        [2, 'api.example.com/v2'],
        [null, '/static'],
      ],
    );
    assert.deepEqual([rows[0]?.severity, rows[0]?.words], ['unchecked', 'unchecked']);
  });

  it('tells each second what was taken, and of the others nothing', async (t) => {
    const side = await start(t);
    const { page } = await side.look('routes');
    take(side, 4, 20, 1);
    const unrouted = side.state.workerCounters(1) + WORKER_COUNTERS.FIRST_FAILURE + failureOf('ROUTE_NOT_FOUND').index;
    side.state.counters[unrouted] = 5;
    await side.pass(1);
    const change = changeOf(await page.next('delta'), 'routes');
    assert.deepEqual(change?.fields, { unroutedRequests: 5, unroutedRps: 5 });
    assert.deepEqual(change?.rows, [{ name: '4', requests: 20, rps: 20 }]);
    assert.equal(change?.order, undefined);
    await side.pass(1);
    assert.deepEqual(changeOf(await page.next('delta'), 'routes')?.rows, [{ name: '4', rps: 10 }]);
  });

  it('finds what is read on the page, and is sorted by what was taken', async (t) => {
    const side = await start(t);
    take(side, 2, 3);
    take(side, 4, 9);
    const found = async (options: string): Promise<readonly string[]> => {
      const name = `routes?${options}`;
      const { snapshot } = await side.look(name);
      return (routesOf(snapshot, name).rows ?? []).map((row) => row.name);
    };
    assert.deepEqual(await found('q=api.example'), ['1', '3']);
    assert.deepEqual(await found('q=pool:web'), ['2', '4']);
    assert.deepEqual(await found('q=every+host'), ['4']);
    assert.deepEqual(await found('q=never+matches'), ['3']);
    assert.deepEqual(await found('q=never+matched'), ['1']);
    assert.deepEqual(await found('sort=-requests'), ['4', '2', '1', '3']);
    assert.deepEqual(await found('sort=pool&limit=2&offset=2'), ['2', '4']);
    await side.pass(1);
  });

  it('follows a reload: rows are other routes then, and counts stay with theirs', async (t) => {
    const side = await start(t);
    take(side, 1, 7);
    const { page } = await side.look('routes');
    const routes = [{ match: { path: '/new' }, pool: 'web' }, ...ROUTES.slice(0, 1)];
    side.roster.apply(makeConfig({ pools: POOLS, routes, admin: { address: '127.0.0.1:0' } }));
    await side.pass(1);
    const change = changeOf(await page.next('delta'), 'routes');
    assert.deepEqual(change?.order, ['1', '2']);
    assert.deepEqual(change?.fields, { matchingCount: 2, routeCount: 2 });
    const [first, second] = change?.rows ?? [];
    assert.deepEqual([first?.host, first?.path, first?.pool, first?.requests], [null, '/new', 'web', 0]);
    assert.deepEqual([second?.host, second?.path, second?.requests], ['api.example.com', '/v1', 7]);
  });

  it('sends a page of ten thousand, and costs a second little', async (t) => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({ match: { path: `/r${index}` }, pool: 'web' }));
    const side = await start(t, many, { capacity: { routes: 20_000 } });
    const names = ['routes?offset=9900', 'routes?q=r99+pool:web&sort=-requests'];
    const { page, snapshot } = await side.look(...names);
    const { fields, rows = [] } = routesOf(snapshot, names[0] ?? '');
    assert.deepEqual([fields.routeCount, fields.offset, rows.length], [10_000, 9900, DEFAULT_LIMIT]);
    assert.deepEqual([rows[0]?.name, rows[0]?.path, rows[99]?.path], ['9901', '/r9900', '/r9999']);
    assert.equal(routesOf(snapshot, names[1] ?? '').fields.matchingCount, 111);
    assert.ok((page.sizes[0] ?? 0) < 100_000, `the snapshot has ${page.sizes[0]} bytes`);
    take(side, 9901, 3);
    take(side, 1, 3);
    await side.pass(1);
    assert.deepEqual(changeOf(await page.next('delta'), names[0] ?? '')?.rows, [{ name: '9901', requests: 3, rps: 3 }]);
  });
});

describe('the topic of listeners', () => {
  it('has what the balancer says of them, as the admin API has it', async (t) => {
    const web = {
      name: 'web',
      address: '0.0.0.0:80',
      state: 'partly' as const,
      reason: 'a worker is starting',
      acceptingWorkers: 1,
      workers: 2,
      clientConnections: 3,
    };
    let listeners = [web];
    const side = await start(t, ROUTES, { deps: { listeners: () => listeners } });
    const { page, snapshot } = await side.look('listeners');
    assert.deepEqual(snapshot.topics['listeners']?.rows, [web]);
    assert.deepEqual(JSON.parse((await side.ask('/api/v1/listeners')).text), { listeners });
    listeners = [{ ...web, clientConnections: 4 }];
    await side.pass(1);
    assert.deepEqual((await page.next('delta')).topics['listeners']?.rows, [{ name: 'web', clientConnections: 4 }]);
  });
});
