/**
 * The past of everything, in fixed memory: written by the sampler once a second, read by
 * `answers.ts` for charts. A restart of the process begins anew.
 *
 * Sizes. A pool takes at most 838 kB: nine columns in five rings (1 s × 15 min, 10 s × 6 h,
 * 1 min × 7 d, 2 min × 24 h, 15 min × 7 d) and 25 latency bands in the first two. A backend takes
 * at most 85 kB: six columns in three rings. Both take it piece by piece, from their first request
 * on. So 1,000 busy backends in 50 pools hold 130 MB after a week, and this is near the end: what
 * comes later gets less (see `PLACES`), and nothing can make it more than 155 MB.
 */
import type { HistoryColumn } from '../../protocol/history.ts';
import { Axis } from './axis.ts';
import { type Figures, isIdle, type SecondFigures } from './figures.ts';
import { BACKEND_RINGS, POOL_RINGS, SHORT_BACKEND_RINGS, SHORT_POOL_RINGS } from './rings.ts';
import { Series, type SeriesPlan } from './series.ts';

const PERCENTILES = ['p50', 'p95', 'p99'] as const;
const POOL_COLUMNS: readonly HistoryColumn[] = [
  'rps',
  'errors',
  'retries',
  'inFlight',
  'connections',
  'queued',
  ...PERCENTILES,
];

export const TOTALS_PLAN: SeriesPlan = {
  columns: [...POOL_COLUMNS, 'clientConnections'],
  rings: POOL_RINGS,
  hasBands: true,
};
export const POOL_PLAN: SeriesPlan = { columns: POOL_COLUMNS, rings: POOL_RINGS, hasBands: true };
const SHORT_POOL_PLAN: SeriesPlan = { columns: POOL_COLUMNS, rings: SHORT_POOL_RINGS, hasBands: false };
export const BACKEND_PLAN: SeriesPlan = {
  columns: ['rps', 'errors', 'inFlight', ...PERCENTILES],
  rings: BACKEND_RINGS,
  hasBands: false,
};
const SHORT_BACKEND_PLAN: SeriesPlan = {
  columns: ['rps', 'errors', 'inFlight'],
  rings: SHORT_BACKEND_RINGS,
  hasBands: false,
};

/**
 * How many series of each kind there is memory for, first come first served. What comes after the
 * first 50 pools has 6 h and no heat map; after the first 1,024 backends 15 minutes and no
 * percentiles; after all of these, nothing until others go.
 */
export const PLACES = {
  pool: [
    { plan: POOL_PLAN, count: 50 },
    { plan: SHORT_POOL_PLAN, count: 50 },
  ],
  backend: [
    { plan: BACKEND_PLAN, count: 1024 },
    { plan: SHORT_BACKEND_PLAN, count: 1500 },
  ],
} as const;

type Kind = keyof typeof PLACES;

/** What has gone is forgotten after so long, and its memory given to others. */
const FORGOTTEN_AFTER_SECONDS = 15 * 60;

export interface PoolSeries {
  readonly series: Series;
  readonly backends: Map<string, Series>;
}

export class History {
  /** By ring. */
  readonly axes: readonly Axis[] = POOL_RINGS.map(({ stepSeconds, steps }) => new Axis(stepSeconds, steps));
  readonly totals: Series;
  readonly pools = new Map<string, PoolSeries>();
  readonly #taken = new Map<SeriesPlan, number>();
  /** The step under way, by ring: when it began, and what of it has been sampled. */
  readonly #steps = POOL_RINGS.map(() => ({ at: Number.NaN, samples: 0, elapsedMs: 0 }));

  constructor() {
    this.totals = new Series(Number.POSITIVE_INFINITY);
    this.totals.keep(TOTALS_PLAN);
  }

  /** The last second that was recorded, seconds since the epoch. */
  get second(): number {
    return this.axes[0]?.lastAt ?? Number.NEGATIVE_INFINITY;
  }

  /** When the step of this ring that is under way began. */
  openStepAt(ring: number): number {
    return this.#steps[ring]?.at ?? Number.NaN;
  }

  /** Bytes of all columns now. */
  get bytes(): number {
    let bytes = this.totals.bytes;
    for (const { series, backends } of this.pools.values()) {
      bytes += series.bytes;
      for (const backend of backends.values()) bytes += backend.bytes;
    }
    return bytes;
  }

