import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type AdminSide, startAdminSide } from '../../../../test/harness/admin-side.ts';
import { eventually } from '../../../../test/harness/eventually.ts';
import type { EventsFields, SnapshotMessage } from '../../../protocol/live.ts';
import type { TapFields, TapFilter } from '../../../protocol/tap.ts';
import type { TapReport } from '../../../protocol/worker.ts';
import { filterOf } from './tap-topic.ts';

const start = (t: TestContext): Promise<AdminSide> => startAdminSide({ after: (undo) => t.after(undo) });

const fieldsOf = (snapshot: SnapshotMessage, topic: string) => snapshot.topics[topic]?.fields as TapFields | undefined;

const filters = (side: AdminSide): readonly TapFilter[] => side.tapped.now.map(({ filter }) => filter);

function report(side: AdminSide, target: string): TapReport {
  const tap = side.tapped.now[0]?.id ?? 0;
  const request = {
    ...{ atMs: 1, client: '127.0.0.1', method: 'GET', host: 'a.example', target, version: '1.1', fields: [] },
    ...{ route: null, pool: null, policy: null, candidates: [], waitedFromMs: null, waitedMs: 0, attempts: [] },
    ...{ status: 404, code: 'ROUTE_NOT_FOUND' as const, bytesIn: 0, bytesOut: 0, durationMs: 1, headMs: null },
  };
  return { counts: [{ tap, matched: 3 }], requests: [{ taps: [tap], request }] };
}

describe('the filter in the name of a tap', () => {
  const cases: readonly (readonly [string, TapFilter])[] = [
    ['', {}],
    [
      'pool=web&backend=b1&status=5xx&route=3&minMs=2.5&client=::1&q=/cart',
      { pool: 'web', backend: 'b1', status: '5xx', route: 3, minMs: 2.5, client: '::1', q: '/cart' },
    ],
    ['status=failed&q=+a+b+', { status: 'failed', q: 'a b' }],
    ['status=404', { status: '404' }],
    // What makes no sense is as if it were not there.
    ['status=abc&route=0&minMs=-1&pool=&q=%20&more=1', {}],
    ['status=6xx&route=1e3&minMs=0', {}],
    [`q=${'x'.repeat(300)}`, { q: 'x'.repeat(256) }],
  ];
  for (const [query, filter] of cases) {
    it(`${query.slice(0, 60) || 'nothing'}`, () => assert.deepEqual(filterOf(new URLSearchParams(query)), filter));
  }
});

describe('the topic of a tap', () => {
  it('begins with the page that asks, shows what comes, and ends when the page looks elsewhere', async (t) => {
    const side = await start(t);
    assert.deepEqual(filters(side), []);
    const { page, snapshot } = await side.look('tap?status=4xx', 'events');
    const fields = fieldsOf(snapshot, 'tap?status=4xx');
    assert.deepEqual([fields?.isOn, fields?.matched, fields?.shown], [true, 0, 0]);
    assert.deepEqual(filters(side), [{ status: '4xx' }]);
    const events = snapshot.topics['events']?.fields as EventsFields | undefined;
    assert.equal(events?.events.at(-1)?.kind, 'tap-opened');
    side.taps.take(1, report(side, '/a'));
    await side.pass(1);
    const first = (await page.next('delta')).topics['tap?status=4xx'];
    assert.deepEqual(first?.fields, { matched: 3, shown: 1 });
    assert.deepEqual(first?.order, ['1-1']);
    side.taps.take(1, report(side, '/b'));
    await side.pass(1);
    const second = (await page.next('delta')).topics['tap?status=4xx'];
    assert.deepEqual(
      second?.rows?.map(({ name }) => name),
      ['1-2'],
      'only what is new is sent',
    );
    assert.deepEqual(second?.order, ['1-1', '1-2']);
    await page.follow('events');
    assert.deepEqual(filters(side), []);
  });

  it('is one for all pages that ask the same, and ends with the last of them', async (t) => {
    const side = await start(t);
    const { page: one } = await side.look('tap?q=a&status=4xx');
    const { page: two } = await side.look('tap?status=4xx&q=a');
    assert.equal(filters(side).length, 1);
    one.socket.close();
    await one.end();
    await two.settle();
    assert.equal(filters(side).length, 1);
    two.socket.terminate();
    await eventually('the last page to be gone', () => filters(side).length === 0);
  });

  it('goes over to another filter at once, also where all places are taken', async (t) => {
    const side = await start(t);
    const closes = Array.from({ length: 7 }, (_, i) => side.taps.open({ route: i + 1 }));
    const { page } = await side.look('tap?q=a');
    const snapshot = await page.follow('tap?q=ab');
    assert.equal(fieldsOf(snapshot, 'tap?q=ab')?.isOn, true);
    assert.deepEqual(filters(side).at(-1), { q: 'ab' });
    for (const close of closes) close();
  });

  it('is over after its time, and begins anew for a page that asks anew', async (t) => {
    const side = await start(t);
    const { page } = await side.look('tap');
    await side.pass(5 * 60);
    for (let second = 0; second < 5 * 60; second++) await page.next('delta');
    assert.deepEqual(filters(side), []);
    await page.follow('totals');
    const snapshot = await page.follow('tap');
    assert.equal(fieldsOf(snapshot, 'tap')?.isOn, true);
    assert.equal(filters(side).length, 1);
  });

  it('by REST, is held for those who ask again within 12 s, and for no foreign page', async (t) => {
    const side = await start(t);
    const ask = async (headers = {}) => {
      const answer = await side.ask('/api/v1/snapshot?topic=tap%3Fq%3Da', { headers });
      return { status: answer.status, body: JSON.parse(answer.text) as SnapshotMessage };
    };
    assert.equal((await ask({ 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.deepEqual(filters(side), []);
    assert.equal(fieldsOf((await ask()).body, 'tap?q=a')?.isOn, true);
    side.taps.take(0, report(side, '/a'));
    await side.pass(10);
    const { body } = await ask();
    assert.equal(fieldsOf(body, 'tap?q=a')?.matched, 3);
    assert.equal(body.topics['tap?q=a']?.rows?.length, 1);
    await side.pass(11);
    assert.equal(filters(side).length, 1);
    await side.pass(1);
    assert.deepEqual(filters(side), []);
  });

  it('by REST, takes no more places than there are', async (t) => {
    const side = await start(t);
    const topics = Array.from({ length: 20 }, (_, i) => `topic=tap%3Froute%3D${i + 1}`).join('&');
    const { topics: told } = JSON.parse((await side.ask(`/api/v1/snapshot?${topics}`)).text) as SnapshotMessage;
    const on = Object.values(told).filter((topic) => (topic?.fields as TapFields | undefined)?.isOn);
    assert.equal(on.length, 8);
    assert.equal(filters(side).length, 8);
  });
});
