/** Lines over time, one upon the other or side by side. */
import type { LiveEvent } from '../protocol.ts';
import { ChartFrame } from './chart-frame.tsx';
import { makeLogPlot, makePlot } from './plot.ts';
import {
  drawnValues,
  formatValue,
  lastKnown,
  type PlotData,
  readingOf,
  stepWords,
  summaryOf,
  tableOf,
} from './plot-data.ts';
import { isLogScale, ScaleButton } from './scale-button.tsx';
import { zoom } from './zoom.ts';

interface ChartProps {
  readonly title: string;
  /** `requests/s`, `ms`. */
  readonly unit: string;
  readonly testid: string;
  /** See `prom-ql.ts`. */
  readonly query: string;
  readonly data: PlotData;
  readonly events: readonly LiveEvent[];
  /** The one chart of its screen: higher than among others. */
  readonly isTall?: boolean;
}

export function Chart({ title, unit, testid, query, data, events, isTall = false }: ChartProps) {
  // Latencies lie far apart; counts start at nothing, and parts of a whole have no logarithm.
  const canBeLog = unit === 'ms' && !data.isStacked;
  const isLog = canBeLog && isLogScale.value;
  const totals = data.isStacked && data.lines.length > 1 ? drawnValues(data).at(-1) : undefined;
  return (
    <ChartFrame
      title={title}
      unit={unit}
      testid={testid}
      query={query}
      data={data}
      events={events}
      shape={[isLog ? 'log' : 'linear', ...data.lines.map((line) => line.label)].join('\u0000')}
      make={isLog ? makeLogPlot : makePlot}
      isTall={isTall}
      tools={canBeLog ? <ScaleButton title={title} testid={`${testid}-log`} /> : null}
      latestSlot={lastKnown(data)}
      readingOf={(slot) => readingOf(data, slot, unit)}
      summary={summaryOf(data, unit, zoom.value === null ? 'now' : 'last')}
      legend={(slot) => (
        <>
          {totals === undefined ? null : (
            <li>
              <span class="legend-label">total</span> <b>{formatValue(totals[slot] ?? null, unit)}</b>
            </li>
          )}
          {data.lines.map((line) => (
            <li key={line.label}>
              <Swatch dash={line.dash} colour={line.colour} />
              <span class="legend-label">{line.label}</span> <b>{formatValue(line.values[slot] ?? null, unit)}</b>
            </li>
          ))}
        </>
      )}
      table={() => <ChartTable title={title} unit={unit} data={data} />}
    />
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

/** At most 60 rows: every step, or every so many. */
function ChartTable({ title, unit, data }: { readonly title: string; readonly unit: string; readonly data: PlotData }) {
  const everySlots = Math.max(1, Math.ceil(data.at.length / 60));
  const rows = tableOf(data, unit, everySlots);
  const step = stepWords(data.stepSeconds);
  const note = everySlots === 1 ? `every ${step}` : `one ${step} in ${everySlots}`;
  return (
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
  );
}
