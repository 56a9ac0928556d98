import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as hdr from 'hdr-histogram-js';
import type { WorkerStatus } from '../../protocol/admin-api.ts';
import { failureOf } from '../../protocol/failures.ts';
import type { HistoryAnswer, HistoryColumn } from '../../protocol/history.ts';
import { bucketOf, bucketStart } from '../../state/histogram.ts';
import { BACKEND_COUNTERS, BACKEND_GAUGES, BACKEND_SHARED, POOL_COUNTERS, State } from '../../state/layout.ts';
import type { Clock } from '../clock.ts';
import { poolAnswer } from '../history/answers.ts';
import { type SampledBackend, type SampledPool, Sampler } from './sampler.ts';

const WORKERS = 3;

/** A clock that only moves when told; timers run in order as it passes them. */
class TestClock implements Clock {
  now = 5_000;
  wallOffsetMs = 1_790_000_000_000;
  #timers: { atMs: number; task: () => void }[] = [];
  wallMs = (): number => this.now + this.wallOffsetMs;
  monotonicMs = (): number => this.now;
  after(delayMs: number, task: () => void): { clear(): void } {
    const timer = { atMs: this.now + delayMs, task };
    this.#timers.push(timer);
    return { clear: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }
  get waiting(): number {
    return this.#timers.length;
  }
  /** Moves to `atMs` in one step, as a blocked event loop would, then runs what is due. */
  jump(ms: number): void {
    this.now += ms;
    for (const timer of this.#timers.filter(({ atMs }) => atMs <= this.now)) {
      this.#timers = this.#timers.filter((other) => other !== timer);
      timer.task();
    }
  }
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.jump(Math.max(0, due.atMs - this.now));
    }
    this.now = end;
  }
}

let nextId = 1;
const backend = (name: string, slot: number): SampledBackend => ({
  id: nextId++,
  slot,
  name,
  url: `http://127.0.0.1:${8081 + slot}`,
  reason: 'status 200',
  sinceMs: 1,
  mode: 'ready',
  weight: 1,
  maxConnections: 0,
  isBackup: false,
  ejectedUntilMs: null,
  cutAtMs: null,
  inFlightAtLeave: null,
  ramp: 10,
  ejectionsTotal: 2,
  lastCheck: null,
  nextCheckMs: null,
  isRemoved: false,
});

interface TestPool extends SampledPool {
  backends: SampledBackend[];
}

function setup() {
  const state = State.create({ workers: WORKERS, pools: 2, backends: 4, routes: 8 });
  const clock = new TestClock();
  const web: TestPool = {
    id: nextId++,
    slot: 0,
    name: 'web',
    policy: 'round-robin',
    isPanic: false,
    backends: [backend('b1', 0)],
  };
  const roster = {
    pools: [web] as TestPool[],
    revision: 7,
    stateOf: () => 'up' as const,
    addressesOf: () => ['127.0.0.1'],
  };
  const workers = (): WorkerStatus[] => [];
  const sampler = new Sampler({
    state,
    roster,
    workers,
    policies: ['round-robin'],
    version: '1.2.3',
    isDraining: () => false,
    clock,
  });
  const add = (cells: Float64Array | Int32Array | Uint32Array, at: number, count: number): void => {
    cells[at] = (cells[at] ?? 0) + count;
  };
  /** What a worker writes for one attempt and its exchange. */
  const finish = (worker: number, micros: number, options: { slot?: number; statusClass?: number } = {}): void => {
    const { slot = 0, statusClass = 2 } = options;
    add(state.counters, state.poolCounters(worker, 0) + POOL_COUNTERS.REQUESTS, 1);
    add(state.counters, state.poolCounters(worker, 0) + POOL_COUNTERS.STATUS_CLASS + statusClass, 1);
    add(state.histograms, state.poolHistogram(worker, 0) + bucketOf(micros), 1);
    add(state.counters, state.backendCounters(worker, slot) + BACKEND_COUNTERS.REQUESTS, 1);
    add(state.counters, state.backendCounters(worker, slot) + BACKEND_COUNTERS.STATUS_CLASS + statusClass, 1);
    add(state.histograms, state.backendHistogram(worker, slot) + bucketOf(micros), 1);
  };
  return { state, clock, roster, web, sampler, add, finish };
}

