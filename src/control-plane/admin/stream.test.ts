import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  type AdminSide,
  type AdminSideOptions,
  LivePage,
  startAdminSide,
  TOKEN,
} from '../../../test/harness/admin-side.ts';
import { openDeaf } from '../../../test/harness/deaf-page.ts';
import { eventually, within } from '../../../test/harness/eventually.ts';
import type { DeltaMessage } from '../../protocol/dashboard.ts';
import { BACKEND_COUNTERS, BACKEND_SHARED, POOL_COUNTERS } from '../../state/layout.ts';
import { MAX_CLIENTS } from './stream.ts';

const start = (t: TestContext, options?: AdminSideOptions): Promise<AdminSide> =>
  startAdminSide({ after: (undo) => t.after(undo) }, options);

/** Something for every page to be told. */
const say = (side: AdminSide, text: string): void =>
  void side.journal.add({ level: 'info', kind: 'tested', subject: '', text, origin: 'test' });

describe('live channel: messages', () => {
  it('begins with a snapshot that holds all', async (t) => {
    const side = await start(t);
    side.state.counters[side.state.poolCounters(0, 0) + POOL_COUNTERS.REQUESTS] = 30;
    await side.pass(2);
    say(side, 'before');
    const page = await side.open();
    const snapshot = await page.next('snapshot');
    assert.equal(snapshot.version, 1);
    assert.equal(snapshot.status.pools[0]?.requests, 30);
    assert.deepEqual(snapshot.history.web?.rps, [30, 0]);
    assert.deepEqual(snapshot.history.web?.backendRps, { b1: [0, 0], b2: [0, 0] });
    assert.equal(snapshot.events.at(-1)?.text, 'before');
    assert.deepEqual(
      snapshot.policies.map(({ name }) => name),
      side.sampler.status().pools[0]?.policies,
    );
    assert.equal(snapshot.policies.find(({ name }) => name === 'weighted-round-robin')?.usesWeights, true);
    assert.deepEqual(snapshot.listeners, [{ name: 'web', address: '127.0.0.1:0' }]);
  });

  it('sends what has changed once a second, and events at once, numbered without a gap', async (t) => {
    const side = await start(t);
    const page = await side.open();
    const { seq } = await page.next('snapshot');
    const { state } = side;
    Atomics.store(state.shared, state.backendShared(1) + BACKEND_SHARED.IN_FLIGHT, 5);
    state.counters[state.backendCounters(0, 1) + BACKEND_COUNTERS.REQUESTS] = 4;
    await side.pass(1);
    const delta = await page.next('delta');
    assert.equal(delta.seq, seq + 1);
    assert.deepEqual(delta.pools[0]?.backends, [
      { name: 'b1', actualShare: 0 },
      { name: 'b2', inFlight: 5, requests: 4, rps: 4, actualShare: 1 },
    ]);
    assert.equal(delta.order, undefined);
    assert.deepEqual(delta.seconds.web?.backendRps, { b1: 0, b2: 4 });
    assert.equal(delta.totals.inFlight, 5);
    say(side, 'now');
    const told = await page.next('event');
    assert.deepEqual([told.seq, told.event.text], [seq + 2, 'now']);
    await side.pass(1);
    assert.equal((await page.next('delta')).seq, seq + 3);
  });

  it('tells of a change that the API made, to all pages, and what came and went', async (t) => {
    const side = await start(t);
    const pages = [await side.open(), await side.open()];
    for (const page of pages) await page.next('snapshot');
    await side.ask('/api/v1/pools/web', { method: 'PATCH', body: { policy: 'least-connections' } });
    await side.ask('/api/v1/pools/web/backends', {
      method: 'POST',
      body: { url: 'http://127.0.0.1:8083', name: 'b3' },
    });
    await side.pass(1);
    for (const page of pages) {
      assert.equal((await page.next('event')).event.kind, 'policy-changed');
      assert.equal((await page.next('event')).event.kind, 'backend-added');
      const delta = await page.next('delta');
      assert.equal(delta.pools[0]?.policy, 'least-connections');
      assert.deepEqual(delta.pools[0]?.order, ['b1', 'b2', 'b3']);
      const added = delta.pools[0]?.backends?.find(({ name }) => name === 'b3');
      assert.equal(added?.url, 'http://127.0.0.1:8083', 'a new backend is told whole');
    }
    assert.deepEqual(pages[0]?.messages.slice(1), pages[1]?.messages.slice(1));
  });

  it('brings a page right that has seen a figure which has gone back since', async (t) => {
    const side = await start(t);
    const word = side.state.backendShared(0) + BACKEND_SHARED.IN_FLIGHT;
    Atomics.store(side.state.shared, word, 5);
    const early = await side.open();
    await early.next('snapshot');
    await side.pass(1);
    Atomics.store(side.state.shared, word, 7);
    const late = await side.open();
    assert.equal((await late.next('snapshot')).status.pools[0]?.backends[0]?.inFlight, 7);
    Atomics.store(side.state.shared, word, 5);
    await side.pass(1);
    const delta = await late.next('delta');
    assert.equal(delta.pools[0]?.backends?.[0]?.inFlight, 5);
    // And the other way round: a page that has not seen what the newest one has.
    Atomics.store(side.state.shared, word, 9);
    await (await side.open()).next('snapshot');
    await side.pass(1);
    await early.next('delta');
    await early.next('delta');
    assert.equal((await early.next('delta')).pools[0]?.backends?.[0]?.inFlight, 9);
  });

  it('sends a fresh snapshot to a page that has missed something, but not more than one a second', async (t) => {
    const side = await start(t);
    const page = await side.open();
    await page.next('snapshot');
    page.socket.send('{"op":"resync"}');
    page.socket.send('{"op":"resync"}');
    await page.settle();
    await side.pass(1);
    const delta = await page.next('delta');
    const snapshot = await page.next('snapshot');
    assert.equal(snapshot.seq, delta.seq);
    assert.equal(page.messages.length, 3);
    await side.pass(1);
    assert.equal((await page.next('delta')).seq, snapshot.seq + 1);
    page.socket.send('{"op":"resync"}');
    await page.next('snapshot');
  });

  it('closes on anything else that a page says', async (t) => {
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
      await (await side.open(headers)).next('snapshot');
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
    const page = await side.open();
    await page.next('snapshot');
    await side.server.close(1000);
    assert.equal(await page.end(), 1001);
    await assert.rejects(LivePage.open({ after: (undo) => t.after(undo) }, side.port));
  });

  it('cuts pages that do not answer the close', async (t) => {
    const side = await start(t);
    await openDeaf(t, side.port);
    await within('the server to close', 5_000, side.server.close(50));
  });
});

describe('live channel: many backends', () => {
  it('keeps a delta to what has changed', async (t) => {
    const backends = Array.from({ length: 200 }, (_, i) => ({ url: `http://127.0.0.1:${20_000 + i}`, name: `b${i}` }));
    const side = await start(t, { pools: { web: { backends } }, capacity: { backends: 256 } });
    const page = await side.open();
    await page.next('snapshot');
    await side.pass(1);
    await page.next('delta');
    await side.pass(1);
    const delta: DeltaMessage = await page.next('delta');
    assert.deepEqual(delta.pools, []);
    assert.ok((page.sizes.at(-1) ?? 0) < 4_096, `${page.sizes.at(-1)} bytes`);
  });
});
