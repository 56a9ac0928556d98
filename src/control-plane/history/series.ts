/**
 * The past of one subject: its columns in every ring, and the steps that are being filled.
 *
 * Used by the history only. A series takes memory when something first happens to its subject,
 * and only as much as its plan says; until then it answers zeros for the time that it has existed.
 *
 * Seconds are added up to the step of the second ring only (ten seconds, whose latencies the
 * sampler still holds), and such a step, when it ends, to those of all coarser rings, which are
 * multiples of it. So most seconds cost one write, however many rings there are.
 */
import { HISTORY_COLUMNS, type HistoryColumn } from '../../protocol/history.ts';
import { HISTOGRAM_BUCKETS } from '../../state/histogram.ts';
import type { LatencySeconds } from '../metrics/sampler-window.ts';
import { BAND_COUNT } from './bands.ts';
import { Columns } from './columns.ts';
import type { Figures } from './figures.ts';
import { BAND_RINGS, type Ring } from './rings.ts';
import {
  bandsInto,
  IDLE_VALUES,
  latencyInto,
  newStepValues,
  StepSum,
  secondBandsInto,
  secondInto,
} from './step-sum.ts';

/** What is kept of a subject. */
export interface SeriesPlan {
  readonly columns: readonly HistoryColumn[];
  readonly rings: readonly Ring[];
  readonly hasBands: boolean;
}

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
/** The ring that seconds are added up for. */
const TENS = 1;

/** Most bytes that a series of this plan ever takes. */
export function bytesOf({ columns, rings, hasBands }: SeriesPlan): number {
  const figures = rings.reduce((sum, { steps }) => sum + steps * columns.length, 0);
  const bands = hasBands ? rings.slice(0, BAND_RINGS).reduce((sum, { steps }) => sum + steps * BAND_COUNT, 0) : 0;
  const counts = Math.max(0, rings.length - 1 - TENS) * HISTOGRAM_BUCKETS;
  return (figures + bands + counts) * FLOAT_BYTES;
}

const values = newStepValues();
const picked = new Float64Array(HISTORY_COLUMNS.length);
const bands = new Float64Array(BAND_COUNT);
/** Merged buckets; all 0 in between. */
const merged = new Uint32Array(HISTOGRAM_BUCKETS);
const ABSENT = new Float64Array(Math.max(HISTORY_COLUMNS.length, BAND_COUNT)).fill(Number.NaN);
const NO_BANDS: readonly number[] = new Array<number>(BAND_COUNT).fill(0);

export class Series {
  /** The second in which the subject was first seen, and last. */
  bornAt: number;
  seenAt: number;
  /** True where there was no memory for it: then zeros would be a lie. */
  #isUnknown = false;
  #plan: SeriesPlan | null = null;
  #ids: readonly number[] = [];
  #columns: readonly Columns[] = [];
  #bands: readonly Columns[] = [];
  /** By ring; the finest is never summed. */
  #sums: readonly StepSum[] = [];
  /** Buckets of the steps under way, by ring, from the third on; null until there is something in them. */
  #counts: (Uint32Array | null)[] = [];
  /** The latencies of the ten seconds under way, which the sampler holds, and how many had begun by the last of them. */
  #latencies: LatencySeconds | null = null;
  #begun = 0;

  constructor(at: number) {
    this.bornAt = at;
    this.seenAt = at;
  }

  get isKept(): boolean {
    return this.#plan !== null;
  }

  get plan(): SeriesPlan | null {
    return this.#plan;
  }

