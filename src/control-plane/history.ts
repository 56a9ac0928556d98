/**
 * The last fifteen minutes of every pool, one entry a second, as columns in fixed rings.
 *
 * Written by the sampler once a second, read by the live channel for the snapshot of a fresh
 * page. Memory is flat: what a ring holds is overwritten, and the column of a backend, or the
 * ring of a pool, goes when its last second has left the ring. A second that was not sampled is
 * not in the ring at all, so that a chart can show the gap.
 *
 * NaN stands for null inside: nothing measured, or the backend did not exist.
 */
import { HISTORY_SECONDS, type PoolHistory, type PoolSecond } from '../protocol/dashboard.ts';

/**
 * Backends whose series a snapshot carries, over all pools: the busiest. A chart of more lines
 * cannot be read, and a snapshot must stay small enough to be sent to a slow page (200 series
 * are about 1 MB).
 */
export const MAX_BACKEND_SERIES = 200;

const column = (): Float32Array => new Float32Array(HISTORY_SECONDS).fill(Number.NaN);

interface Series {
  readonly values: Float32Array;
  /** The last second in which the backend existed. */
  lastAt: number;
}

class PoolRing {
  readonly at = new Float64Array(HISTORY_SECONDS);
  readonly rps = column();
  readonly errorsPerSecond = column();
  readonly p50 = column();
  readonly p95 = column();
  readonly p99 = column();
  readonly backends = new Map<string, Series>();
  #next = 0;
  length = 0;

  get lastAt(): number {
    return this.length === 0 ? Number.NEGATIVE_INFINITY : (this.at[this.#index(this.length - 1)] ?? 0);
  }

  push(at: number, second: PoolSecond): void {
    // The wall clock was set back: what now lies in the future is dropped, time stays ascending.
    while (this.length > 0 && this.lastAt >= at) {
      this.#next = (this.#next + HISTORY_SECONDS - 1) % HISTORY_SECONDS;
      this.length--;
    }
    const index = this.#next;
    this.at[index] = at;
    this.rps[index] = second.rps;
    this.errorsPerSecond[index] = second.errorsPerSecond;
    this.p50[index] = second.p50 ?? Number.NaN;
    this.p95[index] = second.p95 ?? Number.NaN;
    this.p99[index] = second.p99 ?? Number.NaN;
    for (const [name, rps] of Object.entries(second.backendRps)) {
      let series = this.backends.get(name);
      if (series === undefined) this.backends.set(name, (series = { values: column(), lastAt: at }));
      series.values[index] = rps;
      series.lastAt = at;
    }
    for (const [name, series] of this.backends) {
      if (series.lastAt === at) continue;
      series.values[index] = Number.NaN;
      if (at - series.lastAt >= HISTORY_SECONDS || series.lastAt > at) this.backends.delete(name);
    }
    this.#next = (index + 1) % HISTORY_SECONDS;
    this.length = Math.min(this.length + 1, HISTORY_SECONDS);
  }

  /** Oldest first. `precision` is the number of steps in one. */
  read(values: ArrayLike<number>, precision: number): (number | null)[] {
    const read: (number | null)[] = [];
    for (let i = 0; i < this.length; i++) {
      const value = values[this.#index(i)] ?? Number.NaN;
      read.push(Number.isNaN(value) ? null : Math.round(value * precision) / precision);
    }
    return read;
  }

  sumOf(series: Series): number {
    let sum = 0;
    for (let i = 0; i < this.length; i++) {
      const value = series.values[this.#index(i)] ?? 0;
      if (!Number.isNaN(value)) sum += value;
    }
    return sum;
  }

  /** Where the entry `i` lies, 0 being the oldest. */
  #index(i: number): number {
    return (this.#next - this.length + i + 2 * HISTORY_SECONDS) % HISTORY_SECONDS;
  }
}

export class History {
  readonly #rings = new Map<string, PoolRing>();

  /** Adds the second `at` (seconds since the epoch) of every pool that exists in it. */
  record(at: number, seconds: Readonly<Record<string, PoolSecond>>): void {
    for (const [name, second] of Object.entries(seconds)) {
      let ring = this.#rings.get(name);
      if (ring === undefined) this.#rings.set(name, (ring = new PoolRing()));
      ring.push(at, second);
    }
    for (const [name, ring] of this.#rings) {
      if (at - ring.lastAt >= HISTORY_SECONDS || ring.lastAt > at) this.#rings.delete(name);
    }
  }

  /** The history of the named pools, with the series of their busiest backends. */
  of(pools: readonly string[]): Record<string, PoolHistory> {
    const rings: [string, PoolRing][] = [];
    for (const name of pools) {
      const ring = this.#rings.get(name);
      if (ring !== undefined) rings.push([name, ring]);
    }
    const shown = busiest(rings.map(([, ring]) => ring));
    return Object.fromEntries(rings.map(([name, ring]) => [name, toHistory(ring, shown)]));
  }
}

/** All series where they are few, else the ones with the most requests. */
function busiest(rings: readonly PoolRing[]): ReadonlySet<Series> {
  const all = rings.flatMap((ring) => [...ring.backends.values()].map((series) => ({ ring, series })));
  if (all.length <= MAX_BACKEND_SERIES) return new Set(all.map(({ series }) => series));
  const ranked = all.map(({ ring, series }) => ({ series, sum: ring.sumOf(series) }));
  ranked.sort((a, b) => b.sum - a.sum);
  return new Set(ranked.slice(0, MAX_BACKEND_SERIES).map(({ series }) => series));
}

function toHistory(ring: PoolRing, shown: ReadonlySet<Series>): PoolHistory {
  const backends: [string, (number | null)[]][] = [];
  for (const [name, series] of ring.backends)
    if (shown.has(series)) backends.push([name, ring.read(series.values, 10)]);
  const zeroed = (values: Float32Array): number[] => ring.read(values, 100).map((value) => value ?? 0);
  return {
    at: ring.read(ring.at, 1).map((value) => value ?? 0),
    rps: zeroed(ring.rps),
    errorsPerSecond: zeroed(ring.errorsPerSecond),
    p50: ring.read(ring.p50, 1000),
    p95: ring.read(ring.p95, 1000),
    p99: ring.read(ring.p99, 1000),
    backendRps: Object.fromEntries(backends),
  };
}
