import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HISTORY_RANGES, type HistoryAnswer, type HistoryRange, MAX_STEPS } from '../../protocol/history.ts';
import { bucketOf, HISTOGRAM_BUCKETS } from '../../state/histogram.ts';
import { LatencySeconds, latencyOf } from '../metrics/sampler-window.ts';
import { backendAnswer, CHARTED_BACKENDS, poolAnswer, poolLines, totalsAnswer } from './answers.ts';
import { BAND_EDGES_MS, bandOf } from './bands.ts';
import type { BackendFigures, Figures } from './figures.ts';
import { BACKEND_PLAN, History, PLACES, POOL_PLAN, TOTALS_PLAN } from './history.ts';
import { bytesOf } from './series.ts';

/** Divisible by every step. */
const START = 1_700_000_000 - (1_700_000_000 % 900);

/** As the sampler does: another second in the same object. */
function another(latencies: LatencySeconds, micros: readonly number[]): LatencySeconds {
  const second = latencies.begin();
  for (const [bucket, count] of denseOf(micros).entries()) if (count > 0) second.push(bucket, count);
  return latencies;
}

function denseOf(micros: readonly number[]): Uint32Array {
  const dense = new Uint32Array(HISTOGRAM_BUCKETS);
  for (const value of micros) dense[bucketOf(value)] = (dense[bucketOf(value)] ?? 0) + 1;
  return dense;
}

interface More extends Partial<Figures> {
  readonly micros?: readonly number[];
}

const figures = (finished: number, more: More = {}): Figures => ({
  finished,
  errors: 0,
  retries: 0,
  inFlight: 0,
  connections: 0,
  clientConnections: 0,
  queued: 0,
  latencies: another(new LatencySeconds(), more.micros ?? []),
  ...more,
});

const named = (all: Readonly<Record<string, Figures>>): BackendFigures[] =>
  Object.entries(all).map(([name, own]) => ({ name, figures: own }));

/** One second of a pool `web`, which are the totals as well. */
function record(history: History, at: number, web: Figures, backends: Readonly<Record<string, Figures>> = {}): void {
  history.record({
    at,
    elapsedMs: 1000,
    totals: web,
    pools: [{ name: 'web', figures: web, backends: named(backends) }],
  });
}

function web(history: History, range: HistoryRange, more: object = {}): HistoryAnswer {
  const span = { fromSeconds: history.second - HISTORY_RANGES[range] + 1, toSeconds: history.second };
  const answer = poolAnswer(history, 'web', { topic: 'pool:web', span, hasBands: false, ...more });
  assert.ok(answer);
  return answer;
}

describe('history: the finest ring', () => {
  it('keeps fifteen minutes, oldest first, and no more', () => {
    const history = new History();
    for (let i = 0; i < 1000; i++) {
      record(history, START + i, figures(i, { inFlight: 2, queued: 1, micros: [2 ** (i % 10)] }));
    }
    const { at, stepSeconds, columns, isLastOpen } = web(history, '15m');
    assert.deepEqual([stepSeconds, at.length, at[0], at.at(-1), isLastOpen], [1, 900, START + 100, START + 999, false]);
    assert.deepEqual([columns.rps?.[0], columns.rps?.at(-1)], [100, 999]);
    assert.deepEqual([columns.inFlight?.[5], columns.queued?.[5], columns.errors?.[5]], [2, 1, 0]);
    assert.equal(columns.p50?.[1], 0.002);
    assert.equal(web(history, '1m').at.length, 60);
  });

  it('shows a missing second as missing and an unmeasured value as null', () => {
    const history = new History();
    record(history, START, figures(1, { micros: [50] }));
    record(history, START + 3, figures(0));
    const { at, columns } = web(history, '1m');
    assert.deepEqual(at, [START, START + 3]);
    assert.deepEqual(columns.p95, [0.05, null]);
    assert.deepEqual(columns.rps, [1, 0]);
  });

  it('takes a rate from the time that has really passed', () => {
    const history = new History();
    const own = figures(30);
    history.record({ at: START, elapsedMs: 3000, totals: own, pools: [{ name: 'web', figures: own, backends: [] }] });
    assert.deepEqual(web(history, '1m').columns.rps, [10]);
  });

  it('keeps time ascending when the clock was set back', () => {
    const history = new History();
    for (let i = 0; i < 30; i++) record(history, START + 100 + i, figures(1));
    for (let i = 0; i < 15; i++) record(history, START + 105 + i, figures(2));
    const { at, columns } = web(history, '1m');
    assert.deepEqual(
      at,
      [...at].sort((a, b) => a - b),
    );
    assert.deepEqual([at.length, at.at(-1)], [20, START + 119]);
    assert.deepEqual(columns.rps, [1, 1, 1, 1, 1, ...new Array<number>(15).fill(2)]);
    const { at: tens } = web(history, '1h');
    assert.deepEqual(tens, [START + 100, START + 110], 'the first ten seconds were seen, the last are under way');
  });
});

