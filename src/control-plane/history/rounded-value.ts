/** As fine as anybody looks: the same second has the same value in the history and on the live channel. */
import type { HistoryColumn } from '../../protocol/history.ts';

/** NaN is nothing measured. */
export function roundedValue(column: HistoryColumn, value: number): number | null {
  if (Number.isNaN(value)) return null;
  const steps = STEPS_IN_ONE[column] ?? 100;
  return Math.round(value * steps) / steps;
}

/** Microseconds for latencies; tenths for what is counted in whole numbers. */
const STEPS_IN_ONE: Readonly<Partial<Record<HistoryColumn, number>>> = {
  p50: 1000,
  p95: 1000,
  p99: 1000,
  inFlight: 10,
  connections: 10,
  clientConnections: 10,
};
