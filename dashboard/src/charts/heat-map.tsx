/** Latencies over time as a heat map: the darker a cell, the more requests took that long. */
import { formatMoment } from '../format.ts';
import type { LiveEvent } from '../protocol.ts';
import { ChartFrame } from './chart-frame.tsx';
import { type HeatData, heatReading, heatSummary, lastBusy, stepInWords } from './heat-data.ts';
import { makeHeatPlot } from './heat-plot.ts';
import { stepWords } from './plot-data.ts';

interface HeatMapProps {
  readonly title: string;
  readonly testid: string;
  /** See `prom-ql.ts`. */
  readonly query: string;
  readonly data: HeatData;
  readonly events: readonly LiveEvent[];
  /** The one chart of its screen: higher than among others. */
  readonly isTall?: boolean;
}

export function HeatMap({ title, testid, query, data, events, isTall = false }: HeatMapProps) {
  return (
    <ChartFrame
      title={title}
      unit="ms"
      testid={testid}
      query={query}
      data={data}
      events={events}
      shape={`heat ${data.edgesMs.length}`}
      make={makeHeatPlot}
      isTall={isTall}
      latestSlot={lastBusy(data)}
      readingOf={(slot) => heatReading(data, slot)}
      summary={heatSummary(data)}
      legend={(slot) => (
        <li>
          <span class="legend-label">{stepInWords(data, slot)}</span>
        </li>
      )}
      table={() => <HeatTable title={title} data={data} />}
    />
  );
}

function HeatTable({ title, data }: { readonly title: string; readonly data: HeatData }) {
  const everySlots = Math.max(1, Math.ceil(data.at.length / 60));
  const slots = data.at.map((_, slot) => slot).filter((slot) => (data.at.length - 1 - slot) % everySlots === 0);
  return (
    <table>
      <caption>
        {title}, one {stepWords(data.stepSeconds)} a row, newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Requests by latency</th>
        </tr>
      </thead>
      <tbody>
        {slots.reverse().map((slot) => (
          <tr key={slot}>
            <th scope="row">{formatMoment((data.at[slot] ?? 0) * 1000, data.stepSeconds)}</th>
            <td>{stepInWords(data, slot)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
