/** How far back the charts of a screen go, kept in the address, and the way to stop the picture. */
import type { ComponentChildren } from 'preact';
import { isPaused, shown, togglePause } from '../live/session.ts';
import { Icon } from '../parts/icon.tsx';
import type { HistoryRange } from '../protocol.ts';
import { DEFAULT_RANGE, RANGES } from '../ranges.ts';
import { place, setOptions } from '../router.ts';
import { backToLive, spanWords, zoom } from './zoom.ts';

interface RangeBarProps {
  readonly title: string;
  /** Longer ones are not kept of this thing; left out, all are. */
  readonly longest?: HistoryRange;
  /** Further buttons, at its end. */
  readonly children?: ComponentChildren;
}

export function RangeBar({ title, longest = '7d', children }: RangeBarProps) {
  const kept = RANGES.slice(0, RANGES.findIndex(({ name }) => name === longest) + 1);
  const span = zoom.value;
  return (
    <header class="section-head">
      <h2 id="charts-title">{title}</h2>
      {span === null ? null : (
        <span class="zoom" data-testid="zoom" role="status">
          <span class="zoom-words">{spanWords(span, shown.value?.atMs ?? 0)}</span>
          <button type="button" class="button" data-testid="back-to-live" onClick={backToLive}>
            Back to live
          </button>
        </span>
      )}
      <fieldset class="segments" data-testid="range">
        <legend class="hidden">Range of the charts</legend>
        {kept.map(({ name, words }) => (
          <button
            key={name}
            type="button"
            aria-pressed={span === null && place.value.range === name}
            onClick={() => followRange(name)}
          >
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
      {children}
    </header>
  );
}

/** A range is of the present: whoever chooses one leaves the time at which the charts stood. */
function followRange(range: HistoryRange): void {
  setOptions({ range: range === DEFAULT_RANGE ? null : range, from: null, to: null });
}