  /** Bytes that its columns take now. */
  get bytes(): number {
    return [...this.#columns, ...this.#bands].reduce((sum, columns) => sum + columns.bytes, 0);
  }

  /** Takes memory from now on. */
  keep(plan: SeriesPlan): void {
    const idle = plan.columns.map((name) => IDLE_VALUES[HISTORY_COLUMNS.indexOf(name)] ?? 0);
    this.#plan = plan;
    this.#isUnknown = false;
    this.#ids = plan.columns.map((name) => HISTORY_COLUMNS.indexOf(name));
    this.#columns = plan.rings.map(({ steps, chunkLength }) => new Columns(idle, steps, chunkLength));
    this.#sums = plan.rings.map(() => new StepSum());
    this.#counts = plan.rings.map(() => null);
    const bandRings = plan.hasBands ? plan.rings.slice(0, BAND_RINGS) : [];
    this.#bands = bandRings.map(({ steps, chunkLength }) => new Columns(NO_BANDS, steps, chunkLength));
  }

  /** There is no memory for it now. */
  refuse(): void {
    this.#isUnknown = true;
  }

  /** A step of `ring` is under way already, of which the subject was idle for so long. */
  addIdle(ring: number, samples: number, elapsedMs: number): void {
    const sum = this.#sums[ring];
    if (sum === undefined) return;
    sum.samples += samples;
    sum.elapsedMs += elapsedMs;
  }

  /** Stores a second, and adds it to the ten seconds under way. */
  addSecond(place: number, figures: Figures, elapsedMs: number): void {
    this.#latencies = figures.latencies;
    this.#begun = figures.latencies?.begun ?? 0;
    secondInto(values, figures, elapsedMs);
    this.#write(0, place);
    const fine = this.#bands[0];
    if (fine !== undefined) {
      secondBandsInto(bands, figures.latencies?.last ?? null);
      fine.write(place, bands);
    }
    this.#sums[TENS]?.addSecond(figures, elapsedMs);
  }

  /** The subject was not there in this second. */
  addAbsence(place: number): void {
    this.#columns[0]?.write(place, ABSENT);
    this.#bands[0]?.write(place, ABSENT);
  }

  /** Stores the step of a coarser ring that has ended; the rings are told in their order. */
  endStep(ring: number, place: number): void {
    const sum = this.#sums[ring];
    if (sum === undefined) return;
    if (sum.samples === 0) {
      this.#columns[ring]?.write(place, ABSENT);
      this.#bands[ring]?.write(place, ABSENT);
      return;
    }
    sum.into(values);
    if (ring === TENS) {
      this.#mergeTens();
      this.#storeLatencies(ring, place, merged);
      for (let coarser = TENS + 1; coarser < this.#sums.length; coarser++) this.#addTens(coarser, sum);
      merged.fill(0);
    } else {
      this.#storeLatencies(ring, place, this.#counts[ring] ?? null);
      this.#counts[ring]?.fill(0);
    }
    sum.clear();
  }

  /** Forgets the step under way: time was set back. */
  dropStep(ring: number): void {
    this.#sums[ring]?.clear();
    this.#counts[ring]?.fill(0);
  }

  /** Whether this column is there in this ring. */
  has(ring: number, column: HistoryColumn): boolean {
    if (this.#plan === null) return !this.#isUnknown;
    return this.#plan.columns.includes(column) && ring < this.#plan.rings.length;
  }

  hasBands(ring: number): boolean {
    return this.#plan === null ? !this.#isUnknown : ring < this.#bands.length;
  }

  /** How many of the last steps of a ring it holds. */
  stepsOf(ring: number): number {
    return this.#plan === null ? Number.POSITIVE_INFINITY : (this.#plan.rings[ring]?.steps ?? 0);
  }

  /** NaN where nothing is known. */
  read(ring: number, column: HistoryColumn, place: number): number {
    const id = HISTORY_COLUMNS.indexOf(column);
    if (this.#plan === null) return IDLE_VALUES[id] ?? Number.NaN;
    const at = this.#ids.indexOf(id);
    return at === -1 ? Number.NaN : (this.#columns[ring]?.read(at, place) ?? Number.NaN);
  }

  readBands(ring: number, place: number): number[] | null {
    const columns = this.#bands[ring];
    if (columns === undefined) return this.#plan === null ? [...NO_BANDS] : null;
    if (Number.isNaN(columns.read(0, place))) return null;
    return NO_BANDS.map((_, band) => columns.read(band, place));
  }

  /** The step under way, by column; all NaN where the subject has not been there in it. */
  readOpen(ring: number): (column: HistoryColumn) => number {
    const open = newStepValues().fill(Number.NaN);
    const sum = new StepSum();
    if (this.#plan === null) open.set(IDLE_VALUES);
    for (const under of this.#underWay(ring)) sum.addStep(under);
    if (sum.samples > 0) {
      sum.into(open);
      this.#mergeOpen(ring);
      latencyInto(open, merged);
      merged.fill(0);
    }
    return (column) => open[HISTORY_COLUMNS.indexOf(column)] ?? Number.NaN;
  }

  /** Of the ring of ten seconds. */
  readOpenBands(): number[] | null {
    if (this.#plan === null) return [...NO_BANDS];
    if (!this.hasBands(TENS) || this.#sums[TENS]?.samples === 0) return null;
    this.#mergeTens();
    bandsInto(bands, merged);
    merged.fill(0);
    return [...bands];
  }

  /** What a step under way is made of: its own sum, and the ten seconds that will be added to it. */
  #underWay(ring: number): StepSum[] {
    const own = this.#sums[ring];
    const tens = ring > TENS ? this.#sums[TENS] : undefined;
    return [own, tens].filter((sum) => sum !== undefined);
  }

  #mergeOpen(ring: number): void {
    this.#mergeTens();
    const counts = this.#counts[ring] ?? null;
    if (counts === null) return;
    for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
      merged[bucket] = (merged[bucket] as number) + (counts[bucket] as number);
    }
  }

  /** Adds the latencies of the ten seconds under way to `merged`; another second may have begun since. */
  #mergeTens(): void {
    const latencies = this.#latencies;
    latencies?.addTo(merged, this.#sums[TENS]?.samples ?? 0, latencies.begun - this.#begun);
  }

  /** Adds the ten seconds in `merged` to the step of a coarser ring. */
  #addTens(ring: number, tens: StepSum): void {
    this.#sums[ring]?.addStep(tens);
    if (tens.finished === 0) return;
    const counts = this.#counts[ring] ?? null;
    if (counts === null) {
      this.#counts[ring] = merged.slice();
      return;
    }
    for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
      counts[bucket] = (counts[bucket] as number) + (merged[bucket] as number);
    }
  }

  #storeLatencies(ring: number, place: number, counts: Uint32Array | null): void {
    latencyInto(values, counts);
    this.#write(ring, place);
    const columns = this.#bands[ring];
    if (columns === undefined) return;
    bandsInto(bands, counts);
    columns.write(place, bands);
  }

  #write(ring: number, place: number): void {
    for (let column = 0; column < this.#ids.length; column++) picked[column] = values[this.#ids[column] ?? 0] ?? 0;
    this.#columns[ring]?.write(place, picked);
  }
}
