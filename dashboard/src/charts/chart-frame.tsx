/**
 * One picture over time as a figure: heading, picture, legend, a sentence that says the same, and a
 * table on demand. A canvas has no accessibility of its own, so the picture is a slider over time:
 * arrow keys move the cursor, with Shift they select a stretch, Enter zooms into it, and the reading
 * is the spoken value. Cursor and selection are one for all pictures of the page.
 */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { formatClock, formatMoment } from '../format.ts';
import { isStale } from '../live/session.ts';
import { Icon } from '../parts/icon.tsx';
import { useInView } from '../parts/in-view.ts';
import type { LiveEvent } from '../protocol.ts';
import { themeStamp } from '../shell/theme.ts';
import { cursorAt, selection } from './cursor.ts';
import type { Marker, Picture, PictureHooks } from './picture.ts';
import type { Slots } from './plot-data.ts';
import { QueryButton } from './query-button.tsx';
import { backToLive, spanOf, spanWords, zoom, zoomTo } from './zoom.ts';

interface ChartFrameProps<Data extends Slots> {
  readonly title: string;
  readonly unit: string;
  readonly testid: string;
  readonly data: Data;
  readonly events: readonly LiveEvent[];
  /** A picture of another shape is made anew; one of the same is drawn with other data. */
  readonly shape: string;
  readonly make: (host: HTMLElement, data: Data, hooks: PictureHooks) => Picture<Data>;
  /** The slot whose values are told while nothing is pointed at. */
  readonly latestSlot: number;
  readonly readingOf: (slot: number) => string;
  readonly summary: string;
  readonly legend: (slot: number) => ComponentChildren;
  readonly table: () => ComponentChildren;
  /** What it shows, as Prometheus computes it. */
  readonly query: string;
  /** Buttons before those that every chart has. */
  readonly tools?: ComponentChildren;
  /** The one chart of its screen: higher than among others. */
  readonly isTall?: boolean;
}

const MARKER_COLOURS = { info: '--muted', good: '--up', warning: '--degraded', bad: '--down' } as const;
/** Page up and Page down move the cursor by so many steps. */
const FAR = 10;

