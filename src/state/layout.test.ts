import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { FAILURES } from '../protocol/failures.ts';
import { HISTOGRAM_BUCKETS } from './histogram.ts';
import * as layout from './layout.ts';
import { type Capacity, State } from './layout.ts';

const capacities: fc.Arbitrary<Capacity> = fc.record({
  workers: fc.integer({ min: 1, max: 5 }),
  pools: fc.integer({ min: 1, max: 9 }),
  backends: fc.integer({ min: 1, max: 25 }),
  routes: fc.integer({ min: 1, max: 25 }),
});

interface Row {
  readonly name: string;
  readonly view: { readonly byteOffset: number; readonly length: number; readonly BYTES_PER_ELEMENT: number };
  readonly first: number;
  readonly cells: number;
}

const upTo = (count: number): number[] => [...new Array(count).keys()];

/** Every row that the memory hands out. */
function rowsOf(state: State): Row[] {
  const { workers, pools, backends } = state.capacity;
  const { board, shared, counters, gauges, histograms } = state;
  const rows: Row[] = [];
  const add = (name: string, view: Row['view'], first: number, cells: number): void => {
    rows.push({ name, view, first, cells });
  };
  for (const pool of upTo(pools)) {
    add(`board of pool ${pool}`, board, state.poolBoard(pool), layout.POOL_BOARD_CELLS);
    add(`shared of pool ${pool}`, shared, state.poolShared(pool), layout.POOL_SHARED_CELLS);
  }
  for (const backend of upTo(backends)) {
    add(`board of backend ${backend}`, board, state.backendBoard(backend), layout.BACKEND_BOARD_CELLS);
    add(`shared of backend ${backend}`, shared, state.backendShared(backend), layout.BACKEND_SHARED_CELLS);
  }
  for (const worker of upTo(workers)) {
    add(`counters of ${worker}`, counters, state.workerCounters(worker), layout.WORKER_COUNTER_CELLS);
    add(`gauges of ${worker}`, gauges, state.workerGauges(worker), layout.WORKER_GAUGE_CELLS);
    for (const pool of upTo(pools)) {
      const first = state.poolCounters(worker, pool);
      add(`counters of ${worker}, pool ${pool}`, counters, first, layout.POOL_COUNTER_CELLS);
      add(`gauges of ${worker}, pool ${pool}`, gauges, state.poolGauges(worker, pool), layout.POOL_GAUGE_CELLS);
      add(`histogram of ${worker}, pool ${pool}`, histograms, state.poolHistogram(worker, pool), HISTOGRAM_BUCKETS);
    }
    for (const route of upTo(state.capacity.routes)) {
      add(`counter of ${worker}, route ${route}`, counters, state.routeCounter(worker, route), 1);
    }
    for (const backend of upTo(backends)) {
      const name = `of ${worker}, backend ${backend}`;
      add(`counters ${name}`, counters, state.backendCounters(worker, backend), layout.BACKEND_COUNTER_CELLS);
      add(`gauges ${name}`, gauges, state.backendGauges(worker, backend), layout.BACKEND_GAUGE_CELLS);
      add(`histogram ${name}`, histograms, state.backendHistogram(worker, backend), HISTOGRAM_BUCKETS);
    }
  }
  return rows;
}

const startByte = (row: Row): number => row.view.byteOffset + row.first * row.view.BYTES_PER_ELEMENT;
const endByte = (row: Row): number => startByte(row) + row.cells * row.view.BYTES_PER_ELEMENT;

/** The last cell that the names of a row reach. */
const lastCell = (cells: Readonly<Record<string, number>>): number => Math.max(...Object.values(cells));

