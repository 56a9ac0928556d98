/** The ranges of the charts, by their names in the address and in the history. Pure. */
import type { HistoryRange } from './protocol.ts';

export const RANGES: readonly { readonly name: HistoryRange; readonly words: string; readonly seconds: number }[] = [
  { name: '1m', words: '1 min', seconds: 60 },
  { name: '5m', words: '5 min', seconds: 300 },
  { name: '15m', words: '15 min', seconds: 900 },
  { name: '1h', words: '1 h', seconds: 3600 },
  { name: '6h', words: '6 h', seconds: 21_600 },
  { name: '24h', words: '24 h', seconds: 86_400 },
  { name: '7d', words: '7 d', seconds: 604_800 },
];

export const DEFAULT_RANGE: HistoryRange = '5m';

export function secondsOf(range: HistoryRange): number {
  return RANGES.find(({ name }) => name === range)?.seconds ?? 300;
}

/** The default where it is none. */
export function readRange(text: string | null): HistoryRange {
  return RANGES.find(({ name }) => name === text)?.name ?? DEFAULT_RANGE;
}

/** The next longer range, or the next shorter one; the same at either end. */
export function neighbour(range: HistoryRange, by: 1 | -1): HistoryRange {
  const index = RANGES.findIndex(({ name }) => name === range) + by;
  return RANGES[Math.min(RANGES.length - 1, Math.max(0, index))]?.name ?? range;
}
