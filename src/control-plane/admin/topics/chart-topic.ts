/**
 * `chart:TOPIC`: the last second of what the history remembers of it, so that an open chart goes on
 * without asking. The names and the rounding are those of the history's columns.
 */

import { HISTORY_COLUMNS, type HistoryColumn } from '../../../protocol/history.ts';
import type { ChartFields, Topic } from '../../../protocol/live.ts';
import { BAND_COUNT } from '../../history/bands.ts';
import { BACKEND_PLAN, POOL_PLAN, TOTALS_PLAN } from '../../history/history.ts';
import { roundedValue } from '../../history/rounded-value.ts';
import { newStepValues, secondBandsInto, secondInto } from '../../history/step-sum.ts';
import { parseTopic, type TopicName } from '../topic-name.ts';
import { findBackend, findPool } from './pool-topics.ts';
import type { PoolSource, RowFigures, TopicSource } from './source.ts';

/** Backends that one chart may follow. */
const MAX_BACKENDS = 32;

interface Subject {
  readonly figures: RowFigures;
  readonly columns: readonly HistoryColumn[];
  readonly pool: PoolSource | null;
  readonly hasBands: boolean;
}

const values = newStepValues();

export function chartTopic(source: TopicSource, { rest, options }: TopicName): Topic<ChartFields> | null {
  const subject = subjectOf(source, rest);
  if (subject === null) return null;
  const { figures, columns, pool, hasBands } = subject;
  secondInto(values, figures, source.elapsedMs);
  const fields: Record<string, unknown> = {};
  for (const column of columns) {
    fields[column] = roundedValue(column, values[HISTORY_COLUMNS.indexOf(column)] ?? Number.NaN);
  }
  const backends = options.get('backends');
  if (backends !== null && pool !== null) fields['backends'] = backendRates(source, pool, backends);
  if (options.get('bands') === '1' && hasBands) fields['bands'] = bandsOf(figures);
  return { fields: fields as ChartFields };
}

function subjectOf(source: TopicSource, topic: string): Subject | null {
  const name = parseTopic(topic);
  if (name === null) return null;
  const [poolName, backendName] = name.path;
  if (name.kind === 'totals' && name.path.length === 0) {
    return { figures: source.totals, columns: TOTALS_PLAN.columns, pool: null, hasBands: true };
  }
  const pool = findPool(source, poolName);
  if (pool === null) return null;
  if (name.kind === 'pool' && name.path.length === 1) {
    return { figures: pool.figures, columns: POOL_PLAN.columns, pool, hasBands: true };
  }
  const backend = name.kind === 'backend' && name.path.length === 2 ? findBackend(pool, backendName) : null;
  if (backend === null) return null;
  return { figures: backend.figures, columns: BACKEND_PLAN.columns, pool: null, hasBands: false };
}

function backendRates(source: TopicSource, pool: PoolSource, list: string): Record<string, number | null> {
  const names = list === '' ? [] : list.split(',').slice(0, MAX_BACKENDS);
  const rates = names.map((name) => {
    const own = decode(name);
    const backend = findBackend(pool, own);
    const rps = backend === null ? Number.NaN : (backend.figures.finished * 1000) / source.elapsedMs;
    return [own, roundedValue('rps', rps)] as const;
  });
  return Object.fromEntries(rates);
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

const bands = new Float64Array(BAND_COUNT);

function bandsOf({ latencies }: RowFigures): number[] {
  secondBandsInto(bands, latencies?.last ?? null);
  return [...bands];
}
