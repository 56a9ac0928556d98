/**
 * What a run measured, as data: one file a scenario in `bench/results/`, from which `report.ts`
 * writes the page. Neither is ever edited by hand.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const RESULTS_DIRECTORY = path.join(import.meta.dirname, 'results');
const FIGURES_DIRECTORY = path.join(RESULTS_DIRECTORY, 'figures');

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  readonly load: string;
  readonly backends: string;
}

/** One subject under load for one round. */
export interface Round {
  /** Processor time of the proxy's whole process tree for one request, microseconds. */
  readonly cpuMicrosPerRequest: number;
  /** Share of one core that the proxy used; well below 1 means that the load was the limit. */
  readonly cpuShare: number;
  /** Share of that core that other programs used meanwhile; above some percent the round is spoilt. */
  readonly foreignShare: number;
  readonly requestsPerSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly residentBytes: number;
  readonly errors: number;
}

export interface SubjectResult {
  readonly peer: string;
  readonly kind: string;
  readonly version: string;
  /** Config file or source, as used. */
  readonly config: string;
  /** Why it was not measured, or null. */
  readonly fault: string | null;
  /** In order; the n-th rounds of all subjects were measured one right after another. */
  readonly rounds: readonly Round[];
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly measuredAt: string;
  readonly commit: string;
  readonly machine: Machine;
  readonly roundSeconds: number;
  readonly subjects: readonly SubjectResult[];
}

/** A figure of `figures.ts`. */
export interface FigureResult {
  readonly figure: string;
  readonly measuredAt: string;
  readonly commit: string;
  /** One a run. */
  readonly values: readonly number[];
  /** What else was seen; empty where there is nothing to say. */
  readonly notes: string;
}

export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Median and range; null without values. */
export function spreadOf(values: readonly number[]): Spread | null {
  const sorted = values.toSorted((a, b) => a - b);
  const lowest = sorted[0];
  const highest = sorted.at(-1);
  const below = sorted[(sorted.length - 1) >> 1];
  const above = sorted[sorted.length >> 1];
  if (lowest === undefined || highest === undefined || below === undefined || above === undefined) return null;
  return { median: (below + above) / 2, lowest, highest };
}

/** What is compared. */
export type Measure = 'cpu' | 'p99';
const VALUE_OF: Readonly<Record<Measure, (round: Round) => number>> = {
  cpu: (round) => round.cpuMicrosPerRequest,
  p99: (round) => round.p99Micros,
};

/**
 * What a subject needs to what the better bar needs, round by round: both were measured within
 * seconds of each other, so a machine that changes its speed changes both.
 */
export function ratioToBar(
  result: ScenarioResult,
  subject: SubjectResult,
  bar: readonly string[],
  measure: Measure = 'cpu',
): Spread | null {
  const valueOf = VALUE_OF[measure];
  const medianOf = (each: SubjectResult): number =>
    spreadOf(each.rounds.map(valueOf))?.median ?? Number.POSITIVE_INFINITY;
  const best = result.subjects
    .filter((each) => bar.includes(each.peer) && each.rounds.length > 0)
    .sort((a, b) => medianOf(a) - medianOf(b))[0];
  if (best === undefined) return null;
  return spreadOf(
    subject.rounds.flatMap((round, index) => {
      const other = best.rounds[index];
      return other === undefined ? [] : [valueOf(round) / valueOf(other)];
    }),
  );
}

export function saveResult(result: ScenarioResult): void {
  mkdirSync(RESULTS_DIRECTORY, { recursive: true });
  writeFileSync(path.join(RESULTS_DIRECTORY, `${result.scenario}.json`), `${JSON.stringify(result, null, 1)}\n`);
}

export function saveFigure(result: FigureResult): void {
  mkdirSync(FIGURES_DIRECTORY, { recursive: true });
  writeFileSync(path.join(FIGURES_DIRECTORY, `${result.figure}.json`), `${JSON.stringify(result, null, 1)}\n`);
}

export function savedFigures(): FigureResult[] {
  if (!existsSync(FIGURES_DIRECTORY)) return [];
  return readdirSync(FIGURES_DIRECTORY).map(
    (file) => JSON.parse(readFileSync(path.join(FIGURES_DIRECTORY, file), 'utf8')) as FigureResult,
  );
}

/** All results that have been saved. */
export function savedResults(): ScenarioResult[] {
  return readdirSync(RESULTS_DIRECTORY)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(path.join(RESULTS_DIRECTORY, file), 'utf8')) as ScenarioResult);
}
