import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  type AdminSide,
  type AdminSideOptions,
  LivePage,
  startAdminSide,
  TOKEN,
} from '../../../../test/harness/admin-side.ts';
import { openDeaf } from '../../../../test/harness/deaf-page.ts';
import { eventually, within } from '../../../../test/harness/eventually.ts';
import type { BackendStatus, Status } from '../../../protocol/admin-api.ts';
import {
  type ChartFields,
  type DeltaMessage,
  LIVE_VERSION,
  type PoolFields,
  type SnapshotMessage,
  type SystemFields,
  type Topic,
  type TopicChange,
  type TotalsFields,
} from '../../../protocol/live.ts';
import { BACKEND_COUNTERS, BACKEND_SHARED, POOL_COUNTERS } from '../../../state/layout.ts';
import { MAX_CLIENTS } from './live-stream.ts';

const start = (t: TestContext, options?: AdminSideOptions): Promise<AdminSide> =>
  startAdminSide({ after: (undo) => t.after(undo) }, options);

/** Something for every page to be told. */
const say = (side: AdminSide, text: string): void =>
  void side.journal.add({ level: 'info', kind: 'tested', subject: '', text, origin: 'test' });

const setInFlight = (side: AdminSide, slot: number, count: number): void =>
  void Atomics.store(side.state.shared, side.state.backendShared(slot) + BACKEND_SHARED.IN_FLIGHT, count);

function topic<Fields extends object>(snapshot: SnapshotMessage, name: string): Topic<Fields> {
  const value = snapshot.topics[name];
  assert.ok(value, `no topic ${name}`);
  return value as Topic<Fields>;
}

const fieldsOf = <Fields extends object>(change: TopicChange | null | undefined): Partial<Fields> =>
  change?.fields ?? {};

const rows = (snapshot: SnapshotMessage, name: string): readonly BackendStatus[] =>
  (topic(snapshot, name).rows ?? []) as readonly BackendStatus[];

/** Names of so many backends. */
const manyBackends = (count: number, from = 20_000) =>
  Array.from({ length: count }, (_, i) => ({ url: `http://127.0.0.1:${from + i}`, name: `b${i}` }));

