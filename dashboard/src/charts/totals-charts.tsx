/** What a tile of the overview opens: the charts of its figure over all pools, on the whole width. */
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { promQl } from '../prom-ql.ts';
import { TOTALS } from '../topics.ts';
import { Chart } from './chart.tsx';
import { type ChartView, useChartView } from './chart-view.ts';
import { heatData } from './heat-data.ts';
import { HeatMap } from './heat-map.tsx';
import { errorData, type LineOf, latencyData, linesData } from './plot-data.ts';
import { RangeBar } from './range-bar.tsx';

export const TOTALS_CHARTS = ['requests', 'errors', 'latency', 'connections'] as const;
export type TotalsChart = (typeof TOTALS_CHARTS)[number];

const TITLES: Readonly<Record<TotalsChart, string>> = {
  requests: 'Requests',
  errors: 'Errors',
  latency: 'Latency',
  connections: 'Connections',
};

const REQUESTS: readonly LineOf[] = [{ column: 'rps', label: 'all pools', colour: '--series-1' }];
const LOAD: readonly LineOf[] = [
  { column: 'queued', label: 'queued', colour: '--series-error', dash: [4, 2] },
  { column: 'inFlight', label: 'in flight', colour: '--series-1' },
];
const CONNECTIONS: readonly LineOf[] = [
  { column: 'connections', label: 'to backends', colour: '--series-rest', dash: [4, 2] },
  { column: 'clientConnections', label: 'of clients', colour: '--series-1' },
];

interface TotalsChartsProps {
  readonly chart: TotalsChart;
  readonly onClose: () => void;
}

export function TotalsCharts({ chart, onClose }: TotalsChartsProps) {
  const section = useRef<HTMLElement>(null);
  const view = useChartView({ topic: TOTALS, hasBands: chart === 'latency' });
  const problem = view.source.problem.value;
  // On a narrow page the tile that was touched may be far above it.
  useEffect(() => section.current?.scrollIntoView({ block: 'nearest' }), [chart]);
  return (
    <section
      ref={section}
      id="big-chart"
      class="charts big-charts"
      aria-labelledby="charts-title"
      data-testid="big-chart"
    >
      <RangeBar title={`${TITLES[chart]} over all pools`}>
        <button type="button" class="icon-button" aria-label="Close the charts" title="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </RangeBar>
      {problem === null ? null : <p class="empty">The past cannot be read: {problem}</p>}
      <div class="chart-grid">{chartsOf(chart, view)}</div>
    </section>
  );
}

function chartsOf(chart: TotalsChart, { source: { columns }, endAt, seconds, events }: ChartView) {
  const common = { events, isTall: true };
  const lines = (of: readonly LineOf[], isStacked: boolean) => linesData(columns, endAt, seconds, isStacked, of);
  switch (chart) {
    case 'requests':
      return (
        <>
          <Chart
            {...common}
            title="Requests"
            unit="requests/s"
            testid="big-requests"
            query={promQl.requests({})}
            data={lines(REQUESTS, true)}
          />
          <Chart
            {...common}
            title="Under way"
            unit="now"
            testid="big-load"
            query={promQl.load({})}
            data={lines(LOAD, false)}
          />
        </>
      );
    case 'errors':
      return (
        <Chart
          {...common}
          title="Errors and retries"
          unit="a second"
          testid="big-errors"
          query={promQl.errorsAndRetries({})}
          data={errorData(columns, endAt, seconds)}
        />
      );
    case 'latency':
      return (
        <>
          <Chart
            {...common}
            title="Latency"
            unit="ms"
            testid="big-latency"
            query={promQl.latency({})}
            data={latencyData(columns, endAt, seconds)}
          />
          <HeatMap
            {...common}
            title="Latency heat map"
            testid="big-heat"
            query={promQl.latencies({})}
            data={heatData(columns, endAt, seconds)}
          />
        </>
      );
    case 'connections':
      return (
        <Chart
          {...common}
          title="Connections"
          unit="open"
          testid="big-connections"
          query={promQl.connections()}
          data={lines(CONNECTIONS, false)}
        />
      );
  }
}
