/**
 * The states of a backend over time, as a strip of cells of equal length: each shows the worst
 * state of its time, so that ten seconds of trouble in a day are seen. Pure; drawn by
 * `parts/state-strip.tsx`.
 */
import type { BackendState, StateChange } from '../../src/protocol/admin-api.ts';
import { formatClock, formatDuration } from './format.ts';
import { STATE_WORDS } from './roll-up.ts';

export const CELLS = 90;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The shortest that holds what is known; each is so many whole seconds a cell. */
const SPANS: readonly { readonly ms: number; readonly words: string }[] = [
  { ms: 3 * MINUTE_MS, words: '3 minutes' },
  { ms: 15 * MINUTE_MS, words: '15 minutes' },
  { ms: HOUR_MS, words: 'hour' },
  { ms: 6 * HOUR_MS, words: '6 hours' },
  { ms: 24 * HOUR_MS, words: '24 hours' },
];

/** How bad a state is: what a cell shows of those that it holds. */
const BADNESS: Readonly<Record<BackendState, number>> = {
  up: 0,
  draining: 1,
  maintenance: 2,
  unknown: 3,
  ejected: 4,
  unresolved: 5,
  down: 6,
};

/** A state with its time, cut to a cell or to the strip. */
export interface StripPart {
  readonly state: BackendState;
  readonly reason: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface StripCell {
  readonly fromMs: number;
  readonly toMs: number;
  /** Null where nothing is known of this time. */
  readonly worst: BackendState | null;
  readonly parts: readonly StripPart[];
}

export interface Strip {
  /** `24 hours`. */
  readonly words: string;
  readonly cells: readonly StripCell[];
  /** Oldest first, one after the other; the first may have begun before the strip. */
  readonly parts: readonly StripPart[];
  /** How long it was in each state, the longest first. */
  readonly totals: readonly { readonly state: BackendState; readonly ms: number }[];
}

/** `changes`: oldest first; the last one holds until `nowMs`. */
export function stripOf(changes: readonly StateChange[], nowMs: number): Strip {
  const knownMs = nowMs - (changes[0]?.atMs ?? nowMs);
  const span = SPANS.find(({ ms }) => ms >= knownMs) ?? SPANS[SPANS.length - 1] ?? { ms: HOUR_MS, words: 'hour' };
  const cellMs = span.ms / CELLS;
  // The edges of cells stand still; the last cell fills up.
  const endMs = Math.ceil(nowMs / cellMs) * cellMs;
  const beginMs = endMs - span.ms;
  const parts = partsOf(changes, beginMs, nowMs);
  let next = 0;
  const cells = Array.from({ length: CELLS }, (_, index): StripCell => {
    const [fromMs, toMs] = [beginMs + index * cellMs, beginMs + (index + 1) * cellMs];
    while ((parts[next]?.toMs ?? toMs) <= fromMs) next += 1;
    const own: StripPart[] = [];
    for (let at = next; at < parts.length; at += 1) {
      const part = parts[at];
      if (part === undefined || part.fromMs >= toMs) break;
      own.push({ ...part, fromMs: Math.max(part.fromMs, fromMs), toMs: Math.min(part.toMs, toMs) });
    }
    return { fromMs, toMs, parts: own, worst: worstOf(own) };
  });
  return { words: span.words, cells, parts, totals: totalsOf(parts) };
}

function partsOf(changes: readonly StateChange[], beginMs: number, nowMs: number): StripPart[] {
  return changes.flatMap(({ atMs, state, reason }, index) => {
    const [fromMs, toMs] = [Math.max(atMs, beginMs), Math.min(changes[index + 1]?.atMs ?? nowMs, nowMs)];
    return toMs > fromMs ? [{ state, reason, fromMs, toMs }] : [];
  });
}

function worstOf(parts: readonly StripPart[]): BackendState | null {
  let worst: BackendState | null = null;
  for (const { state } of parts) if (worst === null || BADNESS[state] > BADNESS[worst]) worst = state;
  return worst;
}

function totalsOf(parts: readonly StripPart[]): Strip['totals'] {
  const byState = new Map<BackendState, number>();
  for (const { state, fromMs, toMs } of parts) byState.set(state, (byState.get(state) ?? 0) + toMs - fromMs);
  return [...byState].map(([state, ms]) => ({ state, ms })).sort((a, b) => b.ms - a.ms);
}

/** What a cell holds, in words: `14:00:10 to 14:00:20: down for 4 s (status 503), up for 6 s`. */
export function cellWords({ fromMs, toMs, parts }: StripCell): string {
  const held = parts.map(({ state, reason, fromMs: from, toMs: to }) => {
    const why = state === 'up' || reason === '' ? '' : ` (${reason})`;
    const ms = to - from;
    return `${STATE_WORDS[state]} for ${ms < 1000 ? 'less than 1\u202fs' : formatDuration(ms)}${why}`;
  });
  return `${formatClock(fromMs)} to ${formatClock(toMs)}: ${held.length === 0 ? 'not known' : held.join(', ')}`;
}

/** The strip in one sentence. */
export function stripSummary({ words, cells, totals, parts }: Strip): string {
  const knownMs = totals.reduce((sum, { ms }) => sum + ms, 0);
  if (knownMs === 0) return 'Nothing is known yet.';
  const upMs = totals.find(({ state }) => state === 'up')?.ms ?? 0;
  const isAllKnown = cells[0]?.worst !== null;
  const time = isAllKnown ? `last ${words}` : `${formatDuration(knownMs)} since it is known`;
  const changes = Math.max(0, parts.length - 1);
  const times = changes === 0 ? 'no change' : changes === 1 ? '1 change' : `${changes} changes`;
  return `Up ${shareWords(upMs / knownMs)} of the ${time}; ${times}.`;
}

/** Never 100 % where it was not up all the time. */
function shareWords(share: number): string {
  const hundredths = share === 1 ? 10_000 : Math.min(9_999, Math.floor(share * 10_000));
  return `${hundredths / 100}\u202f%`;
}
