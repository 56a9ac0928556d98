/** Recorded load whose requests are drawn from a seed, with ids that name the load they are of. */
import { randomFrom } from '../harness/segmentations.ts';
import { type RecordedLoad, type RecordedLoadOptions, startRecordedLoad } from './recorded-load.ts';
import type { ClientRecord } from './records.ts';
import { drawPlan, type Mix } from './request-plans.ts';

export interface DrawnLoadOptions extends Omit<RecordedLoadOptions, 'plan'> {
  readonly seed: string;
  readonly name: string;
  readonly mix: Mix;
}

/** Begins at once. */
export function startDrawnLoad({ seed, name, mix, ...options }: DrawnLoadOptions): RecordedLoad {
  const random = randomFrom(`${seed} ${name}`);
  let count = 0;
  return startRecordedLoad({ ...options, plan: () => drawPlan(random, `${name}-${seed}-${count++}`, mix) });
}

/** Not answered by a backend. */
export const isFailed = ({ end, code }: ClientRecord): boolean => end !== 'answered' || code !== '';

export const shownRecord = ({ id, method, end, status, code, error }: ClientRecord): string =>
  `${id} ${method} ${end} ${status} ${code} ${error}`;

export const longestMsOf = (records: readonly ClientRecord[]): number =>
  records.reduce((longest, { dueMs, endedMs }) => Math.max(longest, endedMs - dueMs), 0);

/** The `share` quantile of the times from due to end. */
export function quantileMs(records: readonly ClientRecord[], share: number): number {
  const times = records.map(({ dueMs, endedMs }) => endedMs - dueMs).sort((a, b) => a - b);
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
}
