/** The charts of one backend, on one range, one cursor and one set of event markers. */

import { promQl } from '../prom-ql.ts';
import type { HistoryRange } from '../protocol.ts';
import { RANGES } from '../ranges.ts';
import { place } from '../router.ts';
import { backendTopic } from '../topics.ts';
import { Chart } from './chart.tsx';
import { useChartView } from './chart-view.ts';
import { type LineOf, latencyData, linesData } from './plot-data.ts';
import { RangeBar } from './range-bar.tsx';

/** So far back the figures of a backend are kept. */
const LONGEST: HistoryRange = '6h';

const REQUESTS: readonly LineOf[] = [{ column: 'rps', label: 'requests', colour: '--series-1' }];
const ERRORS: readonly LineOf[] = [{ column: 'errors', label: 'errors', colour: '--series-error' }];
const LOAD: readonly LineOf[] = [{ column: 'inFlight', label: 'in flight', colour: '--series-1' }];

interface BackendChartsProps {
  readonly pool: string;
  readonly name: string;
}

export function BackendCharts({ pool, name }: BackendChartsProps) {
  const { source, endAt, seconds, events } = useChartView({
    topic: backendTopic(pool, name),
    subjects: [`${pool}/${name}`, ''],
    longest: LONGEST,
  });
  const { columns } = source;
  const problem = source.problem.value;
  const scope = { pool, backend: name };
  return (
    <section class="charts" aria-labelledby="charts-title">
      <RangeBar title="Traffic" longest={LONGEST} />
      {isLonger(place.value.range) ? <p class="hint">Figures of a backend are kept for 6 hours.</p> : null}
      {problem === null ? null : <p class="empty">The past cannot be read: {problem}</p>}
      <div class="chart-grid">
        <Chart
          title="Requests"
          unit="requests/s"
          testid="chart-traffic"
          query={promQl.requests(scope)}
          data={linesData(columns, endAt, seconds, true, REQUESTS)}
          events={events}
        />
        <Chart
          title="Latency"
          unit="ms"
          testid="chart-latency"
          query={promQl.latency(scope)}
          data={latencyData(columns, endAt, seconds)}
          events={events}
        />
        <Chart
          title="Errors"
          unit="a second"
          testid="chart-errors"
          query={promQl.errors(scope)}
          data={linesData(columns, endAt, seconds, false, ERRORS)}
          events={events}
        />
        <Chart
          title="In flight"
          unit="requests"
          testid="chart-load"
          query={promQl.inFlight(scope)}
          data={linesData(columns, endAt, seconds, false, LOAD)}
          events={events}
        />
      </div>
    </section>
  );
}

/** The range goes along from screen to screen: it may be one that this screen does not offer. */
function isLonger(range: HistoryRange): boolean {
  const names = RANGES.map((each) => each.name);
  return names.indexOf(range) > names.indexOf(LONGEST);
}
