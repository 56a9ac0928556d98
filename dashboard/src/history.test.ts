import { expect, test } from 'vitest';
import { appendSeconds, historyFrom, KEPT_SECONDS, stretch, totalOf } from './history.ts';

const second = (rps: number, backendRps: Record<string, number> = {}) => ({
  rps,
  errorsPerSecond: 0,
  p50: 1,
  p95: 2,
  p99: 3,
  backendRps,
});

const start = () =>
  historyFrom({
    web: {
      at: [100, 101, 104],
      rps: [1, 2, 5],
      errorsPerSecond: [0, 0, 0],
      p50: [1, null, 1],
      p95: [1, 1, 1],
      p99: [1, 1, 1],
      backendRps: { b1: [1, 2, 5] },
    },
  });

test('a stretch has one slot a second, and missing seconds are gaps', () => {
  const columns = start().get('web');
  if (columns === undefined) throw new Error('no columns');
  const { at, cut } = stretch(columns, 105, 7);
  expect(at).toEqual([99, 100, 101, 102, 103, 104, 105]);
  expect(cut(columns.rps)).toEqual([null, 1, 2, null, null, 5, null]);
  expect(cut(columns.p50)).toEqual([null, 1, null, null, null, 1, null]);
});

test('a backend that comes later is a gap before, one that goes is a gap after', () => {
  const history = start();
  appendSeconds(history, 105_000, { web: second(6, { b2: 6 }) }, ['web']);
  const columns = history.get('web');
  expect(columns?.backendRps.get('b1')).toEqual([1, 2, 5, null]);
  expect(columns?.backendRps.get('b2')).toEqual([null, null, null, 6]);
});

test('jitter makes no gaps, and a true gap stays one', () => {
  const history = start();
  for (const atMs of [105_990, 107_010, 107_990, 112_000]) appendSeconds(history, atMs, { web: second(1) }, ['web']);
  expect(history.get('web')?.at).toEqual([100, 101, 104, 105, 106, 107, 112]);
});

test('pools that are gone are forgotten, one that is silent is not', () => {
  const history = start();
  appendSeconds(history, 105_000, { api: second(1) }, ['api', 'web']);
  expect([...history.keys()]).toEqual(['web', 'api']);
  appendSeconds(history, 106_000, { api: second(1) }, ['api']);
  expect([...history.keys()]).toEqual(['api']);
});

test('memory is bounded, and backends long gone are forgotten', () => {
  const history = start();
  for (let at = 105; at < 105 + 3 * KEPT_SECONDS; at += 1)
    appendSeconds(history, at * 1000, { web: second(1, { b9: 1 }) }, ['web']);
  const columns = history.get('web');
  expect(columns?.at.length).toBeLessThan(2 * KEPT_SECONDS);
  expect(columns?.at.length).toBeGreaterThanOrEqual(KEPT_SECONDS);
  expect(columns?.backendRps.has('b1')).toBe(false);
  expect(columns?.backendRps.get('b9')).toHaveLength(columns?.at.length ?? -1);
});

test('a total adds up the pools second by second', () => {
  const history = historyFrom({});
  appendSeconds(history, 100_000, { a: second(1), b: second(10) }, ['a', 'b']);
  appendSeconds(history, 101_000, { b: second(20) }, ['a', 'b']);
  expect(totalOf(history, (columns) => columns.rps, 102, 3)).toEqual([11, 20, null]);
});