describe('live channel: topics', () => {
  it('begins with a snapshot of what was asked for, and of nothing else', async (t) => {
    const side = await start(t);
    side.state.counters[side.state.poolCounters(0, 0) + POOL_COUNTERS.REQUESTS] = 30;
    await side.pass(2);
    say(side, 'before');
    const { snapshot } = await side.look('totals', 'system', 'pool:web', 'events?limit=1', 'pool:nope', 'nonsense');
    assert.deepEqual([snapshot.version, snapshot.isWhole], [LIVE_VERSION, true]);
    assert.equal(snapshot.second, side.clock.wallMs() / 1000);
    assert.deepEqual(Object.keys(snapshot.topics).sort(), [
      'events?limit=1',
      'nonsense',
      'pool:nope',
      'pool:web',
      'system',
      'totals',
    ]);
    const totals = topic<TotalsFields>(snapshot, 'totals').fields;
    assert.deepEqual([totals.requests, totals.rps, totals.words, totals.count], [30, 15, 'unchecked', 2]);
    const pool = topic<PoolFields>(snapshot, 'pool:web').fields;
    assert.deepEqual([pool.requests, pool.words, pool.count, pool.availableCount], [30, 'unchecked', 2, 2]);
    assert.deepEqual(
      rows(snapshot, 'pool:web').map(({ name, expectedShare }) => [name, expectedShare]),
      [
        ['b1', 0.5],
        ['b2', 0.5],
      ],
    );
    const { policies, listeners, version } = topic<SystemFields>(snapshot, 'system').fields;
    assert.equal(policies.find(({ name }) => name === 'weighted-round-robin')?.usesWeights, true);
    assert.deepEqual(listeners, [{ name: 'web', address: '127.0.0.1:0' }]);
    assert.equal(version, '1.2.3');
    const { events } = topic<{ events: { text: string }[] }>(snapshot, 'events?limit=1').fields;
    assert.deepEqual(
      events.map(({ text }) => text),
      ['before'],
    );
    assert.equal(snapshot.topics['pool:nope'], null);
    assert.equal(snapshot.topics['nonsense'], null);
  });

  it('sends what has changed once a second, and events at once, numbered without a gap', async (t) => {
    const side = await start(t);
    const { page, snapshot } = await side.look('pool:web', 'events');
    const { state } = side;
    setInFlight(side, 1, 5);
    state.counters[state.backendCounters(0, 1) + BACKEND_COUNTERS.REQUESTS] = 4;
    await side.pass(1);
    const delta = await page.next('delta');
    assert.equal(delta.seq, snapshot.seq + 1);
    assert.equal(delta.second, side.clock.wallMs() / 1000, 'the second that the figures belong to');
    assert.deepEqual(delta.topics['pool:web'], {
      fields: { inFlight: 5 },
      rows: [
        { name: 'b1', actualShare: 0 },
        { name: 'b2', inFlight: 5, requests: 4, rps: 4, actualShare: 1 },
      ],
    });
    say(side, 'now');
    const told = await page.next('event');
    assert.deepEqual([told.seq, told.event.text], [snapshot.seq + 2, 'now']);
    await side.pass(1);
    assert.equal((await page.next('delta')).seq, snapshot.seq + 3);
  });

  it('says once a second that it lives, where nothing has changed', async (t) => {
    const side = await start(t);
    await side.pass(1);
    const { page } = await side.look('pool:web');
    await side.pass(2);
    assert.deepEqual((await page.next('delta')).topics, {});
    assert.equal((await page.next('delta')).second, side.clock.wallMs() / 1000);
    assert.ok((page.sizes.at(-1) ?? 0) < 120);
  });

  it('changes what a page looks at on the same channel, and tells only what is new', async (t) => {
    const side = await start(t);
    const { page } = await side.look('totals', 'pools');
    const next = await page.follow('totals', 'pool:web', 'backend:web/b1');
    assert.deepEqual([next.isWhole, Object.keys(next.topics)], [false, ['pool:web', 'backend:web/b1']]);
    setInFlight(side, 0, 3);
    await side.pass(1);
    const { topics } = await page.next('delta');
    assert.deepEqual(Object.keys(topics).sort(), ['backend:web/b1', 'pool:web', 'totals']);
    assert.deepEqual(topics['backend:web/b1'], { fields: { inFlight: 3 } });
    assert.deepEqual((await page.follow()).topics, {});
    setInFlight(side, 0, 4);
    await side.pass(1);
    assert.deepEqual((await page.next('delta')).topics, {});
  });

  it('tells events only to those who follow them', async (t) => {
    const side = await start(t);
    const { page: deaf } = await side.look('totals');
    const { page: curious } = await side.look('events?limit=3');
    say(side, 'now');
    assert.equal((await curious.next('event')).event.text, 'now');
    await side.pass(1);
    await deaf.next('delta');
  });

  it('tells of a change that the API made, to all pages, and what came and went', async (t) => {
    const side = await start(t);
    const pages = [await side.look('pool:web', 'events'), await side.look('pool:web', 'events')].map(
      ({ page }) => page,
    );
    await side.ask('/api/v1/pools/web', { method: 'PATCH', body: { policy: 'least-connections' } });
    await side.ask('/api/v1/pools/web/backends', {
      method: 'POST',
      body: { url: 'http://127.0.0.1:8083', name: 'b3' },
    });
    await side.pass(1);
    for (const page of pages) {
      assert.equal((await page.next('event')).event.kind, 'policy-changed');
      assert.equal((await page.next('event')).event.kind, 'backend-added');
      const change = (await page.next('delta')).topics['pool:web'];
      assert.equal(fieldsOf<PoolFields>(change).policy, 'least-connections');
      assert.deepEqual(change?.order, ['b1', 'b2', 'b3']);
      const added = change?.rows?.find(({ name }) => name === 'b3') as BackendStatus | undefined;
      assert.equal(added?.url, 'http://127.0.0.1:8083', 'a new backend is told whole');
    }
    const [first, second] = pages.map(({ messages }) => messages.slice(1).map((message) => ({ ...message, atMs: 0 })));
    assert.deepEqual(first, second);
  });

  it('tells that a backend has come that somebody waited for, and that it has gone', async (t) => {
    const side = await start(t);
    const { page, snapshot } = await side.look('backend:web/late');
    assert.equal(snapshot.topics['backend:web/late'], null);
    const body = { url: 'http://127.0.0.1:9', name: 'late' };
    await side.ask('/api/v1/pools/web/backends', { method: 'POST', body });
    await side.pass(1);
    const came = (await page.next('delta')).topics['backend:web/late'];
    assert.equal(fieldsOf<BackendStatus>(came).url, 'http://127.0.0.1:9');
    await side.ask('/api/v1/pools/web/backends/late', { method: 'DELETE' });
    for (let i = 0; i < 3; i++) side.roster.sweep(side.roster.revision);
    await side.pass(1);
    assert.equal((await page.next('delta')).topics['backend:web/late'], null);
  });

  it('brings right whoever comes between two seconds, and those who were there', async (t) => {
    const side = await start(t);
    setInFlight(side, 0, 5);
    const { page: early } = await side.look('pool:web');
    await side.pass(1);
    await early.next('delta');
    setInFlight(side, 0, 7);
    const { page: late, snapshot } = await side.look('pool:web');
    assert.equal(rows(snapshot, 'pool:web')[0]?.inFlight, 5, 'what the others were told last');
    await side.pass(1);
    const [one, two] = [await early.next('delta'), await late.next('delta')];
    assert.deepEqual(one.topics['pool:web']?.rows, [{ name: 'b1', inFlight: 7 }]);
    assert.deepEqual(two.topics, one.topics);
  });

  it('gives the last second of what a chart shows, as the history has it', async (t) => {
    const side = await start(t);
    const chart = 'chart:pool:web?backends=b2,gone&bands=1';
    const { page } = await side.look(chart, 'chart:totals', 'chart:backend:web/b1', 'chart:pool:nope');
    const { state } = side;
    await side.pass(1);
    const first = (await page.next('delta')).topics;
    assert.equal(first[chart], undefined, 'nothing has changed');
    state.counters[state.poolCounters(0, 0) + POOL_COUNTERS.REQUESTS] = 2;
    state.counters[state.backendCounters(0, 1) + BACKEND_COUNTERS.REQUESTS] = 2;
    state.histograms[state.poolHistogram(0, 0) + 40] = 2;
    await side.pass(1);
    const { topics, second } = await page.next('delta');
    const fields = fieldsOf<ChartFields>(topics[chart]);
    assert.deepEqual([fields.rps, fields.p99, fields.backends], [2, 0.04, { b2: 2, gone: null }]);
    assert.deepEqual(fields.bands?.slice(0, 2), [2, 0]);
    assert.equal(fieldsOf<ChartFields>(topics['chart:totals']).rps, 2);
    const answer = await side.ask(`/api/v1/history?topic=pool:web&range=1m&after=${second - 1}`);
    const { at, columns } = JSON.parse(answer.text) as { at: number[]; columns: Record<string, number[]> };
    assert.deepEqual([at, columns['rps'], columns['p99']], [[second], [2], [0.04]]);
  });

  it('gives a script that says nothing all that there is', async (t) => {
    const side = await start(t);
    const page = await side.open();
    await side.pass(1);
    const snapshot = await page.next('snapshot');
    assert.deepEqual(Object.keys(snapshot.topics), ['status', 'totals', 'events']);
    const { pools } = topic<Status>(snapshot, 'status').fields;
    assert.deepEqual(pools[0]?.backends.length, 2);
    await side.pass(1);
    await page.next('delta');
    say(side, 'now');
    assert.equal((await page.next('event')).event.text, 'now');
  });

  it('answers the same over plain HTTP', async (t) => {
    const side = await start(t);
    await side.pass(1);
    const { snapshot } = await side.look('totals', 'pool:web?limit=1');
    const answer = await side.ask('/api/v1/snapshot?topic=totals&topic=pool%3Aweb%3Flimit%3D1');
    const polled = JSON.parse(answer.text) as SnapshotMessage;
    assert.deepEqual({ ...polled, seq: snapshot.seq, atMs: snapshot.atMs }, snapshot);
    const many = Array.from({ length: 33 }, (_, index) => `topic=t${index}`).join('&');
    assert.equal((await side.ask(`/api/v1/snapshot?${many}`)).status, 400);
  });
});