/** What charts would show of a pool. */
function past(sampler: Sampler, pool = 'web'): HistoryAnswer {
  const toSeconds = sampler.history.second;
  const span = { fromSeconds: toSeconds - 899, toSeconds };
  const answer = poolAnswer(sampler.history, pool, { topic: '', span, hasBands: false });
  assert.ok(answer);
  return answer;
}

/** The figures of the last second. */
function last(sampler: Sampler): Partial<Record<HistoryColumn, number | null>> {
  const { columns } = past(sampler);
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values?.at(-1) ?? null]));
}

describe('sampler: counters', () => {
  it('reads every counter live, summed over all workers', () => {
    const { state, sampler, add } = setup();
    const stale = failureOf('UPSTREAM_STALE').index;
    const full = failureOf('POOL_FULL').index;
    for (let worker = 0; worker < WORKERS; worker++) {
      const ten = 10 ** worker;
      const b = state.backendCounters(worker, 0);
      add(state.counters, b + BACKEND_COUNTERS.REQUESTS, 1 * ten);
      add(state.counters, b + BACKEND_COUNTERS.FAILURES, 2 * ten);
      add(state.counters, b + BACKEND_COUNTERS.BYTES_IN, 3 * ten);
      add(state.counters, b + BACKEND_COUNTERS.BYTES_OUT, 4 * ten);
      add(state.counters, b + BACKEND_COUNTERS.STATUS_CLASS + 5, 5 * ten);
      add(state.counters, b + BACKEND_COUNTERS.FIRST_FAILURE + stale, 6 * ten);
      add(state.gauges, state.backendGauges(worker, 0) + BACKEND_GAUGES.CONNECTIONS, 7 * ten);
      add(state.gauges, state.backendGauges(worker, 0) + BACKEND_GAUGES.IDLE, 8 * ten);
      const p = state.poolCounters(worker, 0);
      add(state.counters, p + POOL_COUNTERS.REQUESTS, 1 * ten);
      add(state.counters, p + POOL_COUNTERS.FAILURES, 2 * ten);
      add(state.counters, p + POOL_COUNTERS.RETRIES, 3 * ten);
      add(state.counters, p + POOL_COUNTERS.BYTES_IN, 4 * ten);
      add(state.counters, p + POOL_COUNTERS.BYTES_OUT, 5 * ten);
      add(state.counters, p + POOL_COUNTERS.STATUS_CLASS + 1, 6 * ten);
      add(state.counters, p + POOL_COUNTERS.FIRST_FAILURE + full, 7 * ten);
    }
    Atomics.store(state.shared, state.backendShared(0) + BACKEND_SHARED.IN_FLIGHT, 42);
    const pool = sampler.status().pools[0];
    const none = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 };
    assert.ok(pool);
    assert.deepEqual(
      [pool.requests, pool.failures, pool.retries, pool.bytesIn, pool.bytesOut],
      [111, 222, 333, 444, 555],
    );
    assert.deepEqual(pool.statuses, { ...none, '1xx': 666 });
    assert.deepEqual(pool.failuresByCode, { POOL_FULL: 777 });
    const b1 = pool.backends[0];
    assert.ok(b1);
    assert.deepEqual([b1.requests, b1.failures, b1.bytesIn, b1.bytesOut], [111, 222, 333, 444]);
    assert.deepEqual(b1.statuses, { ...none, '5xx': 555 });
    assert.deepEqual(b1.failuresByCode, { UPSTREAM_STALE: 666 });
    assert.deepEqual([b1.connections, b1.idleConnections, b1.inFlight], [777, 888, 42]);
    sampler.sample();
    assert.deepEqual([sampler.totalsRow.connections, sampler.totalsRow.inFlight], [777, 42]);
  });

  it('counts an exchange that was finished after the last sample', () => {
    const { sampler, clock, finish } = setup();
    sampler.start();
    clock.pass(1000);
    finish(1, 500);
    assert.equal(sampler.status().pools[0]?.requests, 1);
    assert.equal(sampler.status().pools[0]?.rps, 0, 'rates wait for the sample');
    sampler.stop();
    assert.equal(clock.waiting, 0);
  });
});

