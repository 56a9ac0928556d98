import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HISTORY_SECONDS, type PoolSecond } from '../protocol/dashboard.ts';
import { History, MAX_BACKEND_SERIES } from './history.ts';

const second = (rps: number, backendRps: Record<string, number>, p50: number | null = null): PoolSecond => ({
  rps,
  errorsPerSecond: 0,
  p50,
  p95: p50,
  p99: p50,
  backendRps,
});

describe('history', () => {
  it('keeps the last fifteen minutes, oldest first, and no more', () => {
    const history = new History();
    for (let at = 1; at <= HISTORY_SECONDS + 5; at++) history.record(at, { web: second(at, { b1: at }, at / 8) });
    const web = history.of(['web']).web;
    assert.ok(web);
    assert.equal(web.at.length, HISTORY_SECONDS);
    assert.deepEqual([web.at[0], web.at.at(-1)], [6, HISTORY_SECONDS + 5]);
    assert.deepEqual([web.rps[0], web.rps.at(-1)], [6, HISTORY_SECONDS + 5]);
    assert.deepEqual([web.p50[0], web.p99[1]], [0.75, 0.875]);
    assert.deepEqual([web.backendRps.b1?.length, web.backendRps.b1?.[0]], [HISTORY_SECONDS, 6]);
  });

  it('shows a missing second as missing and an unmeasured value as null', () => {
    const history = new History();
    history.record(100, { web: second(1, {}, 2) });
    history.record(103, { web: second(0, {}) });
    const web = history.of(['web']).web;
    assert.deepEqual(web?.at, [100, 103]);
    assert.deepEqual(web?.p95, [2, null]);
  });

  it('shows a backend as null while it did not exist, and forgets it when its last second has left', () => {
    const history = new History();
    history.record(1, { web: second(1, { b1: 1 }) });
    history.record(2, { web: second(1, { b1: 1, b2: 2 }) });
    history.record(3, { web: second(1, { b2: 3 }) });
    assert.deepEqual(history.of(['web']).web?.backendRps, { b1: [1, 1, null], b2: [null, 2, 3] });
    history.record(4, { web: second(1, { b1: 9 }) });
    assert.deepEqual(history.of(['web']).web?.backendRps, { b1: [1, 1, null, 9], b2: [null, 2, 3, null] });
    for (let at = 5; at <= HISTORY_SECONDS + 3; at++) history.record(at, { web: second(1, { b1: 1 }) });
    assert.deepEqual(Object.keys(history.of(['web']).web?.backendRps ?? {}), ['b1']);
  });

  it('keeps a pool that went until its seconds are old, and takes it up again with a gap', () => {
    const history = new History();
    history.record(1, { web: second(1, {}), api: second(1, {}) });
    history.record(2, { web: second(1, {}) });
    history.record(3, { web: second(1, {}), api: second(1, {}) });
    assert.deepEqual(history.of(['api']).api?.at, [1, 3]);
    for (let at = 4; at <= HISTORY_SECONDS + 3; at++) history.record(at, { web: second(1, {}) });
    assert.deepEqual(Object.keys(history.of(['web', 'api'])), ['web']);
  });

  it('gives the busiest backends where there are too many for a chart', () => {
    const history = new History();
    const many = Object.fromEntries(Array.from({ length: MAX_BACKEND_SERIES + 50 }, (_, i) => [`b${i}`, i]));
    history.record(1, { web: second(1, many), api: second(1, { quiet: 0, busy: 1000 }) });
    const { web, api } = history.of(['web', 'api']);
    assert.deepEqual(Object.keys(api?.backendRps ?? {}), ['busy']);
    assert.equal(Object.keys(web?.backendRps ?? {}).length, MAX_BACKEND_SERIES - 1);
    assert.ok(!('b0' in (web?.backendRps ?? {})) && `b${MAX_BACKEND_SERIES + 49}` in (web?.backendRps ?? {}));
  });
});