  record(second: SecondFigures): void {
    const { at, elapsedMs } = second;
    this.#endSteps(at);
    const place = this.axes[0]?.push(at) ?? 0;
    this.#add(this.totals, null, second.totals, at, elapsedMs, place);
    for (const { name, figures, backends } of second.pools) {
      let pool = this.pools.get(name);
      if (pool === undefined) this.pools.set(name, (pool = { series: new Series(at), backends: new Map() }));
      this.#add(pool.series, 'pool', figures, at, elapsedMs, place);
      for (const backend of backends) {
        let series = pool.backends.get(backend.name);
        if (series === undefined) pool.backends.set(backend.name, (series = new Series(at)));
        this.#add(series, 'backend', backend.figures, at, elapsedMs, place);
      }
    }
    for (const step of this.#steps) {
      step.samples++;
      step.elapsedMs += elapsedMs;
    }
    this.#passOver(at, place);
  }

  #add(series: Series, kind: Kind | null, figures: Figures, at: number, elapsedMs: number, place: number): void {
    series.bornAt = Math.min(series.bornAt, at);
    series.seenAt = at;
    if (!series.isKept) {
      if (kind === null || isIdle(figures)) return;
      const free = PLACES[kind].find(({ plan, count }) => (this.#taken.get(plan) ?? 0) < count);
      if (free === undefined) return series.refuse();
      this.#taken.set(free.plan, (this.#taken.get(free.plan) ?? 0) + 1);
      series.keep(free.plan);
      this.#addIdle(series, at);
    }
    series.addSecond(place, figures, elapsedMs);
  }

  /** Adds the seconds that a series was idle for to the steps under way; those of ten seconds go to the rest by themselves. */
  #addIdle(series: Series, at: number): void {
    const [, tens] = this.#steps;
    for (const [ring, step] of this.#steps.entries()) {
      const isCoarser = ring > 1;
      const stepSamples = step.samples - (isCoarser ? (tens?.samples ?? 0) : 0);
      const stepMs = step.elapsedMs - (isCoarser ? (tens?.elapsedMs ?? 0) : 0);
      const existed = at - series.bornAt - (isCoarser ? (tens?.samples ?? 0) : 0);
      const samples = Math.min(stepSamples, existed);
      if (samples > 0) series.addIdle(ring, samples, (stepMs * samples) / stepSamples);
    }
  }

  /** Stores the steps of the coarser rings that are over now. */
  #endSteps(at: number): void {
    for (const [ring, step] of this.#steps.entries()) {
      const axis = this.axes[ring];
      if (ring === 0 || axis === undefined) continue;
      const stepAt = Math.floor(at / axis.stepSeconds) * axis.stepSeconds;
      if (stepAt === step.at) continue;
      const isSetBack = stepAt < step.at;
      if (step.samples > 0 && isSetBack) this.#each((series) => series.dropStep(ring));
      if (step.samples > 0 && !isSetBack) {
        const place = axis.push(step.at);
        this.#each((series) => series.endStep(ring, place));
      }
      step.at = stepAt;
      step.samples = 0;
      step.elapsedMs = 0;
    }
  }

  /** Marks the second as a gap for what was not there in it; forgets what has been gone for long. */
  #passOver(at: number, place: number): void {
    for (const [name, pool] of this.pools) {
      for (const [backend, series] of pool.backends) {
        if (series.seenAt !== at && !this.#isToStay(series, at, place)) pool.backends.delete(backend);
      }
      if (pool.series.seenAt === at || this.#isToStay(pool.series, at, place)) continue;
      for (const series of pool.backends.values()) this.#giveBack(series);
      this.pools.delete(name);
    }
  }

  #isToStay(series: Series, at: number, place: number): boolean {
    const isGone = at - series.seenAt >= FORGOTTEN_AFTER_SECONDS || series.seenAt > at;
    if (!isGone) {
      series.addAbsence(place);
      return true;
    }
    this.#giveBack(series);
    return false;
  }

  #giveBack({ plan }: Series): void {
    if (plan !== null) this.#taken.set(plan, (this.#taken.get(plan) ?? 1) - 1);
  }

  #each(action: (series: Series) => void): void {
    action(this.totals);
    for (const { series, backends } of this.pools.values()) {
      action(series);
      for (const backend of backends.values()) action(backend);
    }
  }
}