export function ChartFrame<Data extends Slots>(props: ChartFrameProps<Data>) {
  const { title, unit, testid, data, events, make, latestSlot, readingOf, summary, legend, table } = props;
  const host = useRef<HTMLDivElement>(null);
  const picture = useRef<Picture<Data> | null>(null);
  const figure = useRef<HTMLElement>(null);
  const step = useRef(data.stepSeconds);
  step.current = data.stepSeconds;
  // A picture that nobody sees is not drawn.
  const isInView = useInView(figure, true);
  const isTable = useSignal(false);
  const titleId = useId();
  const shape = `${themeStamp.value} ${props.shape}`;
  const markers: Marker[] = events.map((event) => ({ at: event.atMs / 1000, colour: MARKER_COLOURS[event.level] }));

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const made = make(element, data, {
      onPoint: (at) => {
        cursorAt.value = at;
      },
      onSelect: (next) => {
        selection.value = next;
      },
      onChoose: () => choose(step.current),
    });
    picture.current = made;
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      picture.current = null;
    };
  }, [shape, isTable.value]);
  useEffect(() => {
    if (!isInView) return;
    picture.current?.draw(data, markers);
    picture.current?.point(cursorAt.peek());
    picture.current?.select(selection.peek());
  });
  useEffect(() => cursorAt.subscribe((at) => picture.current?.point(at)), []);
  useEffect(() => selection.subscribe((next) => picture.current?.select(next)), []);

  const slots = data.at.length;
  const first = data.at[0] ?? 0;
  const { stepSeconds } = data;
  /** Null where the moment is not among those that are shown. */
  const slotOf = (at: number | null): number | null => {
    const own = at === null ? -1 : Math.floor((at - first) / stepSeconds);
    return own >= 0 && own < slots ? own : null;
  };
  const pointed = slotOf(cursorAt.value);
  const isPointed = pointed !== null;
  const slot = pointed ?? latestSlot;
  const slotAt = first + slot * stepSeconds;
  const selected = selection.value;
  const nowMs = (data.at.at(-1) ?? 0) * 1000;
  const selectedWords = selected === null ? null : spanWords(spanOf(selected, stepSeconds), nowMs);
  // A key that is held down comes faster than the page is painted: what holds is asked, not what is shown.
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const from = slotOf(cursorAt.peek()) ?? latestSlot;
    const goal = goalOf(event.key, from, slots);
    if (goal !== null) {
      const headAt = first + Math.min(slots - 1, Math.max(0, goal)) * stepSeconds;
      const anchorAt = selection.peek()?.anchorAt ?? first + from * stepSeconds;
      selection.value = event.shiftKey ? { anchorAt, headAt } : null;
      cursorAt.value = headAt;
    } else if (event.key === 'Enter' && selection.peek() !== null) choose(stepSeconds);
    else if (event.key !== 'Escape' || !giveUp()) return;
    event.preventDefault();
  };
  const reach = Math.max(stepSeconds, (slots * stepSeconds) / 200);
  const near = isPointed ? events.filter((event) => Math.abs(event.atMs / 1000 - slotAt) <= reach) : [];

  return (
    <figure
      ref={figure}
      class={props.isTall === true ? 'chart panel chart-tall' : 'chart panel'}
      data-testid={testid}
      data-stale={isStale.value}
      aria-labelledby={titleId}
    >
      <header class="chart-head">
        <h3 id={titleId}>
          {title} <small>{unit}</small>
        </h3>
        <span class="chart-clock">
          {selectedWords ?? (isPointed ? formatMoment(slotAt * 1000, stepSeconds) : 'latest')}
        </span>
        {props.tools}
        <QueryButton title={title} query={props.query} testid={`${testid}-query`} />
        <button
          type="button"
          class="icon-button"
          aria-pressed={isTable.value}
          aria-label={`View ${title} as a table`}
          title="View as table"
          data-testid={`${testid}-as-table`}
          onClick={() => {
            isTable.value = !isTable.value;
          }}
        >
          <Icon name="table" />
        </button>
      </header>
      {isTable.value ? (
        <section class="chart-table" tabIndex={0} aria-label={`${title} as a table`}>
          {table()}
        </section>
      ) : (
        <div
          ref={host}
          class="chart-canvas"
          role="slider"
          tabIndex={0}
          aria-label={`${title}: time of the reading`}
          aria-valuemin={0}
          aria-valuemax={Math.max(1, slots - 1)}
          aria-valuenow={slot}
          aria-valuetext={selectedWords === null ? readingOf(slot) : `${selectedWords} selected, Enter zooms in`}
          onKeyDown={onKeyDown}
          onBlur={() => {
            cursorAt.value = null;
            selection.value = null;
          }}
        />
      )}
      <ul class="legend">{legend(slot)}</ul>
      <figcaption class="chart-summary">
        {near.length === 0
          ? summary
          : near.map((event) => `${formatClock(event.atMs)} ${event.subject} ${event.text}`).join(' · ')}
      </figcaption>
    </figure>
  );
}

/** The slot that a key leads to; null where it leads nowhere. */
function goalOf(key: string, slot: number, slots: number): number | null {
  if (key === 'ArrowLeft') return slot - 1;
  if (key === 'ArrowRight') return slot + 1;
  if (key === 'PageUp') return slot - FAR;
  if (key === 'PageDown') return slot + FAR;
  if (key === 'Home') return 0;
  return key === 'End' ? slots - 1 : null;
}

function choose(stepSeconds: number): void {
  const chosen = selection.peek();
  selection.value = null;
  cursorAt.value = null;
  if (chosen !== null) zoomTo(spanOf(chosen, stepSeconds));
}

/** One thing at a time: the selection, the cursor, the zoom. False where there was nothing to give up. */
function giveUp(): boolean {
  if (selection.peek() !== null) selection.value = null;
  else if (cursorAt.peek() !== null) cursorAt.value = null;
  else if (zoom.peek() !== null) backToLive();
  else return false;
  return true;
}
