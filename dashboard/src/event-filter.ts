/**
 * Which events a screen shows, as its address says: `q=TEXT`, `level=bad`, `kind=backend-up,…`,
 * `subject=web/b1`, and `id=123&at=MS` for one event and what happened around it. Pure.
 */
import type { EventQuery } from './live/api.ts';
import type { EventLevel, LiveEvent } from './protocol.ts';

export const LEVELS = ['bad', 'warning', 'good', 'info'] as const satisfies readonly EventLevel[];

/** Kinds that somebody asks for together. An event of no group is among all. */
export const KIND_GROUPS: readonly { readonly words: string; readonly kinds: readonly string[] }[] = [
  { words: 'Health', kinds: ['backend-down', 'backend-up', 'pool-panic', 'pool-panic-over'] },
  { words: 'Ejections', kinds: ['backend-ejected', 'backend-readmitted', 'ejection-limited', 'backend-kept'] },
  {
    words: 'Changes',
    kinds: [
      'policy-changed',
      'weight-changed',
      'mode-changed',
      'backend-added',
      'backend-removing',
      'backend-removed',
      'backend-cut',
      'runtime-change-overruled',
      'change-written',
      'tap-opened',
    ],
  },
  {
    words: 'Config',
    kinds: ['config-reloaded', 'reload-refused', 'config-applied', 'config-rolled-back', 'restart-needed'],
  },
  {
    words: 'Names',
    kinds: ['backend-resolved', 'backend-unresolved', 'addresses-changed', 'addresses-left-out', 'address-stale'],
  },
  {
    words: 'Workers',
    kinds: [
      'worker-died',
      'worker-replaced',
      'worker-blocked',
      'worker-unblocked',
      'worker-stuck',
      'worker-unending',
      'worker-crash-loop',
      'worker-crash-loop-over',
    ],
  },
  {
    words: 'Start and stop',
    kinds: [
      'started',
      'draining',
      'drain-cut',
      'restart-begun',
      'restart-failed',
      'restart-refused',
      'handed-over',
      'taken-over',
      'state-restored',
    ],
  },
];

/** One event, by its number and its time: numbers begin anew with every process. */
export interface EventMark {
  readonly id: number;
  readonly atMs: number;
}

/** How many of the events around it are newer, and how many there are. */
const NEWER_AROUND = 25;
const AROUND = 51;

type Options = Readonly<Record<string, string>>;

export function readMark({ id = '', at = '' }: Options): EventMark | null {
  return /^\d{1,15}$/.test(id) && /^\d{1,15}$/.test(at) ? { id: Number(id), atMs: Number(at) } : null;
}

export function markHref({ id, atMs }: Pick<LiveEvent, 'id' | 'atMs'>): string {
  return `#/events?id=${id}&at=${atMs}`;
}

/** What is asked of the journal, page and limit left out. A mark leaves all filters aside. */
export function queryOf(options: Options, limit: number): EventQuery {
  const mark = readMark(options);
  if (mark !== null) return { before: mark.id + NEWER_AROUND + 1, limit: AROUND };
  const level = LEVELS.find((one) => one === options['level']) ?? null;
  const kinds = (options['kind'] ?? '').split(',').filter((kind) => kind !== '');
  const subject = options['subject'] ?? '';
  return {
    text: options['q'] ?? '',
    level,
    ...(kinds.length === 0 ? {} : { kinds }),
    ...(subject === '' ? {} : { subjects: [subject] }),
    limit,
  };
}

export const isFiltered = ({ q = '', level = '', kind = '', subject = '' }: Options): boolean =>
  [q, level, kind, subject].some((one) => one !== '');

/** The event that a mark stands for; null where it is not known any more. */
export function findMarked(events: readonly LiveEvent[], mark: EventMark): LiveEvent | null {
  return events.find((event) => event.id === mark.id && event.atMs === mark.atMs) ?? null;
}
