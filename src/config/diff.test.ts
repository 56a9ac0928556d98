import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeDiff, diffConfigs, isBackendSettingChanged, isPoolSettingChanged } from './diff.ts';
import { loadConfigText } from './load.ts';
import type { Config } from './schema.ts';

function load(text: string): Config {
  const result = loadConfigText(text, 'web.yaml', {}, 4);
  assert.ok(result.ok, JSON.stringify(result));
  return result.config;
}

const BEFORE = `version: 1
listeners: { web: { address: ":8080" }, old: { address: ":8081" } }
pools:
  web:
    policy: weighted-round-robin
    backends: [{ url: "http://a:1", name: a, weight: 2 }, { url: "http://b:1", name: b }, { url: "http://c:1", name: c }]
    health: { path: /healthz, interval: 30s }
  gone: { backends: ["http://g:1"] }
routes: [{ match: { path: /g }, pool: gone }, { pool: web }]
admin: { token: first }
`;

const AFTER = `version: 1
workers: 2
listeners: { web: { address: ":9090" }, new: { address: ":8082" } }
pools:
  web:
    policy: least-connections
    backends: [{ url: "http://b:1", name: b }, { url: "http://a:1", name: a, weight: 3 }, { url: "http://d:1", name: d }]
    health: { path: /ready, interval: 30s }
  fresh: { backends: ["http://g:1"] }
routes: [{ match: { path: /g }, pool: fresh }, { pool: web }]
admin: { token: second }
limits: { fields: 100 }
`;

test('a config does not differ from itself', () => {
  const diff = diffConfigs(load(BEFORE), load(BEFORE));
  assert.equal(diff.isEmpty, true);
  assert.deepEqual(describeDiff(diff), []);
});

test('every difference is named', () => {
  const diff = diffConfigs(load(BEFORE), load(AFTER));
  assert.deepEqual(describeDiff(diff), [
    'listener new added',
    'listener old removed',
    'listener web: address: {"host":"::","port":8080} → {"host":"::","port":9090}',
    'pool fresh added',
    'pool gone removed',
    'pool web: policy: "weighted-round-robin" → "least-connections"',
    'pool web: health.path: "/healthz" → "/ready"',
    'pool web: backend d added',
    'pool web: backend c removed',
    'pool web: backend a: weight: 2 → 3',
    'pool web: backends stand in another order',
    'routes changed',
    'limits.fields: 200 → 100',
    'workers changed: needs a restart',
    'admin.token changed: needs a restart',
  ]);
});

test('a single setting can be asked for', () => {
  const diff = diffConfigs(load(BEFORE), load(AFTER));
  assert.equal(isPoolSettingChanged(diff, 'web', 'policy'), true);
  assert.equal(isPoolSettingChanged(diff, 'web', 'retry.attempts'), false);
  assert.equal(isPoolSettingChanged(diff, 'fresh', 'policy'), false);
  assert.equal(isBackendSettingChanged(diff, 'web', 'a', 'weight'), true);
  assert.equal(isBackendSettingChanged(diff, 'web', 'b', 'weight'), false);
});

test('how names are looked up and used takes effect without a restart', () => {
  const after = BEFORE.replace('name: b }', 'name: b, addresses: all }');
  const diff = diffConfigs(load(BEFORE), load(`${after}dns: { servers: [10.0.0.53], maxTtl: 10s }\n`));
  assert.deepEqual(describeDiff(diff), [
    'pool web: backend b: addresses: "one" → "all"',
    'dns.servers: [] → ["10.0.0.53:53"]',
    'dns.maxTtlMs: 60000 → 10000',
  ]);
});

test('a token never gets into a diff', () => {
  const bare = BEFORE.replace('admin: { token: first }\n', '');
  for (const [before, after] of [
    [BEFORE, AFTER],
    [BEFORE, bare],
    [bare, BEFORE],
  ] as const) {
    assert.doesNotMatch(JSON.stringify(diffConfigs(load(before), load(after))), /first|second/);
  }
});

const weights = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.integer({ min: 1, max: 3 })), {
  selector: ([name]) => name,
  minLength: 1,
});

function withBackends(backends: readonly (readonly [string, number])[]): Config {
  const list = backends.map(([name, weight]) => ({ name, weight, url: `http://${name}:1` }));
  const pools = { web: { policy: 'weighted-round-robin', backends: list } };
  return load(JSON.stringify({ version: 1, listeners: { web: { address: ':1' } }, pools }));
}

test('the diff turns the old list of backends into the new one', () => {
  fc.assert(
    fc.property(weights, weights, (before, after) => {
      const diff = diffConfigs(withBackends(before), withBackends(after));
      const backends = diff.pools.changed[0]?.backends ?? { added: [], removed: [], changed: [], isReordered: false };
      const result = new Map<string, number>(before);
      for (const name of backends.removed) assert.ok(result.delete(name), `${name} was not there`);
      for (const { name, settings } of backends.changed) {
        for (const change of settings) {
          assert.equal(change.setting, 'weight');
          assert.equal(change.before, result.get(name));
          result.set(name, Number(change.after));
        }
      }
      for (const name of backends.added) result.set(name, new Map<string, number>(after).get(name) ?? 0);
      assert.deepEqual(result, new Map<string, number>(after));
      assert.equal(diff.isEmpty, JSON.stringify(before) === JSON.stringify(after));
    }),
    { numRuns: 60 },
  );
});

test('the way back has added and removed the other way round', () => {
  fc.assert(
    fc.property(weights, weights, (before, after) => {
      const forth = diffConfigs(withBackends(before), withBackends(after)).pools.changed[0]?.backends;
      const back = diffConfigs(withBackends(after), withBackends(before)).pools.changed[0]?.backends;
      assert.deepEqual([...(forth?.added ?? [])], [...(back?.removed ?? [])]);
      assert.deepEqual([...(forth?.removed ?? [])], [...(back?.added ?? [])]);
    }),
    { numRuns: 40 },
  );
});
