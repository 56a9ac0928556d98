/** The charts of a pool, on one range, one cursor and one set of event markers. */
import { useEffect, useMemo } from 'preact/hooks';
import { useChartSource } from '../live/chart-source.ts';
import { useEventList } from '../live/event-list.ts';
import { shown } from '../live/session.ts';
import { secondsOf } from '../ranges.ts';
import { place } from '../router.ts';
import { poolTopic } from '../topics.ts';
import { Chart } from './chart.tsx';
import { heatData } from './heat-data.ts';
import { HeatMap } from './heat-map.tsx';
import { errorData, latencyData, loadData, trafficData } from './plot-data.ts';
import { RangeBar } from './range-bar.tsx';

/** More markers than this hide the lines. */
const MARKERS_AT_MOST = 100;

interface PoolChartsProps {
  readonly pool: string;
  readonly backendCount: number;
}

export function PoolCharts({ pool, backendCount }: PoolChartsProps) {
  const { range } = place.value;
  const seconds = secondsOf(range);
  const source = useChartSource(poolTopic(pool), range, true);
  const { columns } = source;
  source.isChoice = backendCount > (columns?.backends?.size ?? backendCount);
  // A backend that has come or gone: who is drawn is asked again.
  useEffect(() => {
    if (source.columns !== null) source.reload();
  }, [source, backendCount]);
  const endAt = shown.value?.second ?? 0;
  const since = useMemo(() => (endAt - seconds) * 1000, [pool, range, endAt === 0]);
  const query = { subjects: [pool, ''], since, limit: MARKERS_AT_MOST };
  const events = useEventList(query, true).events ?? [];
  const inRange = events.filter((event) => event.atMs >= (endAt - seconds) * 1000 && event.atMs <= (endAt + 1) * 1000);
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
          data={trafficData(columns, endAt, seconds, backendCount)}
          events={inRange}
        />
        <Chart
          title="Latency"
          unit="ms"
          testid="chart-latency"
          data={latencyData(columns, endAt, seconds)}
          events={inRange}
        />
        <Chart
          title="Errors and retries"
          unit="a second"
          testid="chart-errors"
          data={errorData(columns, endAt, seconds)}
          events={inRange}
        />
        <HeatMap
          title="Latency heat map"
          testid="chart-heat"
          data={heatData(columns, endAt, seconds)}
          events={inRange}
        />
        <Chart title="Load" unit="now" testid="chart-load" data={loadData(columns, endAt, seconds)} events={inRange} />
      </div>
    </section>
  );
}
