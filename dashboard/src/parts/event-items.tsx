/** Events as list items: when, how grave, what about, what happened, by whom. */
import { formatClock, formatDay } from '../format.ts';
import { isStale } from '../live/session.ts';
import type { LiveEvent } from '../protocol.ts';
import { backendHref, poolHref } from '../router.ts';
import { Shape } from './state-mark.tsx';

const LEVEL_WORDS = { info: 'note', good: 'good', warning: 'warning', bad: 'bad' } as const;

/** A subject is `pool/backend`, `pool`, or something that has no screen, such as `worker 1`. Pure. */
export function poolOfSubject(subject: string): string | null {
  const [pool = ''] = subject.split('/', 1);
  return /^[A-Za-z][\w-]*$/.test(pool) ? pool : null;
}

/** Where one reads more about a subject; null where there is no screen for it. Pure. */
export function subjectHref(subject: string): string | null {
  const pool = poolOfSubject(subject);
  if (pool === null) return null;
  const backend = subject.slice(pool.length + 1);
  return backend === '' ? poolHref(pool) : backendHref(pool, backend);
}

interface EventItemsProps {
  readonly events: readonly LiveEvent[];
  readonly testid: string;
}

/** Newest first. */
export function EventItems({ events, testid }: EventItemsProps) {
  return (
    <ol class="events" data-testid={testid} data-stale={isStale.value}>
      {events.map((event) => (
        <EventItem key={event.id} event={event} href={subjectHref(event.subject)} />
      ))}
    </ol>
  );
}

function EventItem({ event, href }: { readonly event: LiveEvent; readonly href: string | null }) {
  return (
    <li class="event" data-row data-level={event.level} data-kind={event.kind} tabIndex={-1}>
      <time dateTime={new Date(event.atMs).toISOString()} title={formatDay(event.atMs)}>
        {formatClock(event.atMs)}
      </time>
      <span class="event-level" data-state={event.level}>
        <Shape of={event.level} label={LEVEL_WORDS[event.level]} />
      </span>
      <span class="event-text">
        {event.subject === '' ? null : href === null ? (
          <b>{event.subject}</b>
        ) : (
          <a href={href} data-open>
            {event.subject}
          </a>
        )}{' '}
        {event.text}
      </span>
      <span class="event-origin">{event.origin}</span>
    </li>
  );
}
