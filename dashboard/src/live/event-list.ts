/**
 * Events beyond the latest few, from the journal: for the events screen, by filter and page, and
 * for the markers in charts. What the live channel tells meanwhile is laid on top.
 */
import { signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { LiveEvent } from '../protocol.ts';
import { topicOf } from '../store.ts';
import { EVENTS } from '../topics.ts';
import { ApiError, type EventQuery, getEvents } from './api.ts';
import { latest, shown } from './session.ts';

/** Somebody who types is waited for. */
const TYPING_MS = 150;

export interface EventList {
  /** Oldest first; null while they are being read. */
  readonly events: readonly LiveEvent[] | null;
  /** Whether there are older ones like these. */
  readonly isMore: boolean;
  readonly problem: string | null;
}

interface Read {
  readonly key: string;
  readonly instance: string;
  /** The newest event of all when it was read. */
  readonly upTo: number;
  readonly events: readonly LiveEvent[];
  readonly isMore: boolean;
  readonly problem: string | null;
}

/** `isFollowing`: new events that match are added as they happen. */
export function useEventList(query: EventQuery, isFollowing: boolean): EventList {
  const key = JSON.stringify(query);
  const read = useMemo(() => signal<Read | null>(null), []);
  const model = shown.value;
  const live = topicOf(model, EVENTS)?.fields.events ?? [];
  const instance = model?.instance ?? '';
  const known = read.value?.key === key && read.value.instance === instance ? read.value : null;
  // The live channel keeps a few: when more have happened than those since, the journal is asked again.
  const hasMissed = isFollowing && known !== null && (live[0]?.id ?? 0) > known.upTo + 1;
  useEffect(() => {
    if (instance === '' || (known !== null && !hasMissed)) return undefined;
    const timer = setTimeout(
      () => {
        void getEvents(query)
          .then(({ events, isMore }) => ({ events, isMore, problem: null }))
          .catch((error: unknown) => ({
            events: [],
            isMore: false,
            problem: error instanceof ApiError ? error.message : String(error),
          }))
          .then((page) => {
            const upTo = topicOf(latest.peek(), EVENTS)?.fields.events.at(-1)?.id ?? 0;
            if (latest.peek()?.instance === instance) read.value = { key, instance, upTo, ...page };
          });
      },
      read.peek() === null ? 0 : TYPING_MS,
    );
    return () => clearTimeout(timer);
  }, [key, instance, hasMissed]);
  if (known === null) return { events: null, isMore: false, problem: null };
  if (!isFollowing) return known;
  const last = known.events.at(-1)?.id ?? 0;
  const fresh = live.filter((event) => event.id > last && isAsked(event, query));
  return fresh.length === 0 ? known : { ...known, events: [...known.events, ...fresh] };
}

/** Whether an event is one of those that a query asks for, by the rules of the journal. Pure. */
export function isAsked(event: LiveEvent, query: EventQuery): boolean {
  const { text = '', level, kinds, subjects, since = 0, until = Number.POSITIVE_INFINITY } = query;
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const all = `${event.subject} ${event.text} ${event.kind} ${event.origin}`.toLowerCase();
  return (
    event.atMs >= since &&
    event.atMs < until &&
    (kinds === undefined || kinds.includes(event.kind)) &&
    (level == null || event.level === level) &&
    (subjects === undefined || subjects.some((subject) => isAbout(event.subject, subject))) &&
    words.every((word) => all.includes(word))
  );
}

const isAbout = (own: string, subject: string): boolean =>
  own === subject || (subject !== '' && own.startsWith(`${subject}/`));