describe('the layout', () => {
  it('gives no byte to two rows, and none beyond the memory', () => {
    fc.assert(
      fc.property(capacities, (capacity) => {
        const state = State.create(capacity);
        const rows = rowsOf(state).sort((a, b) => startByte(a) - startByte(b));
        rows.forEach((row, index) => {
          assert.ok(row.first >= 0 && row.first + row.cells <= row.view.length, `${row.name} leaves its region`);
          const next = rows[index + 1];
          if (next !== undefined) assert.ok(endByte(row) <= startByte(next), `${row.name} overlaps ${next.name}`);
          else assert.ok(endByte(row) <= state.buffer.byteLength, `${row.name} leaves the memory`);
        });
      }),
    );
  });

  it('wastes no more than the padding', () => {
    fc.assert(
      fc.property(capacities, (capacity) => {
        const state = State.create(capacity);
        const used = rowsOf(state).reduce((bytes, row) => bytes + endByte(row) - startByte(row), 0);
        // Each of the five regions ends, and each worker's gauges end, on a cache line.
        const padding = 64 * (5 + 1 + capacity.workers);
        assert.ok(state.buffer.byteLength - used <= padding, `${state.buffer.byteLength - used} bytes unused`);
      }),
    );
  });

  it('keeps words that different threads write on cache lines of their own', () => {
    fc.assert(
      fc.property(capacities, (capacity) => {
        const state = State.create(capacity);
        for (const pool of upTo(capacity.pools)) assert.equal((state.poolShared(pool) * 4) % 64, 0);
        for (const backend of upTo(capacity.backends)) assert.equal((state.backendShared(backend) * 4) % 64, 0);
        for (const worker of upTo(capacity.workers)) {
          assert.equal((state.workerGauges(worker) * 4) % 64, 0);
          assert.equal((state.workerCounters(worker) * 8) % 64, 0);
        }
        for (const view of [state.board, state.shared, state.counters, state.gauges, state.histograms]) {
          assert.equal(view.byteOffset % 64, 0);
        }
      }),
    );
  });

  it('has room in each row for every cell that is named in it', () => {
    assert.ok(lastCell(layout.POOL_BOARD) < layout.POOL_BOARD_CELLS);
    assert.ok(lastCell(layout.BACKEND_BOARD) < layout.BACKEND_BOARD_CELLS);
    const { FIRST_TURN, ...words } = layout.POOL_SHARED;
    for (const word of Object.values(words)) assert.ok(word >= FIRST_TURN + layout.MAX_POLICIES);
    assert.ok(lastCell(words) < layout.POOL_SHARED_CELLS);
    assert.ok(lastCell(layout.POOL_GAUGES) < layout.POOL_GAUGE_CELLS);
    assert.ok(lastCell(layout.BACKEND_SHARED) < layout.BACKEND_SHARED_CELLS);
    assert.ok(lastCell(layout.WORKER_GAUGES) < layout.WORKER_GAUGE_CELLS);
    assert.ok(lastCell(layout.BACKEND_GAUGES) < layout.BACKEND_GAUGE_CELLS);
    for (const [counters, cells] of [
      [layout.WORKER_COUNTERS, layout.WORKER_COUNTER_CELLS],
      [layout.POOL_COUNTERS, layout.POOL_COUNTER_CELLS],
      [layout.BACKEND_COUNTERS, layout.BACKEND_COUNTER_CELLS],
    ] as const) {
      assert.equal(lastCell(counters), counters.FIRST_FAILURE, 'failure codes come last');
      assert.ok(counters.FIRST_FAILURE + FAILURES.length <= cells);
    }
  });

  it('names no cell twice, and none among the status classes', () => {
    for (const names of [
      layout.POOL_BOARD,
      layout.POOL_SHARED,
      layout.POOL_GAUGES,
      layout.BACKEND_BOARD,
      layout.BACKEND_SHARED,
      layout.WORKER_COUNTERS,
      layout.WORKER_GAUGES,
      layout.BACKEND_GAUGES,
    ]) {
      assert.equal(new Set(Object.values(names)).size, Object.values(names).length);
    }
    for (const { STATUS_CLASS, ...others } of [layout.POOL_COUNTERS, layout.BACKEND_COUNTERS]) {
      const classes = [1, 2, 3, 4, 5].map((statusClass) => STATUS_CLASS + statusClass);
      const all = [...classes, ...Object.values(others)];
      assert.equal(new Set(all).size, all.length);
    }
  });

  it('starts at 0 and shows through one opening what is written through another', () => {
    const capacity: Capacity = { workers: 2, pools: 3, backends: 4, routes: 8 };
    const made = State.create(capacity);
    for (const view of [made.board, made.shared, made.counters, made.gauges, made.histograms]) {
      assert.ok(view.every((cell) => cell === 0));
    }
    const opened = State.open(made.buffer, capacity);
    const cell = made.backendCounters(1, 3) + layout.BACKEND_COUNTERS.REQUESTS;
    made.counters[cell] = 2 ** 40;
    assert.equal(opened.counters[cell], 2 ** 40);
    assert.equal(opened.backendCounters(1, 3), made.backendCounters(1, 3));
  });

  it('counts exactly when threads add to one word at once', async () => {
    const capacity: Capacity = { workers: 2, pools: 1, backends: 2, routes: 8 };
    const state = State.create(capacity);
    const adds = 20_000;
    const source = `
      import { workerData } from 'node:worker_threads';
      const { State } = await import(workerData.module);
      const state = State.open(workerData.buffer, workerData.capacity);
      for (let add = 0; add < workerData.adds; add++) Atomics.add(state.shared, state.backendShared(1), 1);
    `;
    const module = new URL('./layout.ts', import.meta.url).href;
    const workerData = { module, buffer: state.buffer, capacity, adds };
    const ends = upTo(3).map(async () => {
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData });
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      worker.once('exit', resolve).once('error', reject);
      assert.equal(await promise, 0);
    });
    await Promise.all(ends);
    assert.equal(state.shared[state.backendShared(1)], 3 * adds);
    assert.equal(state.shared[state.backendShared(0)], 0);
  });
});
