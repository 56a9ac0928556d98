import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { OutlierRule } from '../../config/pool-trouble-schema.ts';
import { ejectionMs, forgottenIn, mostEjected, passesToReadmit } from './ejection.ts';

const RULE: OutlierRule = { gatewayErrors: 5, timeMs: 30_000, maxTimeMs: 100_000, maxSharePercent: 50 };

describe('ejection', () => {
  it('is longer each time, up to the longest', () => {
    const times = [1, 2, 3, 4, 100].map((ejections) => ejectionMs(ejections, RULE));
    assert.deepEqual(times, [30_000, 60_000, 90_000, 100_000, 100_000]);
  });

  it('takes at most the share, rounded up', () => {
    const most = (percent: number): number[] =>
      [0, 1, 2, 3, 4, 10].map((ready) => mostEjected(ready, { ...RULE, maxSharePercent: percent }));
    assert.deepEqual(most(50), [0, 1, 1, 2, 2, 5]);
    assert.deepEqual(most(10), [0, 1, 1, 1, 1, 1]);
    assert.deepEqual(most(100), [0, 1, 2, 3, 4, 10]);
    assert.deepEqual(most(0), [0, 0, 0, 0, 0, 0]);
  });

  it('rounds exactly, whatever the percentage', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.integer({ min: 0, max: 100 }), (ready, maxSharePercent) => {
        const most = mostEjected(ready, { ...RULE, maxSharePercent });
        assert.ok(most * 100 >= ready * maxSharePercent);
        assert.ok((most - 1) * 100 < ready * maxSharePercent || most === 0);
      }),
    );
  });

  it('is ended by more passed checks each time', () => {
    assert.deepEqual(
      [1, 2, 5].map((ejections) => passesToReadmit(ejections, 2)),
      [2, 4, 10],
    );
  });

  it('is forgotten one by one in calm', () => {
    assert.deepEqual(
      [0, 29_999, 30_000, 89_999, 90_000].map((calmMs) => forgottenIn(calmMs, RULE)),
      [0, 0, 1, 2, 3],
    );
  });
});
