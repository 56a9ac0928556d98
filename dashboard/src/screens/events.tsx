/** What has happened, newest first, by text and by level. */
import { useSignal } from '@preact/signals';
import type { EventLevel, LiveEvent } from '../../../src/protocol/dashboard.ts';
import { plural } from '../format.ts';
import { EventItems } from '../parts/event-items.tsx';
import { FilterField, matchesFilter } from '../parts/filter-field.tsx';
import { Pager, pageOf } from '../parts/pager.tsx';
import { Shape } from '../parts/state-mark.tsx';
import { place } from '../router.ts';
import type { Model } from '../store.ts';

const LEVELS = ['bad', 'warning', 'good', 'info'] as const satisfies readonly EventLevel[];
const LEVEL_WORDS = { bad: 'Bad', warning: 'Warning', good: 'Good', info: 'Note' } as const;

const textOf = (event: LiveEvent): string => `${event.subject} ${event.text} ${event.kind} ${event.origin}`;

export function EventsScreen({ model }: { readonly model: Model }) {
  const level = useSignal<EventLevel | null>(null);
  const page = useSignal(0);
  const { filter } = place.value;
  const matching = model.events.filter(
    (event) => (level.value === null || event.level === level.value) && matchesFilter(textOf(event), filter),
  );
  const { page: current, rows } = pageOf([...matching].reverse(), page.value);
  const choose = (next: EventLevel | null): void => {
    level.value = next;
    page.value = 0;
  };
  return (
    <main class="screen" id="screen" tabIndex={-1}>
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
        <span class="count">{plural(matching.length, 'event')}</span>
      </header>
      <section class="panel" aria-label="Events">
        {matching.length === 0 ? (
          <p class="empty">
            {model.events.length === 0
              ? 'Nothing has happened since the start. Changes of state, policy, weight and config appear here.'
              : 'No event matches.'}
          </p>
        ) : null}
        <EventItems events={rows} poolNames={model.status.pools.map((pool) => pool.name)} testid="event-list" />
        <Pager
          noun="event"
          count={matching.length}
          page={current}
          onPage={(next) => {
            page.value = next;
          }}
        />
      </section>
    </main>
  );
}
