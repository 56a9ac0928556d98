/** How far back the charts of a screen go, kept in the address, and the way to stop the picture. */
import { isPaused, togglePause } from '../live/session.ts';
import { Icon } from '../parts/icon.tsx';
import type { HistoryRange } from '../protocol.ts';
import { RANGES } from '../ranges.ts';
import { place, setRange } from '../router.ts';

interface RangeBarProps {
  readonly title: string;
  /** Longer ones are not kept of this thing; left out, all are. */
  readonly longest?: HistoryRange;
}

export function RangeBar({ title, longest = '7d' }: RangeBarProps) {
  const kept = RANGES.slice(0, RANGES.findIndex(({ name }) => name === longest) + 1);
  return (
    <header class="section-head">
      <h2 id="charts-title">{title}</h2>
      <fieldset class="segments" data-testid="range">
        <legend class="hidden">Range of the charts</legend>
        {kept.map(({ name, words }) => (
          <button key={name} type="button" aria-pressed={place.value.range === name} onClick={() => setRange(name)}>
            {words}
          </button>
        ))}
      </fieldset>
      <button
        type="button"
        class="button pause-button"
        data-testid="pause"
        aria-pressed={isPaused.value}
        onClick={togglePause}
      >
        <Icon name={isPaused.value ? 'play' : 'pause'} />
        <span class="button-word">{isPaused.value ? 'Resume' : 'Pause'}</span>
      </button>
    </header>
  );
}