describe('sampler: rates', () => {
  it('gives the rate of the last ten seconds, over the time really passed', () => {
    const { sampler, clock, finish } = setup();
    sampler.start();
    for (let second = 0; second < 10; second++) {
      for (let i = 0; i < 20; i++) finish(i % WORKERS, 1000);
      clock.pass(1000);
    }
    assert.equal(sampler.status().pools[0]?.rps, 20);
    assert.equal(sampler.status().pools[0]?.backends[0]?.rps, 20);
    assert.equal(last(sampler).rps, 20);
    clock.pass(5000);
    assert.equal(sampler.status().pools[0]?.rps, 10);
    assert.equal(last(sampler).rps, 0);
    clock.pass(5000);
    assert.equal(sampler.status().pools[0]?.rps, 0);
    // A blocked event loop: three seconds in one sample are three seconds, not one.
    for (let i = 0; i < 30; i++) finish(0, 1000);
    clock.jump(3000);
    assert.equal(last(sampler).rps, 10);
  });

  it('counts a failure that was answered with a 5xx once, and one that was cut as well', () => {
    const { sampler, clock, state, add, finish } = setup();
    sampler.start();
    const p = state.poolCounters(0, 0);
    for (const code of ['POOL_UNAVAILABLE', 'UPSTREAM_BODY_RESET', 'CLIENT_CLOSED'] as const) {
      finish(0, 100, { statusClass: code === 'POOL_UNAVAILABLE' ? 5 : 2 });
      add(state.counters, p + POOL_COUNTERS.FAILURES, 1);
      add(state.counters, p + POOL_COUNTERS.FIRST_FAILURE + failureOf(code).index, 1);
    }
    finish(0, 100, { statusClass: 5 });
    finish(0, 100);
    clock.pass(1000);
    assert.equal(last(sampler).errors, 4);
    assert.equal(sampler.totalsRow.errors, 4);
  });

  it('never drifts from whole seconds, however late its timer comes', () => {
    const { sampler, clock } = setup();
    const at: number[] = [];
    sampler.onSecond(() => at.push(clock.now));
    sampler.start();
    clock.jump(1300);
    clock.jump(700);
    clock.jump(2600);
    clock.pass(400);
    assert.deepEqual(at, [6300, 7000, 9600, 10_000]);
    assert.deepEqual(
      past(sampler).at.map((second) => second - (past(sampler).at[0] ?? 0)),
      [0, 1, 3, 4],
      'the missed second is a gap',
    );
  });

  it('follows a wall clock that was set, and keeps time ascending', () => {
    const { sampler, clock } = setup();
    sampler.start();
    clock.pass(3000);
    clock.wallOffsetMs += 600_000;
    clock.pass(2000);
    const ahead = past(sampler).at;
    assert.equal((ahead[3] ?? 0) - (ahead[2] ?? 0), 601);
    clock.wallOffsetMs -= 600_000;
    clock.pass(1000);
    const back = past(sampler).at;
    assert.deepEqual(
      back,
      [...back].sort((a, b) => a - b),
    );
    assert.equal(back.length, 4, 'the seconds that now lie in the future are gone');
  });
});

