/** Requests as they end, for a while, for somebody who looks: the tap, and the story of each request. */
import { useEffect } from 'preact/hooks';
import { FilterField } from '../parts/filter-field.tsx';
import { TAP_MINUTES, TAP_PER_SECOND } from '../protocol.ts';
import { place } from '../router.ts';
import { readFilter } from '../tap/tap-filter.ts';
import { TapFilters } from '../tap/tap-filters.tsx';
import { TapPanel } from '../tap/tap-panel.tsx';
import { clearTap, endTap, isTapping, startTap, tap } from '../tap/tap-session.ts';
import { tapTopic } from '../topics.ts';

/** Somebody who types is waited for before the tap is asked for by another filter. */
const TYPING_MS = 400;

export function RequestsScreen() {
  const read = readFilter(place.value.options);
  const { filter } = read;
  const { phase } = tap.value;
  const topic = tapTopic(filter);
  useEffect(() => () => endTap('left'), []);
  useEffect(() => {
    if (!isTapping() || tap.peek().topic === topic) return undefined;
    const timer = setTimeout(() => {
      if (isTapping()) startTap(filter);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [topic]);
  const isOn = phase === 'starting' || phase === 'on';
  return (
    <main class="screen requests-screen" id="screen" tabIndex={-1}>
      <header class="screen-head">
        <h1>Requests</h1>
        <FilterField label="Part of method, host or target" text={place.value.filter} />
        <div class="tap-buttons">
          <button type="button" class="button" data-testid="tap-clear" disabled={phase !== 'over'} onClick={clearTap}>
            Clear
          </button>
          <button
            type="button"
            class={isOn ? 'button tap-button' : 'button primary tap-button'}
            data-testid="tap-button"
            onClick={() => {
              if (isOn) endTap('asked');
              else startTap(filter);
            }}
          >
            {isOn ? 'Stop' : phase === 'over' ? 'Go on' : 'Start'}
          </button>
        </div>
      </header>
      <TapFilters {...read} />
      {phase === 'off' ? <Introduction /> : <TapPanel filter={filter} />}
    </main>
  );
}

function Introduction() {
  return (
    <section class="panel tap-introduction" aria-label="What the tap is" data-testid="tap-introduction">
      <h2>Look at single requests as they end</h2>
      <p>
        Nothing is recorded until you press <b>Start</b>. Then requests that match the fields above appear here, and
        each one tells its story: its route, who could have had it, every try, and where the time went.
      </p>
      <ul>
        <li>At most {TAP_PER_SECOND} a second are shown, however many there are; all that match are counted.</li>
        <li>It stops by itself after {TAP_MINUTES} minutes, and as soon as this page is hidden or left.</li>
        <li>Values that may be secret, such as cookies and tokens, are redacted before they leave the worker.</li>
        <li>No body is kept, and nothing is written to disk.</li>
      </ul>
    </section>
  );
}