describe('history: coarser rings', () => {
  it('has each range in steps that fit a chart', () => {
    const history = new History();
    for (let i = 0; i < 1800; i++) record(history, START + i, figures(1));
    const steps = Object.keys(HISTORY_RANGES).map((range) => web(history, range as HistoryRange).stepSeconds);
    assert.deepEqual(steps, [1, 1, 1, 10, 60, 120, 900]);
    for (const [index, seconds] of Object.values(HISTORY_RANGES).entries()) {
      assert.ok(seconds / (steps[index] ?? 1) <= MAX_STEPS);
    }
  });

  it('merges the buckets of a step: percentiles are those of all its latencies, and counts add up', () => {
    const second = fc.array(fc.integer({ min: 1, max: 20_000_000 }), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(second, { minLength: 20, maxLength: 140 }), (seconds) => {
        const history = new History();
        const latencies = new LatencySeconds();
        for (const [i, micros] of seconds.entries()) {
          record(history, START + i, figures(micros.length, { latencies: another(latencies, micros) }));
        }
        for (const range of ['1h', '6h', '24h', '7d'] as const) {
          const { at, stepSeconds, columns, bands, isLastOpen } = web(history, range, { hasBands: true });
          assert.equal(isLastOpen, true);
          for (const [index, begin] of at.entries()) {
            const first = begin - START;
            const own = seconds.slice(first, first + stepSeconds);
            const all = own.flat();
            const { p50, p95, p99 } = latencyOf(denseOf(all));
            for (const [column, exact] of Object.entries({ p50, p95, p99 })) {
              const kept = columns[column as 'p50']?.[index] ?? null;
              // Kept in 24 bits.
              assert.ok(kept === exact || Math.abs((kept ?? 0) - (exact ?? 0)) <= 1e-6 * (exact ?? 0) + 0.001);
            }
            // Kept in 24 bits before it is rounded: a half falls as those bits say.
            const kept = Math.fround(all.length * (1000 / (own.length * 1000)));
            assert.equal(columns.rps?.[index], Math.round(kept * 100) / 100);
            if (bands == null) continue;
            const expected = new Array<number>(BAND_EDGES_MS.length + 1).fill(0);
            for (const micros of all)
              expected[bandOf(bucketOf(micros))] = (expected[bandOf(bucketOf(micros))] ?? 0) + 1;
            assert.deepEqual(bands.counts[index], expected);
          }
        }
        assert.equal(web(history, '7d', { hasBands: true }).bands === null, false, 'a young week is still covered');
      }),
      { numRuns: 25 },
    );
  });

  it('gives the mean of gauges, and the most that ever waited', () => {
    const history = new History();
    for (let i = 0; i < 21; i++) {
      record(history, START + i, figures(0, { inFlight: i < 10 ? i : 100, connections: 4, queued: i === 3 ? 7 : 0 }));
    }
    const { columns } = web(history, '1h');
    assert.deepEqual(columns.inFlight, [4.5, 100, 100]);
    assert.deepEqual(columns.connections, [4, 4, 4]);
    assert.deepEqual(columns.queued, [7, 0, 0]);
  });

  it('goes on from a second that the reader has, with the open step once more', () => {
    const history = new History();
    for (let i = 0; i < 35; i++) record(history, START + i, figures(i));
    const { at, isLastOpen, columns } = web(history, '1h', { afterSeconds: START + 10 });
    assert.deepEqual([at, isLastOpen], [[START + 20, START + 30], true]);
    assert.deepEqual(columns.rps, [24.5, 32]);
  });

  it('counts the idle seconds before the first request of a step', () => {
    const history = new History();
    for (let i = 0; i < 15; i++) record(history, START + i, figures(i === 9 ? 10 : 0));
    assert.deepEqual(web(history, '1h').columns.rps, [1, 0]);
  });

  it('leaves out steps that nobody saw', () => {
    const history = new History();
    for (const i of [0, 1, 25, 26]) record(history, START + i, figures(2));
    const { at, columns } = web(history, '1h');
    assert.deepEqual(at, [START, START + 20]);
    assert.deepEqual(columns.rps, [2, 2]);
  });
});