describe('sampler: percentiles', () => {
  it('agrees with HdrHistogram to the bucket, merged over workers and seconds', () => {
    const latency = fc.record({ worker: fc.nat(WORKERS - 1), micros: fc.integer({ min: 1, max: 60_000_000 }) });
    fc.assert(
      fc.property(fc.array(fc.array(latency, { maxLength: 30 }), { minLength: 1, maxLength: 10 }), (seconds) => {
        const { sampler, clock, finish } = setup();
        const reference = hdr.build({
          lowestDiscernibleValue: 1,
          highestTrackableValue: 120_000_000,
          numberOfSignificantValueDigits: 5,
        });
        sampler.start();
        for (const second of seconds) {
          for (const { worker, micros } of second) {
            finish(worker, micros);
            reference.recordValue(micros);
          }
          clock.pass(1000);
        }
        const measured = sampler.status().pools[0]?.latencyMs;
        assert.deepEqual(sampler.status().pools[0]?.backends[0]?.latencyMs, measured);
        if (reference.totalCount === 0) return assert.equal(measured?.p50, null);
        for (const percent of [50, 90, 95, 99] as const) {
          const exact = reference.getValueAtPercentile(percent);
          const micros = (measured?.[`p${percent}`] ?? -1) * 1000;
          const bucket = bucketOf(exact);
          // The reference is itself exact to five digits only: the neighbour of its bucket is right as well.
          assert.ok(
            micros >= bucketStart(Math.max(0, bucket - 1)) && micros < bucketStart(bucket + 2),
            `p${percent} ${micros} against ${exact}`,
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it('forgets a latency after ten seconds, and only then', () => {
    const { sampler, clock, finish } = setup();
    sampler.start();
    finish(0, 10);
    clock.pass(1000);
    for (let second = 0; second < 9; second++) {
      assert.equal(sampler.status().pools[0]?.latencyMs.p50, 0.01, `second ${second}`);
      clock.pass(1000);
    }
    assert.equal(sampler.status().pools[0]?.latencyMs.p50, 0.01);
    clock.pass(1000);
    assert.equal(sampler.status().pools[0]?.latencyMs.p50, null);
    assert.equal(last(sampler).p50, null);
    finish(0, 20);
    clock.pass(1000);
    assert.equal(sampler.status().pools[0]?.latencyMs.p99, 0.02);
  });

  it('takes up a bucket that a worker stored after the sample had seen its counter', () => {
    const { sampler, clock, state, add, finish } = setup();
    sampler.start();
    add(state.counters, state.poolCounters(0, 0) + POOL_COUNTERS.REQUESTS, 1);
    clock.pass(1000);
    add(state.histograms, state.poolHistogram(0, 0) + bucketOf(50), 1);
    clock.pass(1000);
    assert.equal(sampler.status().pools[0]?.latencyMs.p50, 0.05);
    finish(0, 50);
    clock.pass(12_000);
    assert.equal(sampler.status().pools[0]?.latencyMs.p50, null, 'the late one leaves the window as well');
  });

  it('counts across the wrap of a cell at 2^32', () => {
    const { sampler, clock, state, web, add, finish } = setup();
    const at = state.poolHistogram(2, 0) + bucketOf(30);
    sampler.start();
    const requests = state.poolCounters(2, 0) + POOL_COUNTERS.REQUESTS;
    state.histograms[at] = 2 ** 31 - 1;
    add(state.counters, requests, 2 ** 31 - 1);
    finish(2, 90);
    clock.pass(1000);
    state.histograms[at] = 2 ** 32 - 2;
    add(state.counters, requests, 2 ** 31 - 1);
    finish(2, 90);
    clock.pass(1000);
    for (let i = 0; i < 5; i++) finish(2, 30);
    assert.equal(state.histograms[at], 3);
    clock.pass(11_000);
    finish(2, 30);
    const totals = sampler.poolLatencies(web);
    assert.equal(totals[bucketOf(30)], 2 ** 32 + 4, 'before the sample as well as after it');
    clock.pass(1000);
    assert.equal(sampler.poolLatencies(web)[bucketOf(30)], 2 ** 32 + 4);
    assert.equal(totals[bucketOf(90)], 2);
    assert.equal(sampler.status().pools[0]?.latencyMs.p99, 0.03);
  });
});

describe('sampler: pools and backends that come and go', () => {
  it('begins anew with a backend that was given the slot of another', () => {
    const { sampler, clock, state, web, finish } = setup();
    sampler.start();
    for (let i = 0; i < 50; i++) finish(0, 1000);
    clock.pass(1000);
    // The row is cleared and given to another one between two samples.
    state.counters.fill(0, state.backendCounters(0, 0), state.backendCounters(0, 1));
    state.histograms.fill(0, state.backendHistogram(0, 0), state.backendHistogram(0, 1));
    web.backends = [backend('b2', 0)];
    finish(0, 2000);
    clock.pass(1000);
    const b2 = sampler.status().pools[0]?.backends[0];
    assert.deepEqual([b2?.name, b2?.requests, b2?.rps, b2?.latencyMs.p99], ['b2', 1, 1, 2]);
    assert.deepEqual(past(sampler).backends, { b1: [50, null], b2: [null, 1] });
  });

  it('takes up a pool and lets one go', () => {
    const { sampler, clock, roster } = setup();
    sampler.start();
    clock.pass(1000);
    const api: TestPool = {
      id: nextId++,
      slot: 1,
      name: '__proto__',
      policy: 'round-robin',
      isPanic: false,
      backends: [],
    };
    roster.pools = [api];
    clock.pass(1000);
    assert.deepEqual(past(sampler).columns.rps, [0, null]);
    assert.deepEqual(past(sampler, '__proto__').columns.rps, [null, 0]);
  });
});
