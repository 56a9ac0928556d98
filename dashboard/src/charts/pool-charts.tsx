/** The charts of a pool, on one range, one cursor and one set of event markers. */
import { useEffect } from 'preact/hooks';
import { promQl } from '../prom-ql.ts';
import { poolTopic } from '../topics.ts';
import { Chart } from './chart.tsx';
import { useChartView } from './chart-view.ts';
import { heatData } from './heat-data.ts';
import { HeatMap } from './heat-map.tsx';
import { errorData, latencyData, loadData, trafficData } from './plot-data.ts';
import { RangeBar } from './range-bar.tsx';

interface PoolChartsProps {
  readonly pool: string;
  readonly backendCount: number;
}

export function PoolCharts({ pool, backendCount }: PoolChartsProps) {
  const { source, endAt, seconds, events } = useChartView({
    topic: poolTopic(pool),
    subjects: [pool, ''],
    hasBands: true,
  });
  const { columns } = source;
  source.isChoice = backendCount > (columns?.backends?.size ?? backendCount);
  // A backend that has come or gone: who is drawn is asked again.
  useEffect(() => {
    if (source.columns !== null) source.reload();
  }, [source, backendCount]);
  const problem = source.problem.value;
  return (
    <section class="charts" aria-labelledby="charts-title">
      <RangeBar title="Traffic" />
      {problem === null ? null : <p class="empty">The past cannot be read: {problem}</p>}
      <div class="chart-grid">
        <Chart
          title="Requests by backend"
          unit="requests/s"
          testid="chart-traffic"
          query={promQl.requestsByBackend({ pool })}
          data={trafficData(columns, endAt, seconds, backendCount)}
          events={events}
        />
        <Chart
          title="Latency"
          unit="ms"
          testid="chart-latency"
          query={promQl.latency({ pool })}
          data={latencyData(columns, endAt, seconds)}
          events={events}
        />
        <Chart
          title="Errors and retries"
          unit="a second"
          testid="chart-errors"
          query={promQl.errorsAndRetries({ pool })}
          data={errorData(columns, endAt, seconds)}
          events={events}
        />
        <HeatMap
          title="Latency heat map"
          testid="chart-heat"
          query={promQl.latencies({ pool })}
          data={heatData(columns, endAt, seconds)}
          events={events}
        />
        <Chart
          title="Load"
          unit="now"
          testid="chart-load"
          query={promQl.load({ pool })}
          data={loadData(columns, endAt, seconds)}
          events={events}
        />
      </div>
    </section>
  );
}
