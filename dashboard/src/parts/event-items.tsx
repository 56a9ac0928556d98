/** Events as list items: when, how grave, what about, what happened, by whom. */
import { Fragment } from 'preact';
import { markHref } from '../event-filter.ts';
import { formatClock, formatDay } from '../format.ts';
import { isStale, shown } from '../live/session.ts';
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
  /** The number of the one that the address names. */
  readonly marked?: number | null;
}

/** Newest first, with a line where another day begins. */
export function EventItems({ events, testid, marked = null }: EventItemsProps) {
  let day = formatDay(shown.value?.atMs ?? 0);
  return (
    <ol class="events" data-testid={testid} data-stale={isStale.value}>
      {events.map((event) => {
        const own = formatDay(event.atMs);
        const isOther = own !== day;
        day = own;
        return (
          <Fragment key={event.id}>
            {isOther ? <li class="event-day">{own}</li> : null}
            <EventItem event={event} href={subjectHref(event.subject)} isMarked={event.id === marked} />
          </Fragment>
        );
      })}
    </ol>
  );
}

interface EventItemProps {
  readonly event: LiveEvent;
  readonly href: string | null;
  readonly isMarked: boolean;
}

function EventItem({ event, href, isMarked }: EventItemProps) {
  return (
    <li
      class="event"
      data-row
      data-event={event.id}
      data-level={event.level}
      data-kind={event.kind}
      aria-current={isMarked ? 'true' : undefined}
      tabIndex={-1}
    >
      <a class="event-time" href={markHref(event)} title={`${formatDay(event.atMs)}: link to this event`}>
        <time dateTime={new Date(event.atMs).toISOString()}>{formatClock(event.atMs)}</time>
      </a>
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
