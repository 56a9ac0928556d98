/**
 * The states of a backend over the last day as a strip: tall and coloured is trouble, short is
 * calm. It is a slider over time for the keyboard, whose reading is spoken, and a table on demand.
 */
import { useSignal } from '@preact/signals';
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { formatClock, formatDay, formatDuration } from '../format.ts';
import { getStates } from '../live/api.ts';
import { shown } from '../live/session.ts';
import { useRead } from '../live/use-read.ts';
import { STATE_WORDS } from '../roll-up.ts';
import { CELLS, cellWords, type Strip, stripOf, stripSummary } from '../state-strip.ts';
import { nowMs } from './age.tsx';
import { Icon } from './icon.tsx';
import { Shape, StateMark } from './state-mark.tsx';

interface StateStripProps {
  readonly pool: string;
  readonly backend: BackendStatus;
}

export function StateStrip({ pool, backend }: StateStripProps) {
  const isTable = useSignal(false);
  const chosen = useSignal<number | null>(null);
  const key = [shown.value?.instance, backend.state, backend.sinceMs, backend.isRemoved].join(' ');
  const { answer, problem } = useRead(() => getStates(pool, backend.name), key);
  const strip = stripOf(answer ?? [], nowMs.value);
  const cell = chosen.value === null ? undefined : strip.cells[chosen.value];
  const reading = cell === undefined ? stripSummary(strip) : cellWords(cell);
  const moveTo = (next: number): void => {
    chosen.value = Math.min(CELLS - 1, Math.max(0, next));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = chosen.value ?? CELLS - 1;
    const step = event.shiftKey ? 10 : 1;
    if (event.key === 'ArrowLeft') moveTo(at - step);
    else if (event.key === 'ArrowRight') moveTo(at + step);
    else if (event.key === 'Home') moveTo(0);
    else if (event.key === 'End') moveTo(CELLS - 1);
    else if (event.key === 'Escape' && chosen.value !== null) chosen.value = null;
    else return;
    event.preventDefault();
  };
  const onPoint = (event: PointerEvent & { readonly currentTarget: HTMLElement }): void => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    moveTo(Math.floor(((event.clientX - left) / width) * CELLS));
  };
  return (
    <section class="panel state-strip" aria-labelledby="strip-title" data-testid="state-strip">
      <header class="strip-head">
        <h2 id="strip-title">
          States <small>of the last {strip.words}</small>
        </h2>
        <button
          type="button"
          class="icon-button"
          aria-pressed={isTable.value}
          aria-label="View the states as a table"
          title="View as table"
          data-testid="strip-as-table"
          onClick={() => {
            isTable.value = !isTable.value;
          }}
        >
          <Icon name="table" />
        </button>
      </header>
      {problem === null ? null : <p class="minor">The states cannot be read: {problem}</p>}
      {isTable.value ? (
        <section class="strip-table" tabIndex={0} aria-label="States as a table">
          <StateTable strip={strip} />
        </section>
      ) : (
        <div
          class="strip-cells"
          role="slider"
          tabIndex={0}
          aria-label="States over time: time of the reading"
          aria-valuemin={0}
          aria-valuemax={CELLS - 1}
          aria-valuenow={chosen.value ?? CELLS - 1}
          aria-valuetext={reading}
          data-testid="strip"
          onKeyDown={onKeyDown}
          onPointerMove={onPoint}
          onPointerDown={onPoint}
          onPointerLeave={() => {
            chosen.value = null;
          }}
          onBlur={() => {
            chosen.value = null;
          }}
        >
          {strip.cells.map(({ fromMs, worst }, index) => (
            <i key={fromMs} data-state={worst ?? 'none'} data-chosen={index === chosen.value} />
          ))}
        </div>
      )}
      <div class="strip-axis" aria-hidden="true">
        <span>{formatClock(strip.cells[0]?.fromMs ?? 0).slice(0, 5)}</span>
        <span>now</span>
      </div>
      <p class="strip-reading" data-testid="strip-reading">
        {reading}
      </p>
      <ul class="legend">
        {strip.totals.map(({ state, ms }) => (
          <li key={state} data-state={state}>
            <Shape of={state} />
            <span class="legend-label">{STATE_WORDS[state]}</span> <b>{formatDuration(ms)}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Newest first. */
function StateTable({ strip }: { readonly strip: Strip }) {
  return (
    <table>
      <caption class="hidden">States, newest first</caption>
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">State</th>
          <th scope="col">For</th>
          <th scope="col">Reason</th>
        </tr>
      </thead>
      <tbody>
        {strip.parts.toReversed().map(({ state, reason, fromMs, toMs }) => (
          <tr key={fromMs}>
            <th scope="row" title={formatDay(fromMs)}>
              {formatClock(fromMs)}
            </th>
            <td>
              <StateMark state={state}>{STATE_WORDS[state]}</StateMark>
            </td>
            <td>{formatDuration(toMs - fromMs)}</td>
            <td>{reason}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
