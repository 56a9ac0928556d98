import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startAdminSide } from '../../../test/harness/admin-side.ts';
import { at, configOf, makeRoster } from '../../../test/harness/make-roster.ts';
import type { BackendStatus, SharePreview } from '../../protocol/admin-api.ts';
import { bucketOf } from '../../state/histogram.ts';
import { BACKEND_COUNTERS } from '../../state/layout.ts';
import { PromisedShares } from './pool-shares.ts';

const THREE = {
  web: { policy: 'weighted-round-robin', backends: [at(1, 'a', { weight: 2 }), at(2, 'b'), at(3, 'c')] },
};

function make(pools: Parameters<typeof configOf>[0] = THREE) {
  const made = makeRoster(configOf(pools));
  const shares = new PromisedShares(made.state, made.roster);
  const promised = (): Record<string, number | null> => {
    const pool = made.pool();
    const byId = shares.of(pool.id);
    return Object.fromEntries(pool.backends.map(({ id, name }) => [name, byId.get(id) ?? null]));
  };
  return { ...made, shares, promised };
}

describe('promised shares', () => {
  it('follow weights, modes, health and the policy', () => {
    const { promised, roster, backend, pool, check } = make();
    assert.deepEqual(promised(), { a: 0.5, b: 0.25, c: 0.25 });
    roster.setMode(backend('c'), 'drain', 'test');
    assert.deepEqual(promised(), { a: 2 / 3, b: 1 / 3, c: 0 });
    roster.setWeight(backend('b'), 2, 'test');
    assert.deepEqual(promised(), { a: 0.5, b: 0.5, c: 0 });
    for (let i = 0; i < 3; i++) check('a', false);
    assert.deepEqual(promised(), { a: 0, b: 1, c: 0 });
    roster.setPolicy(pool(), 'least-connections', 'test');
    assert.deepEqual(promised(), { a: 0, b: 1, c: 0 }, 'the only one gets all, whatever the policy');
    roster.setMode(backend('c'), 'ready', 'test');
    assert.deepEqual(promised(), { a: 0, b: null, c: null });
  });

  it('are nothing for backups that are not needed, and for a pool that nobody serves', () => {
    const { promised, roster, backend } = make({
      web: { backends: [at(1, 'a'), at(2, 'b', { backup: true })] },
    });
    assert.deepEqual(promised(), { a: 1, b: 0 });
    roster.setMode(backend('a'), 'maintenance', 'test');
    assert.deepEqual(promised(), { a: 0, b: 1 });
    roster.setMode(backend('b'), 'maintenance', 'test');
    assert.deepEqual(promised(), { a: null, b: null });
  });

  it('are worked out once for each change', () => {
    const { shares, pool, roster, backend } = make();
    const first = shares.of(pool().id);
    assert.equal(shares.of(pool().id), first);
    roster.setWeight(backend('a'), 9, 'test');
    assert.notEqual(shares.of(pool().id), first);
  });
});

describe('shares in the API', () => {
  it('are with each backend, and previewed for another policy from its present load', async (t) => {
    const side = await startAdminSide({ after: (undo) => t.after(undo) });
    const { state } = side;
    // Each second b1 finishes 300 in 10 ms each, b2 100 in 30 ms each.
    for (let second = 0; second < 10; second++) {
      for (const [slot, count, ms] of [
        [0, 300, 10],
        [1, 100, 30],
      ] as const) {
        const requests = state.backendCounters(0, slot) + BACKEND_COUNTERS.REQUESTS;
        const bucket = state.backendHistogram(0, slot) + bucketOf(ms * 1000);
        state.counters[requests] = (state.counters[requests] ?? 0) + count;
        state.histograms[bucket] = (state.histograms[bucket] ?? 0) + count;
      }
      await side.pass(1);
    }
    const b1 = JSON.parse((await side.ask('/api/v1/pools/web/backends/b1')).text) as BackendStatus;
    assert.deepEqual([b1.expectedShare, b1.actualShare], [0.5, 0.75]);
    const preview = async (query: string): Promise<SharePreview> =>
      JSON.parse((await side.ask(`/api/v1/pools/web/shares${query}`)).text) as SharePreview;
    assert.deepEqual((await preview('')).backends, [
      { name: 'b1', actual: 0.75, expected: 0.5 },
      { name: 'b2', actual: 0.25, expected: 0.5 },
    ]);
    const { policy, backends } = await preview('?policy=least-connections');
    assert.equal(policy, 'least-connections');
    const [first = 0] = backends.map(({ expected }) => expected ?? 0);
    assert.ok(first > 0.65 && first < 0.8, `${first}`);
    assert.equal((await side.ask('/api/v1/pools/web/shares?policy=nope')).status, 400);
    assert.equal((await side.ask('/api/v1/pools/nope/shares')).status, 404);
  });
});
