/**
 * One chart as a figure: picture, legend with the values under the cursor, a sentence that says the
 * same, and a table on demand. A canvas has no accessibility of its own, so the picture is a slider
 * over time: arrow keys move the cursor, and the reading is its spoken value.
 */
import { signal, useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { LiveEvent } from '../../../src/protocol/dashboard.ts';
import { formatClock, formatMs, formatRate } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { themeStamp } from '../shell/theme.ts';
import { makePlot, type Plot } from './plot.ts';
import { drawnValues, type PlotData, readingOf, summaryOf, tableOf } from './plot-data.ts';

/** The second under the cursor, in all charts at once; null for the latest. */
export const cursorAt = signal<number | null>(null);

interface ChartProps {
  readonly title: string;
  /** `requests/s`, `ms`. */
  readonly unit: string;
  readonly testid: string;
  readonly data: PlotData;
  readonly events: readonly LiveEvent[];
}

const MARKER_COLOURS = { info: '--muted', good: '--up', warning: '--degraded', bad: '--down' } as const;

export function Chart({ title, unit, testid, data, events }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const isTable = useSignal(false);
  const titleId = useId();
  const stamp = themeStamp.value;
  const shape = `${stamp} ${data.lines.map((line) => line.label).join('\u0000')}`;
  const markers = events.map((event) => ({ at: event.atMs / 1000, colour: MARKER_COLOURS[event.level] }));

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const made = makePlot(element, data, (at) => {
      cursorAt.value = at;
    });
    plot.current = made;
    const observer = new ResizeObserver(() => made.resize(Math.max(100, element.clientWidth)));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, isTable.value]);
  useEffect(() => {
    plot.current?.draw(data, markers);
    plot.current?.point(cursorAt.peek());
  });
  useEffect(() => cursorAt.subscribe((at) => plot.current?.point(at)), []);

  const slots = data.at.length;
  const first = data.at[0] ?? 0;
  const chosen = cursorAt.value === null ? null : Math.round(cursorAt.value) - first;
  const isPointed = chosen !== null && chosen >= 0 && chosen < slots;
  const slot = isPointed ? chosen : lastKnown(data);
  const moveTo = (next: number): void => {
    cursorAt.value = first + Math.min(slots - 1, Math.max(0, next));
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
  const format = unit === 'ms' ? formatMs : formatRate;
  const total = data.isStacked && data.lines.length > 1 ? (drawnValues(data).at(-1)?.[slot] ?? null) : undefined;
  const near = isPointed ? events.filter((event) => Math.abs(event.atMs / 1000 - (first + slot)) <= slots / 200) : [];

  return (
    <figure class="chart panel" data-testid={testid} aria-labelledby={titleId}>
      <header class="chart-head">
        <h3 id={titleId}>
          {title} <small>{unit}</small>
        </h3>
        <span class="chart-clock">{isPointed ? formatClock((first + slot) * 1000) : 'latest'}</span>
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
        <ChartTable title={title} unit={unit} data={data} />
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
          aria-valuetext={readingOf(data, slot, unit)}
          onKeyDown={onKeyDown}
          onBlur={() => {
            cursorAt.value = null;
          }}
        />
      )}
      <ul class="legend">
        {total === undefined ? null : (
          <li>
            <span class="legend-label">total</span> <b>{format(total)}</b>
          </li>
        )}
        {data.lines.map((line) => (
          <li key={line.label}>
            <Swatch dash={line.dash} colour={line.colour} />
            <span class="legend-label">{line.label}</span> <b>{format(line.values[slot] ?? null)}</b>
          </li>
        ))}
      </ul>
      <figcaption class="chart-summary">
        {near.length === 0
          ? summaryOf(data, unit)
          : near.map((event) => `${formatClock(event.atMs)} ${event.subject} ${event.text}`).join(' · ')}
      </figcaption>
    </figure>
  );
}

function Swatch({ colour, dash }: { readonly colour: string; readonly dash: readonly number[] }) {
  return (
    <svg class="swatch" viewBox="0 0 16 8" width="16" height="8" aria-hidden="true" style={{ color: `var(${colour})` }}>
      <path
        d="M0 4H16"
        stroke="currentColor"
        stroke-width={dash.length === 0 ? 4 : 2.5}
        stroke-dasharray={dash.join(' ')}
      />
    </svg>
  );
}

/** The last second that holds a value, or the last one of all. */
function lastKnown(data: PlotData): number {
  const slots = data.at.length;
  for (let slot = slots - 1; slot >= Math.max(0, slots - 10); slot -= 1) {
    if (data.lines.some((line) => line.values[slot] != null)) return slot;
  }
  return Math.max(0, slots - 1);
}

/** At most 60 rows: every second, or every so many. */
function ChartTable({ title, unit, data }: { readonly title: string; readonly unit: string; readonly data: PlotData }) {
  const everySeconds = Math.max(1, Math.ceil(data.at.length / 60));
  const rows = tableOf(data, unit, everySeconds);
  const note = everySeconds === 1 ? 'every second' : `one second in ${everySeconds}`;
  return (
    <section class="chart-table" tabIndex={0} aria-label={`${title} as a table`}>
      <table>
        <caption>
          {title}, {unit}, {note}, newest first
        </caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {data.lines.map((line) => (
              <th scope="col" key={line.label}>
                {line.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.clock}>
              <th scope="row">{row.clock}</th>
              {row.cells.map((cell, index) => (
                <td key={data.lines[index]?.label}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
