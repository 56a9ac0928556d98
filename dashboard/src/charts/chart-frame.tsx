/**
 * One picture over time as a figure: heading, picture, legend, a sentence that says the same, and a
 * table on demand. A canvas has no accessibility of its own, so the picture is a slider over time:
 * arrow keys move the cursor, and the reading is its spoken value. The cursor is one for all
 * pictures of the page.
 */
import { signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { formatClock, formatMoment } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { useInView } from '../parts/in-view.ts';
import type { LiveEvent } from '../protocol.ts';
import { themeStamp } from '../shell/theme.ts';
import type { Marker, Picture } from './plot.ts';
import type { Slots } from './plot-data.ts';

/** The moment under the cursor, in all pictures at once, seconds since the epoch; null for the latest. */
export const cursorAt = signal<number | null>(null);

interface ChartFrameProps<Data extends Slots> {
  readonly title: string;
  readonly unit: string;
  readonly testid: string;
  readonly data: Data;
  readonly events: readonly LiveEvent[];
  /** A picture of another shape is made anew; one of the same is drawn with other data. */
  readonly shape: string;
  readonly make: (host: HTMLElement, data: Data, onPoint: (at: number | null) => void) => Picture<Data>;
  /** The slot whose values are told while nothing is pointed at. */
  readonly latestSlot: number;
  readonly readingOf: (slot: number) => string;
  readonly summary: string;
  readonly legend: (slot: number) => ComponentChildren;
  readonly table: () => ComponentChildren;
}

const MARKER_COLOURS = { info: '--muted', good: '--up', warning: '--degraded', bad: '--down' } as const;

export function ChartFrame<Data extends Slots>(props: ChartFrameProps<Data>) {
  const { title, unit, testid, data, events, make, latestSlot, readingOf, summary, legend, table } = props;
  const host = useRef<HTMLDivElement>(null);
  const picture = useRef<Picture<Data> | null>(null);
  const figure = useRef<HTMLElement>(null);
  // A picture that nobody sees is not drawn.
  const isInView = useInView(figure, true);
  const isTable = useSignal(false);
  const titleId = useId();
  const shape = `${themeStamp.value} ${props.shape}`;
  const markers: Marker[] = events.map((event) => ({ at: event.atMs / 1000, colour: MARKER_COLOURS[event.level] }));

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const made = make(element, data, (at) => {
      cursorAt.value = at;
    });
    picture.current = made;
    const observer = new ResizeObserver(() => made.resize(Math.max(100, element.clientWidth)));
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
  });
  useEffect(() => cursorAt.subscribe((at) => picture.current?.point(at)), []);

  const slots = data.at.length;
  const first = data.at[0] ?? 0;
  const { stepSeconds } = data;
  const chosen = cursorAt.value === null ? null : Math.floor((cursorAt.value - first) / stepSeconds);
  const isPointed = chosen !== null && chosen >= 0 && chosen < slots;
  const slot = isPointed ? chosen : latestSlot;
  const slotAt = first + slot * stepSeconds;
  const moveTo = (next: number): void => {
    cursorAt.value = first + Math.min(slots - 1, Math.max(0, next)) * stepSeconds;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.shiftKey ? 10 : 1;
    if (event.key === 'ArrowLeft') moveTo(slot - step);
    else if (event.key === 'ArrowRight') moveTo(slot + step);
    else if (event.key === 'Home') moveTo(0);
    else if (event.key === 'End') moveTo(slots - 1);
    else if (event.key === 'Escape' && cursorAt.value !== null) cursorAt.value = null;
    else return;
    event.preventDefault();
  };
  const reach = Math.max(stepSeconds, (slots * stepSeconds) / 200);
  const near = isPointed ? events.filter((event) => Math.abs(event.atMs / 1000 - slotAt) <= reach) : [];

  return (
    <figure ref={figure} class="chart panel" data-testid={testid} aria-labelledby={titleId}>
      <header class="chart-head">
        <h3 id={titleId}>
          {title} <small>{unit}</small>
        </h3>
        <span class="chart-clock">{isPointed ? formatMoment(slotAt * 1000, stepSeconds) : 'latest'}</span>
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
          aria-valuetext={readingOf(slot)}
          onKeyDown={onKeyDown}
          onBlur={() => {
            cursorAt.value = null;
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
