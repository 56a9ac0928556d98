/** What has happened, newest first, from the journal of the balancer: by text, kind, level and subject. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type EventMark, findMarked, isFiltered, KIND_GROUPS, LEVELS, queryOf, readMark } from '../event-filter.ts';
import { formatClock, formatDay } from '../format.ts';
import { refusalOf } from '../live/actions.ts';
import { type EventQuery, exportEvents } from '../live/api.ts';
import { useEventList } from '../live/event-list.ts';
import { notify } from '../live/notices.ts';
import { EventItems } from '../parts/event-items.tsx';
import { FilterField } from '../parts/filter-field.tsx';
import { Icon } from '../parts/icon.tsx';
import { ROWS_A_PAGE } from '../parts/pager.tsx';
import { Shape } from '../parts/state-mark.tsx';
import { place, setOption, setOptions } from '../router.ts';

const LEVEL_WORDS = { bad: 'Bad', warning: 'Warning', good: 'Good', info: 'Note' } as const;

export function EventsScreen() {
  /** For each page back, the number that it ends before. */
  const before = useSignal<readonly number[]>([]);
  const { options } = place.value;
  const mark = readMark(options);
  const filters = queryOf(options, ROWS_A_PAGE);
  const key = JSON.stringify(filters);
  const end = mark === null ? before.value.at(-1) : undefined;
  const query = end === undefined ? filters : { ...filters, before: end };
  const { events, isMore, problem } = useEventList(query, end === undefined && mark === null);
  // What is filtered otherwise begins with its latest.
  useEffect(() => {
    before.value = [];
  }, [key]);
  const oldest = events?.[0]?.id ?? 0;
  const isLost = mark !== null && events !== null && findMarked(events, mark) === null;
  return (
    <main class="screen" id="screen" tabIndex={-1} aria-busy={events === null}>
      <header class="screen-head">
        <h1>Events</h1>
        {mark === null ? <Filters query={filters} /> : null}
      </header>
      <section class="panel" aria-label="Events">
        {mark === null ? null : <Marked mark={mark} isKnown={!isLost} />}
        {problem === null ? null : <p class="empty">The events cannot be read: {problem}</p>}
        {events?.length === 0 && problem === null && mark === null ? (
          <p class="empty">
            {isFiltered(options) || end !== undefined
              ? 'No event matches.'
              : 'Nothing has happened since the start. Changes of state, policy, weight and config appear here.'}
          </p>
        ) : null}
        {isLost ? null : (
          <EventItems events={[...(events ?? [])].reverse()} testid="event-list" marked={mark?.id ?? null} />
        )}
        {mark === null && (isMore || before.value.length > 0) ? (
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

function Filters({ query }: { readonly query: EventQuery }) {
  const { filter, options } = place.value;
  const kind = options['kind'] ?? '';
  const subject = options['subject'] ?? '';
  const isGroup = KIND_GROUPS.some(({ kinds }) => kinds.join() === kind);
  return (
    <>
      <FilterField label="Filter by text" text={filter} />
      {subject === '' ? null : (
        <span class="chip" data-testid="subject-filter">
          about <b>{subject}</b>
          <button
            type="button"
            class="icon-button"
            aria-label={`Not only about ${subject}`}
            onClick={() => setOption('subject', null)}
          >
            <Icon name="close" />
          </button>
        </span>
      )}
      <label class="choice">
        <span class="hidden">Kind</span>
        <select
          data-testid="kind-filter"
          value={kind}
          onChange={(event) => setOption('kind', event.currentTarget.value === '' ? null : event.currentTarget.value)}
        >
          <option value="">All kinds</option>
          {KIND_GROUPS.map(({ words, kinds }) => (
            <option key={words} value={kinds.join()}>
              {words}
            </option>
          ))}
          {kind === '' || isGroup ? null : <option value={kind}>{kind}</option>}
        </select>
      </label>
      <fieldset class="segments levels">
        <legend class="hidden">Level</legend>
        <button type="button" aria-pressed={query.level === null} onClick={() => setOption('level', null)}>
          All
        </button>
        {LEVELS.map((one) => (
          <button key={one} type="button" aria-pressed={query.level === one} onClick={() => setOption('level', one)}>
            <span data-state={one}>
              <Shape of={one} />
            </span>
            {LEVEL_WORDS[one]}
          </button>
        ))}
      </fieldset>
      <button
        type="button"
        class="button export-button"
        data-testid="export-events"
        title="All that match, as NDJSON: a line of JSON each"
        onClick={() => void download(query)}
      >
        <Icon name="download" /> Export
      </button>
    </>
  );
}

/** What the server has, not what the page shows: also what is pages away. */
async function download(query: EventQuery): Promise<void> {
  try {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await exportEvents(query));
    link.download = `ballast-events-${new Date().toISOString().replaceAll(':', '').slice(0, 17)}.ndjson`;
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) {
    notify('bad', `The events cannot be read: ${refusalOf(error)}`);
  }
}

interface MarkedProps {
  readonly mark: EventMark;
  readonly isKnown: boolean;
}

/** Says what is looked at, and leads back to all. */
function Marked({ mark, isKnown }: MarkedProps) {
  useEffect(() => {
    document.querySelector(`[data-event="${mark.id}"]`)?.scrollIntoView({ block: 'center' });
  }, [mark.id, isKnown]);
  const when = `${formatDay(mark.atMs)} ${formatClock(mark.atMs)}`;
  return (
    <p class="marked" data-testid="marked">
      <span>
        {isKnown
          ? `What happened around ${when}.`
          : `The event of ${when} is not known any more: the latest 10,000 are kept, and a restart begins anew.`}
      </span>
      <button type="button" class="button" onClick={() => setOptions({ id: null, at: null }, true)}>
        All events
      </button>
    </p>
  );
}
