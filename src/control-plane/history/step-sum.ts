/**
 * One step of a coarser ring while it is filled: figures and buckets added up.
 *
 * Rates come from the counts and the time that really passed, percentiles from the merged buckets
 * of the whole step; nothing is an average of what was computed before.
 */
import { HISTORY_COLUMNS, type HistoryColumn } from '../../protocol/history.ts';
import { HISTOGRAM_BUCKETS } from '../../state/histogram.ts';
import { latencyOf, type SparseCounts, sparseLatencyOf } from '../metrics/sampler-window.ts';
import { bandOf } from './bands.ts';
import type { Figures } from './figures.ts';

const ID = Object.fromEntries(HISTORY_COLUMNS.map((name, id) => [name, id])) as Record<HistoryColumn, number>;

/** Values of one step, by the place of the column in `HISTORY_COLUMNS`. */
export type StepValues = Float64Array;

export const newStepValues = (): StepValues => new Float64Array(HISTORY_COLUMNS.length);

/** What each column holds while nothing happens. */
export const IDLE_VALUES: readonly number[] = HISTORY_COLUMNS.map((name) => (name.startsWith('p') ? Number.NaN : 0));

/** The values of a single second. */
export function secondInto(values: StepValues, figures: Figures, elapsedMs: number): void {
  const perSecond = 1000 / elapsedMs;
  values[ID.rps] = figures.finished * perSecond;
  values[ID.errors] = figures.errors * perSecond;
  values[ID.retries] = figures.retries * perSecond;
  values[ID.inFlight] = figures.inFlight;
  values[ID.connections] = figures.connections;
  values[ID.queued] = figures.queued;
  values[ID.clientConnections] = figures.clientConnections;
  const { p50, p95, p99 } = sparseLatencyOf(figures.latencies?.last ?? null);
  values[ID.p50] = p50 ?? Number.NaN;
  values[ID.p95] = p95 ?? Number.NaN;
  values[ID.p99] = p99 ?? Number.NaN;
}

/** The counts of a single second, by band. */
export function secondBandsInto(bands: Float64Array, second: SparseCounts | null): void {
  bands.fill(0);
  if (second === null) return;
  for (let i = 0; i < second.length; i++) {
    const band = bandOf(second.buckets[i] ?? 0);
    bands[band] = (bands[band] ?? 0) + (second.counts[i] ?? 0);
  }
}

/** The percentiles of merged buckets. */
export function latencyInto(values: StepValues, counts: Uint32Array | null): void {
  const latency = counts === null ? null : latencyOf(counts);
  values[ID.p50] = latency?.p50 ?? Number.NaN;
  values[ID.p95] = latency?.p95 ?? Number.NaN;
  values[ID.p99] = latency?.p99 ?? Number.NaN;
}

/** Merged buckets, by band. */
export function bandsInto(bands: Float64Array, counts: Uint32Array | null): void {
  bands.fill(0);
  if (counts === null) return;
  for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
    const count = counts[bucket] as number;
    if (count === 0) continue;
    const band = bandOf(bucket);
    bands[band] = (bands[band] ?? 0) + count;
  }
}

/** Everything of a step but its latencies. */
export class StepSum {
  samples = 0;
  elapsedMs = 0;
  finished = 0;
  errors = 0;
  retries = 0;
  inFlight = 0;
  connections = 0;
  clientConnections = 0;
  queued = 0;

  addSecond(figures: Figures, elapsedMs: number): void {
    this.samples++;
    this.elapsedMs += elapsedMs;
    this.finished += figures.finished;
    this.errors += figures.errors;
    this.retries += figures.retries;
    this.inFlight += figures.inFlight;
    this.connections += figures.connections;
    this.clientConnections += figures.clientConnections;
    this.queued = Math.max(this.queued, figures.queued);
  }

  addStep(step: StepSum): void {
    this.samples += step.samples;
    this.elapsedMs += step.elapsedMs;
    this.finished += step.finished;
    this.errors += step.errors;
    this.retries += step.retries;
    this.inFlight += step.inFlight;
    this.connections += step.connections;
    this.clientConnections += step.clientConnections;
    this.queued = Math.max(this.queued, step.queued);
  }

  into(values: StepValues): void {
    const perSecond = this.elapsedMs > 0 ? 1000 / this.elapsedMs : 0;
    const each = 1 / Math.max(1, this.samples);
    values[ID.rps] = this.finished * perSecond;
    values[ID.errors] = this.errors * perSecond;
    values[ID.retries] = this.retries * perSecond;
    values[ID.inFlight] = this.inFlight * each;
    values[ID.connections] = this.connections * each;
    values[ID.clientConnections] = this.clientConnections * each;
    values[ID.queued] = this.queued;
  }

  clear(): void {
    this.samples = 0;
    this.elapsedMs = 0;
    this.finished = 0;
    this.errors = 0;
    this.retries = 0;
    this.inFlight = 0;
    this.connections = 0;
    this.clientConnections = 0;
    this.queued = 0;
  }
}
