import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type AdminSide, startAdminSide } from '../../../../test/harness/admin-side.ts';
import type { PoolRow, SearchFields, SearchRow, SnapshotMessage, Topic } from '../../../protocol/live.ts';

const backends = (...names: readonly string[]) =>
  names.map((name, index) => ({ name, url: `http://10.0.${Math.floor(index / 250)}.${(index % 250) + 1}:8080` }));
const POOLS = {
  web: { backends: backends('b1', 'b2') },
  api: { backends: backends('web-proxy', 'b1') },
  'old-web': { backends: backends('b21') },
};
const CAPACITY = { backends: 1100 };

const start = (t: TestContext, options = {}): Promise<AdminSide> =>
  startAdminSide({ after: (undo) => t.after(undo) }, { pools: POOLS, capacity: CAPACITY, ...options });

async function topicOf<Fields extends object, Row extends { readonly name: string }>(
  side: AdminSide,
  topic: string,
): Promise<Topic<Fields, Row>> {
  const { status, text } = await side.ask(`/api/v1/snapshot?topic=${encodeURIComponent(topic)}`);
  assert.equal(status, 200, text);
  const found = (JSON.parse(text) as SnapshotMessage).topics[topic];
  assert.ok(found);
  return found as Topic<Fields, Row>;
}

const search = (side: AdminSide, options: string) => topicOf<SearchFields, SearchRow>(side, `search?${options}`);

async function namesOf(side: AdminSide, options: string): Promise<string[]> {
  return ((await search(side, options)).rows ?? []).map(({ name }) => name);
}

describe('the topic search', () => {
  it('finds pools and backends, the best match first', async (t) => {
    const side = await start(t);
    assert.deepEqual(await namesOf(side, 'q=web'), [
      'web',
      'web/b1',
      'web/b2',
      'api/web-proxy',
      'old-web',
      'old-web/b21',
    ]);
    assert.deepEqual(await namesOf(side, 'q=B1'), ['web/b1', 'api/b1']);
    assert.deepEqual(await namesOf(side, 'q=b2'), ['web/b2', 'old-web/b21']);
  });

  it('wants every word, in any order, also of addresses and states', async (t) => {
    const side = await start(t);
    assert.deepEqual(await namesOf(side, 'q=b1+api'), ['api/b1']);
    assert.deepEqual(await namesOf(side, 'q=10.0.0.2'), ['web/b2', 'api/b1']);
    assert.deepEqual(await namesOf(side, 'q=unchecked+pool'), ['web', 'api', 'old-web']);
    assert.deepEqual(await namesOf(side, 'q=nothing+of+this'), []);
  });

  it('tells the state of each, and why', async (t) => {
    const side = await start(t);
    const { rows = [] } = await search(side, 'q=web/b');
    assert.deepEqual(rows[0], {
      name: 'web/b1',
      pool: 'web',
      backend: 'b1',
      state: 'unknown',
      words: 'not checked yet',
      distance: 1,
    });
    const pool = (await search(side, 'q=old-web&limit=1')).rows?.[0];
    assert.deepEqual([pool?.backend, pool?.state, pool?.words], [null, 'unchecked', 'unchecked']);
  });

  it('sends a few of many, and says how many there are', async (t) => {
    const many = Array.from({ length: 1000 }, (_, index) => `node-${index}`);
    const side = await start(t, { pools: { big: { backends: backends(...many) } } });
    const found = await search(side, 'q=node&limit=5');
    assert.deepEqual([found.rows?.length, found.fields.matchingCount], [5, 1000]);
    assert.equal((await search(side, 'q=node&limit=9999')).rows?.length, 50);
    assert.equal((await search(side, 'q=node&limit=x')).rows?.length, 20);
  });
});

describe('the topic pools', () => {
  it('puts those first that are asked for, whatever it is sorted by', async (t) => {
    const side = await start(t);
    const names = async (options: string): Promise<string[]> =>
      ((await topicOf<object, PoolRow>(side, `pools?${options}`)).rows ?? []).map(({ name }) => name);
    assert.deepEqual(await names('sort=name'), ['api', 'old-web', 'web']);
    assert.deepEqual(await names('sort=name&first=web'), ['web', 'api', 'old-web']);
    assert.deepEqual(await names('first=old-web,gone,api&limit=2'), ['api', 'old-web']);
  });
});