describe('history: backends', () => {
  const backend = (history: History, name: string, range: HistoryRange = '1m'): HistoryAnswer | null => {
    const span = { fromSeconds: history.second - HISTORY_RANGES[range] + 1, toSeconds: history.second };
    return backendAnswer(history, 'web', name, { topic: `backend:web/${name}`, span, hasBands: false });
  };

  it('shows nothing before one came and after it went, and forgets it after fifteen minutes', () => {
    const history = new History();
    record(history, START + 1, figures(1), { b1: figures(1) });
    record(history, START + 2, figures(1), { b1: figures(1), b2: figures(2) });
    record(history, START + 3, figures(1), { b2: figures(3) });
    assert.deepEqual(web(history, '1m').backends, { b1: [1, 1, null], b2: [null, 2, 3] });
    record(history, START + 4, figures(1), { b1: figures(9), b2: figures(0) });
    assert.deepEqual(web(history, '1m').backends, { b1: [1, 1, null, 9], b2: [null, 2, 3, 0] });
    for (let i = 5; i < 903; i++) record(history, START + i, figures(1), { b1: figures(1) });
    assert.notEqual(backend(history, 'b2'), null);
    for (let i = 903; i < 906; i++) record(history, START + i, figures(1), { b1: figures(1) });
    assert.equal(backend(history, 'b2'), null);
  });

  it('keeps six hours of one, and says so for longer ranges of its pool', () => {
    const history = new History();
    for (let i = 0; i < 130; i++) record(history, START + i, figures(3), { b1: figures(3, { micros: [1000] }) });
    const six = backend(history, 'b1', '6h');
    assert.deepEqual([six?.stepSeconds, six?.columns.rps, six?.columns.p99], [60, [3, 3, 3], [1, 1, 1]]);
    assert.equal(backend(history, 'b1', '7d')?.stepSeconds, 60, 'the longest there is');
    assert.deepEqual(web(history, '6h').backends, { b1: [3, 3, 3] });
    assert.equal(web(history, '24h').backends, null);
  });

  it('gives the busiest of many, or those that are asked for', () => {
    const history = new History();
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`b${i}`, figures((i * 7) % 40)]));
    record(history, START, figures(1), many);
    const names = Object.keys(web(history, '1m').backends ?? {});
    assert.equal(names.length, CHARTED_BACKENDS);
    assert.ok(names.every((name) => (many[name]?.finished ?? 0) >= 40 - CHARTED_BACKENDS));
    assert.deepEqual(web(history, '1m', { backends: ['b1', 'gone'] }).backends, { b1: [7], gone: [null] });
  });
});

describe('history: several pools in one answer', () => {
  it('gives the mean of each step, and leaves out what does not exist', () => {
    const history = new History();
    for (let i = 0; i < 12; i++) {
      const [a, b] = [figures(i), figures(1)];
      const pools = [
        { name: 'a', figures: a, backends: [] },
        ...(i < 6 ? [] : [{ name: 'b', figures: b, backends: [] }]),
      ];
      history.record({ at: START + i, elapsedMs: 1000, totals: a, pools });
    }
    const span = { fromSeconds: START, toSeconds: history.second };
    assert.deepEqual(poolLines(history, ['a', 'b', 'gone'], span, 5), {
      topic: 'pools',
      stepSeconds: 5,
      second: START + 11,
      at: [START, START + 5, START + 10],
      rps: { a: [2, 7, 10.5], b: [null, 1, 1] },
    });
  });
});

describe('history: memory', () => {
  it('is taken up by what has traffic, and by nothing else', () => {
    const history = new History();
    const idle = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`b${i}`, figures(0)]));
    for (let i = 0; i < 100; i++) record(history, START + i, figures(0), idle);
    assert.equal(history.bytes, 0);
    assert.deepEqual(web(history, '1m').columns.rps?.slice(0, 3), [0, 0, 0], 'and is still known');
    const span = { fromSeconds: START, toSeconds: START + 99 };
    const totals = totalsAnswer(history, { topic: 'totals', span, hasBands: false, columns: ['rps', 'p99'] });
    assert.deepEqual(Object.keys(totals.columns), ['rps', 'p99']);
    assert.deepEqual([totals.columns.rps?.[9], totals.columns.p99?.[9]], [0, null]);
  });

  it('holds 1,000 backends in 50 pools within 150 MB, and anything else within 155 MB', () => {
    const places = [...PLACES.pool, ...PLACES.backend];
    const thousand = 50 * bytesOf(POOL_PLAN) + 1000 * bytesOf(BACKEND_PLAN) + bytesOf(TOTALS_PLAN);
    const most = places.reduce((sum, { plan, count }) => sum + count * bytesOf(plan), bytesOf(TOTALS_PLAN));
    assert.deepEqual([bytesOf(POOL_PLAN), bytesOf(BACKEND_PLAN)], [837_984, 85_024]);
    assert.ok(thousand < 132e6, `${thousand}`);
    assert.ok(most < 155e6, `${most}`);
  });

  it('gives less to those that come after the places are taken, and all again when others have gone', () => {
    const history = new History();
    const full = PLACES.backend[0].count;
    const busy = (count: number): Record<string, Figures> =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`b${i}`, figures(1, { micros: [100] })]));
    const all = busy(full + PLACES.backend[1].count + 1);
    record(history, START, figures(1), all);
    const seen = (name: string): (number | null | undefined)[] => {
      const span = { fromSeconds: history.second, toSeconds: history.second };
      const answer = backendAnswer(history, 'web', name, { topic: '', span, hasBands: false });
      return [answer?.columns.rps?.[0], answer?.columns.p99?.[0]];
    };
    assert.deepEqual(seen(`b${full - 1}`), [1, 0.101]);
    assert.deepEqual(seen(`b${full}`), [1, null]);
    const last = `b${Object.keys(all).length - 1}`;
    assert.deepEqual(seen(last), [null, null], 'no memory for it');
    const survivor = { [last]: figures(1, { micros: [100] }) };
    for (let i = 1; i <= 905; i++) record(history, START + i, figures(1), survivor);
    assert.deepEqual(seen(last), [1, 0.101]);
  });
});