describe('live channel: what a page may say', () => {
  it('sends a fresh snapshot to a page that has missed something, but not more than one a second', async (t) => {
    const side = await start(t);
    const { page } = await side.look('totals');
    page.say({ op: 'resync' });
    page.say({ op: 'resync' });
    await page.settle();
    await side.pass(1);
    const delta = await page.next('delta');
    const snapshot = await page.next('snapshot');
    assert.deepEqual([snapshot.seq, snapshot.isWhole], [delta.seq + 1, true]);
    assert.equal(page.messages.length, 3);
    await side.pass(1);
    assert.equal((await page.next('delta')).seq, snapshot.seq + 1);
    page.say({ op: 'resync' });
    await page.next('snapshot');
  });

  it('tells a page of another version that it is out of date', async (t) => {
    const side = await start(t);
    const page = await side.open();
    page.say({ op: 'hello', version: LIVE_VERSION + 1, topics: [] });
    assert.equal((await page.next('outdated')).version, LIVE_VERSION);
    assert.equal(await page.end(), 4001);
  });

  it('closes on anything that it does not understand', async (t) => {
    const side = await start(t);
    for (const message of ['{}', 'x', '{"op":"drain"}', 'null', Buffer.from([1])]) {
      const page = await side.open();
      page.socket.send(message);
      assert.equal(await page.end(), 1008, String(message));
    }
    const big = await side.open();
    big.socket.send('x'.repeat(64 * 1024 + 1));
    assert.equal(await big.end(), 1009);
    const chatty = await side.open();
    for (let i = 0; i < 30; i++) chatty.socket.send('{"op":"resync"}');
    assert.equal(await chatty.end(), 1008);
  });
});

