/**
 * Says changes of state aloud for those who listen to the page: events of weight, politely, and
 * never figures.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { latest, link } from '../live/session.ts';
import { topicOf } from '../store.ts';
import { EVENTS } from '../topics.ts';

/** More at once would not be listened to. */
const AT_MOST = 3;

export function Announcer() {
  const text = useSignal('');
  const lastId = useRef<number | null>(null);
  const events = topicOf(latest.value, EVENTS)?.fields.events;
  useEffect(() => {
    if (events === undefined) return;
    const known = lastId.current;
    lastId.current = events.at(-1)?.id ?? 0;
    if (known === null || known > lastId.current) return;
    const fresh = events.filter((event) => event.id > known && event.level !== 'info').slice(-AT_MOST);
    if (fresh.length > 0) text.value = fresh.map((event) => `${event.subject} ${event.text}`).join('. ');
  }, [events]);
  return (
    <div class="hidden" aria-live="polite" data-testid="announcer">
      {link.value === 'lost' ? 'Connection lost.' : text.value}
    </div>
  );
}
