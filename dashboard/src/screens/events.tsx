/** What has happened, newest first, by text and by level, from the journal of the balancer. */
import { useSignal } from '@preact/signals';
import { useEventList } from '../live/event-list.ts';
import { EventItems } from '../parts/event-items.tsx';
import { FilterField } from '../parts/filter-field.tsx';
import { ROWS_A_PAGE } from '../parts/pager.tsx';
import { Shape } from '../parts/state-mark.tsx';
import type { EventLevel } from '../protocol.ts';
import { place } from '../router.ts';

const LEVELS = ['bad', 'warning', 'good', 'info'] as const satisfies readonly EventLevel[];
const LEVEL_WORDS = { bad: 'Bad', warning: 'Warning', good: 'Good', info: 'Note' } as const;

export function EventsScreen() {
  const level = useSignal<EventLevel | null>(null);
  /** For each page back, the number that it ends before. */
  const before = useSignal<readonly number[]>([]);
  const { filter } = place.value;
  const end = before.value.at(-1);
  const query = { text: filter, level: level.value, limit: ROWS_A_PAGE, ...(end === undefined ? {} : { before: end }) };
  const { events, isMore, problem } = useEventList(query, end === undefined);
  const choose = (next: EventLevel | null): void => {
    level.value = next;
    before.value = [];
  };
  const isFiltered = filter !== '' || level.value !== null || end !== undefined;
  const oldest = events?.[0]?.id ?? 0;
  return (
    <main class="screen" id="screen" tabIndex={-1} aria-busy={events === null}>
      <header class="screen-head">
        <h1>Events</h1>
        <FilterField label="Filter by text" text={filter} />
        <fieldset class="segments levels">
          <legend class="hidden">Level</legend>
          <button type="button" aria-pressed={level.value === null} onClick={() => choose(null)}>
            All
          </button>
          {LEVELS.map((one) => (
            <button key={one} type="button" aria-pressed={level.value === one} onClick={() => choose(one)}>
              <span data-state={one}>
                <Shape of={one} />
              </span>
              {LEVEL_WORDS[one]}
            </button>
          ))}
        </fieldset>
      </header>
      <section class="panel" aria-label="Events">
        {problem === null ? null : <p class="empty">The events cannot be read: {problem}</p>}
        {events?.length === 0 && problem === null ? (
          <p class="empty">
            {isFiltered
              ? 'No event matches.'
              : 'Nothing has happened since the start. Changes of state, policy, weight and config appear here.'}
          </p>
        ) : null}
        <EventItems events={[...(events ?? [])].reverse()} testid="event-list" />
        {isMore || before.value.length > 0 ? (
          <nav class="pager" aria-label="Pages of events">
            <button
              type="button"
              class="button"
              disabled={before.value.length === 0}
              onClick={() => {
                before.value = before.value.slice(0, -1);
              }}
            >
              Newer
            </button>
            <button
              type="button"
              class="button"
              data-testid="older-events"
              disabled={!isMore}
              onClick={() => {
                before.value = [...before.value, oldest];
              }}
            >
              Older
            </button>
          </nav>
        ) : null}
      </section>
    </main>
  );
}