describe('live channel: who may open it', () => {
  it('refuses foreign hosts, foreign pages and the unknown, before the 101, and closes', async (t) => {
    const side = await start(t, { admin: { token: TOKEN, hosts: ['ballast.example.com'] } });
    const authorization = `Bearer ${TOKEN}`;
    const own = `http://127.0.0.1:${side.port}`;
    const refused = (headers: Record<string, string>, message: RegExp): Promise<void> =>
      assert.rejects(side.open(headers), message, JSON.stringify(headers));
    await refused({ authorization, host: 'evil.example' }, /^Error: 403 host-refused close$/);
    for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${side.port + 1}`]) {
      await refused({ authorization, origin }, /^Error: 403 origin-refused close$/);
    }
    await refused({ authorization, 'sec-fetch-site': 'cross-site' }, /^Error: 403 cross-site-refused close$/);
    await refused({}, /^Error: 401 unauthorized close$/);
    await refused({ origin: own }, /^Error: 401 unauthorized close$/);
    await refused({ authorization: 'Bearer wrong' }, /^Error: 401 token-invalid close$/);
    const signedIn = await side.ask('/api/v1/session', { method: 'POST', body: { token: TOKEN } });
    const cookie = signedIn.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    for (const headers of [
      { authorization },
      { cookie, origin: own },
      { cookie, origin: 'https://ballast.example.com' },
    ]) {
      await (await side.open(headers)).hello('totals');
    }
    for (const path of ['snapshot?topic=totals', 'history?topic=totals', 'events', 'pools/web/shares']) {
      assert.equal((await side.ask(`/api/v1/${path}`)).status, 401, path);
    }
  });

  it('is a WebSocket and nothing else, at one path', async (t) => {
    const side = await start(t);
    const answer = await side.ask('/api/v1/live');
    assert.equal(answer.status, 426);
    assert.equal(answer.headers.upgrade, 'websocket');
    const h2c = await side.ask('/livez', { headers: { connection: 'upgrade, http2-settings', upgrade: 'h2c' } });
    assert.equal(h2c.status, 200, 'another protocol is not taken up');
    const elsewhere = await side.ask('/api/v1/status', { headers: { connection: 'upgrade', upgrade: 'websocket' } });
    assert.equal(elsewhere.status, 404);
  });

  it('takes 64 pages', async (t) => {
    const side = await start(t);
    const pages = await Promise.all(Array.from({ length: MAX_CLIENTS }, () => side.open()));
    await assert.rejects(side.open(), /503 too-many-pages/);
    pages[0]?.socket.close();
    await pages[0]?.end();
    await eventually('a place to be free', () =>
      side.open().then(
        () => true,
        () => false,
      ),
    );
  });
});

describe('live channel: the end', () => {
  it('tells pages that the server goes away', async (t) => {
    const side = await start(t);
    const { page } = await side.look('totals');
    await side.server.close(1000);
    assert.equal(await page.end(), 1001);
    await assert.rejects(LivePage.open({ after: (undo) => t.after(undo) }, side.port));
  });

  it('cuts pages that do not answer the close', async (t) => {
    const side = await start(t);
    await openDeaf(t, side.port);
    await within('the server to close', 30_000, side.server.close(50));
  });
});

describe('live channel: 1,000 backends', () => {
  const POOLS = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`pool-${i}`, { backends: manyBackends(20, 20_000 + 20 * i) }]),
  );
  const CAPACITY = { pools: 64, backends: 1024 };

  it('costs kilobytes to look at the overview, or at one pool', async (t) => {
    const side = await start(t, { pools: POOLS, capacity: CAPACITY });
    await side.pass(1);
    const overview = ['totals', 'system', 'events?limit=20', 'attention?limit=8', 'pools'];
    const { page } = await side.look(...overview);
    assert.ok((page.sizes[0] ?? 0) < 25_000, `overview: ${page.sizes[0]} bytes`);
    const pool = await side.look('totals', 'system', 'events?limit=20', 'pool:pool-7');
    assert.equal(rows(pool.snapshot, 'pool:pool-7').length, 20);
    assert.ok((pool.page.sizes[0] ?? 0) < 25_000, `a pool: ${pool.page.sizes[0]} bytes`);
    t.diagnostic(`overview ${page.sizes[0]} bytes, a pool ${pool.page.sizes[0]} bytes`);
    // A second in which everything moves.
    for (let slot = 0; slot < 1000; slot++) {
      setInFlight(side, slot, 1 + (slot % 3));
      const cell = side.state.backendCounters(0, slot) + BACKEND_COUNTERS.REQUESTS;
      side.state.counters[cell] = slot;
    }
    for (let slot = 0; slot < 50; slot++) {
      side.state.counters[side.state.poolCounters(0, slot) + POOL_COUNTERS.REQUESTS] = 10 + slot;
    }
    await side.pass(1);
    await page.next('delta');
    await pool.page.next('delta');
    t.diagnostic(`deltas: overview ${page.sizes[1]} bytes, a pool ${pool.page.sizes[1]} bytes`);
    assert.ok((page.sizes[1] ?? 0) < 10_000, `overview: ${page.sizes[1]} bytes`);
    assert.ok((pool.page.sizes[1] ?? 0) < 10_000, `a pool: ${pool.page.sizes[1]} bytes`);
  });

  it('sends a window of a pool that has them all, sorted and filtered, and follows the order', async (t) => {
    const side = await start(t, { pools: { big: { backends: manyBackends(1000) } }, capacity: CAPACITY });
    await side.pass(1);
    const { page, snapshot } = await side.look('pool:big');
    assert.deepEqual([rows(snapshot, 'pool:big').length, page.sizes[0] !== undefined], [100, true]);
    assert.ok((page.sizes[0] ?? 0) < 80_000, `${page.sizes[0]} bytes`);
    const top = 'pool:big?limit=2&sort=-inFlight';
    const found = 'pool:big?q=b99+unchecked&limit=3&offset=9';
    setInFlight(side, 700, 9);
    await side.pass(1);
    await page.next('delta');
    const next = await page.follow(top, found);
    assert.deepEqual(
      rows(next, top).map(({ name }) => name),
      ['b700', 'b0'],
    );
    const { matchingCount, offset } = topic<PoolFields>(next, found).fields;
    assert.deepEqual([matchingCount, offset], [11, 9]);
    assert.deepEqual(
      rows(next, found).map(({ name }) => name),
      ['b998', 'b999'],
    );
    setInFlight(side, 800, 12);
    await side.pass(1);
    const delta: DeltaMessage = await page.next('delta');
    const change = delta.topics[top];
    assert.deepEqual(change?.order, ['b800', 'b700']);
    assert.equal((change?.rows?.[0] as BackendStatus | undefined)?.url, 'http://127.0.0.1:20800');
    assert.equal(delta.topics[found]?.rows, undefined);
  });
});
