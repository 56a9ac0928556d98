import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BackendStatus, PoolStatus, Status } from '../../protocol/admin-api.ts';
import type { PoolChange } from '../../protocol/dashboard.ts';
import { changeOf, isSame, type StatusChange } from './stream-delta.ts';

const backends = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('b1', 'b2', 'b3', '__proto__'),
    inFlight: fc.nat(2),
    latencyMs: fc.record({ p50: fc.option(fc.nat(1)) }),
    failuresByCode: fc.dictionary(fc.constantFrom('A', 'B'), fc.nat(1)),
  }),
  { selector: ({ name }) => name },
);
const pools = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('web', 'api', '__proto__'), policy: fc.constantFrom('x', 'y'), backends }),
  { selector: ({ name }) => name },
);
const statuses = pools.map((list) => JSON.parse(JSON.stringify({ pools: list })) as Status);

/** What a page does with a delta, by the rules of `protocol/dashboard.ts`. */
function applied(pools: readonly PoolStatus[], change: StatusChange): PoolStatus[] {
  const byName = new Map(pools.map((pool) => [pool.name, pool]));
  for (const { backends: changed = [], order, ...fields } of change.pools as readonly PoolChange[]) {
    const before = byName.get(fields.name);
    const backendsByName = new Map((before?.backends ?? []).map((backend) => [backend.name, backend]));
    for (const backend of changed) {
      backendsByName.set(backend.name, { ...backendsByName.get(backend.name), ...backend } as BackendStatus);
    }
    const names = order ?? (before?.backends ?? []).map(({ name }) => name);
    const list = names.map((name) => backendsByName.get(name) as BackendStatus);
    byName.set(fields.name, { ...before, ...fields, backends: list } as PoolStatus);
  }
  return (change.order ?? pools.map(({ name }) => name)).map((name) => byName.get(name) as PoolStatus);
}

describe('delta', () => {
  it('brings every earlier status to the present one', () => {
    fc.assert(
      fc.property(fc.array(statuses, { minLength: 1, maxLength: 3 }), statuses, (earlier, now) => {
        const change = JSON.parse(JSON.stringify(changeOf(earlier, now))) as StatusChange;
        for (const status of earlier) assert.deepEqual(applied(status.pools, change), now.pools);
      }),
      { numRuns: 500 },
    );
  });

  it('is empty where nothing has changed', () => {
    fc.assert(
      fc.property(statuses, (status) => {
        const copy = JSON.parse(JSON.stringify(status)) as Status;
        assert.deepEqual(changeOf([status, copy], copy), { pools: [] });
      }),
    );
  });

  it('compares by value', () => {
    assert.ok(isSame({ a: [1, { b: null }] }, { a: [1, { b: null }] }));
    for (const [a, b] of [
      [{ a: 1 }, { b: 1 }],
      [[1], [1, 2]],
      [null, {}],
      [{ a: undefined }, {}],
      [1, '1'],
    ]) {
      assert.ok(!isSame(a, b));
    }
  });
});
