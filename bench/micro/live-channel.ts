/**
 * What ten open dashboards cost the control plane: CPU of its thread a second, with 1,000 busy
 * backends in 50 pools of which half of the pages show the overview and half a pool.
 *
 * `node bench/micro/live-channel.ts [--pages 10] [--seconds 60]`
 *
 * Everything is real but the traffic, which is written into shared memory, and the time, which the
 * script moves. It measures the thread's own CPU time inside the second's work (sample, history,
 * topics, serialising, writing to the sockets), so that neither the pages nor the machine's other
 * work count. The same is measured without a page, for comparison.
 */
import { parseArgs } from 'node:util';
import { bucketOf } from '../../src/state/histogram.ts';
import { BACKEND_COUNTERS, BACKEND_SHARED, POOL_COUNTERS } from '../../src/state/layout.ts';
import { type AdminSide, type LivePage, startAdminSide } from '../../test/harness/admin-side.ts';

const POOLS = 50;
const BACKENDS_A_POOL = 20;
const REQUESTS_A_SECOND = 20;
const WARM_UP = 20;

const { values } = parseArgs({ options: { pages: { type: 'string' }, seconds: { type: 'string' } } });
const pageCount = Number(values.pages ?? 10);
const seconds = Number(values.seconds ?? 60);

const undo: (() => unknown)[] = [];
const cleanup = { after: (step: () => unknown) => void undo.push(step) };

/** What the workers would have written in a second. */
function busySecond({ state }: AdminSide): void {
  const add = (cells: Float64Array | Uint32Array, at: number, count: number): void => {
    cells[at] = (cells[at] ?? 0) + count;
  };
  for (let slot = 0; slot < POOLS * BACKENDS_A_POOL; slot++) {
    const pool = Math.floor(slot / BACKENDS_A_POOL);
    for (let worker = 0; worker < state.capacity.workers; worker++) {
      for (let request = 0; request < REQUESTS_A_SECOND / state.capacity.workers; request++) {
        const micros = 200 + 20_000 * Math.random() ** 4;
        add(state.histograms, state.backendHistogram(worker, slot) + bucketOf(micros), 1);
        add(state.histograms, state.poolHistogram(worker, pool) + bucketOf(micros), 1);
        add(state.counters, state.backendCounters(worker, slot) + BACKEND_COUNTERS.REQUESTS, 1);
        add(state.counters, state.backendCounters(worker, slot) + BACKEND_COUNTERS.STATUS_CLASS + 2, 1);
        add(state.counters, state.poolCounters(worker, pool) + POOL_COUNTERS.REQUESTS, 1);
        add(state.counters, state.poolCounters(worker, pool) + POOL_COUNTERS.STATUS_CLASS + 2, 1);
      }
    }
    Atomics.store(state.shared, state.backendShared(slot) + BACKEND_SHARED.IN_FLIGHT, Math.floor(4 * Math.random()));
  }
}

/** Milliseconds of CPU in each of so many seconds, sorted. */
async function measure(side: AdminSide): Promise<number[]> {
  const spent: number[] = [];
  for (let second = 0; second < WARM_UP + seconds; second++) {
    busySecond(side);
    side.clock.nowMs += 1000;
    const before = process.threadCpuUsage();
    side.sampler.sample();
    const { user, system } = process.threadCpuUsage(before);
    if (second >= WARM_UP) spent.push((user + system) / 1000);
    // The pages read.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return spent.sort((a, b) => a - b);
}

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? 0;
const report = (what: string, spent: readonly number[]): void => {
  const high = spent[Math.floor(0.95 * spent.length)] ?? 0;
  console.log(
    `${what}: ${median(spent).toFixed(1)} ms a second (95 %: ${high.toFixed(1)} ms), ${(median(spent) / 10).toFixed(2)} % of a core`,
  );
};

const pools = Object.fromEntries(
  Array.from({ length: POOLS }, (_, pool) => [
    `pool-${pool}`,
    {
      backends: Array.from({ length: BACKENDS_A_POOL }, (_, index) => ({
        url: `http://127.0.0.1:${10_000 + pool * BACKENDS_A_POOL + index}`,
        name: `backend-${index}`,
      })),
    },
  ]),
);
const side = await startAdminSide(cleanup, { pools, capacity: { pools: 64, backends: 1024 } });
side.sampler.stop();
const alone = await measure(side);
report('no page', alone);

const EVERYWHERE = ['totals', 'system', 'events?limit=20'];
const pages: LivePage[] = [];
for (let number = 0; number < pageCount; number++) {
  const pool = `pool:pool-${number}`;
  const names = Array.from({ length: 7 }, (_, index) => `backend-${index}`).join(',');
  const own =
    number % 2 === 0
      ? ['attention?limit=8', 'pools', 'chart:totals']
      : [pool, `chart:${pool}?backends=${names}&bands=1`];
  pages.push((await side.look(...EVERYWHERE, ...own)).page);
}
const with10 = await measure(side);
report(`${pageCount} pages`, with10);
const bytes = pages.slice(0, 2).map(({ sizes }) => [sizes[0], median([...sizes.slice(1)].sort((a, b) => a - b))]);
console.log(`overview: first message ${bytes[0]?.[0]} bytes, each second ${bytes[0]?.[1]}`);
console.log(`a pool of ${BACKENDS_A_POOL}: first message ${bytes[1]?.[0]} bytes, each second ${bytes[1]?.[1]}`);
console.log(`the pages alone: ${((median(with10) - median(alone)) / 10).toFixed(2)} % of a core`);
console.log(`history: ${(side.sampler.history.bytes / 1e6).toFixed(1)} MB after ${2 * (WARM_UP + seconds)} seconds`);
for (const step of undo.reverse()) await step();
