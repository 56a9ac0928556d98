/** The three charts of a pool, on one range, one cursor and one set of event markers. */
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { LiveEvent } from '../../../src/protocol/dashboard.ts';
import { isPaused, poolHistory, togglePause } from '../live/session.ts';
import { nowMs } from '../parts/age.tsx';
import { Icon } from '../parts/icon.tsx';
import { Chart } from './chart.tsx';
import { errorData, latencyData, namedBackends, trafficData } from './plot-data.ts';

const RANGES = [1, 5, 15] as const;
/** How long the same backends are drawn by name where there are too many for all. */
const NAMED_FOR_SECONDS = 60;

interface PoolChartsProps {
  readonly pool: string;
  readonly events: readonly LiveEvent[];
}

export function PoolCharts({ pool, events }: PoolChartsProps) {
  const minutes = useSignal<(typeof RANGES)[number]>(5);
  const seconds = minutes.value * 60;
  const columns = poolHistory.get(pool);
  // The charts end with the newest second that is known, but follow the clock through a gap.
  const endAt = Math.max(columns?.at.at(-1) ?? 0, Math.floor(nowMs.value / 1000) - 1);
  const beginMs = (endAt - seconds) * 1000;
  const choice = `${seconds} ${columns?.backendRps.size ?? 0} ${Math.floor(endAt / NAMED_FOR_SECONDS)}`;
  const named = useMemo(() => namedBackends(columns, endAt, seconds), [columns, choice]);
  const inRange = events.filter((event) => event.atMs >= beginMs && event.atMs <= (endAt + 1) * 1000);
  return (
    <section class="charts" aria-labelledby="charts-title">
      <header class="section-head">
        <h2 id="charts-title">Traffic</h2>
        <fieldset class="segments" data-testid="range">
          <legend class="hidden">Range of the charts</legend>
          {RANGES.map((range) => (
            <button
              key={range}
              type="button"
              aria-pressed={minutes.value === range}
              onClick={() => {
                minutes.value = range;
              }}
            >
              {range} min
            </button>
          ))}
        </fieldset>
        <button
          type="button"
          class="button pause-button"
          data-testid="pause"
          aria-pressed={isPaused.value}
          onClick={togglePause}
        >
          <Icon name={isPaused.value ? 'play' : 'pause'} />
          <span class="button-word">{isPaused.value ? 'Resume' : 'Pause'}</span>
        </button>
      </header>
      <div class="chart-grid">
        <Chart
          title="Requests by backend"
          unit="requests/s"
          testid="chart-traffic"
          data={trafficData(columns, endAt, seconds, named)}
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
          title="Errors"
          unit="errors/s"
          testid="chart-errors"
          data={errorData(columns, endAt, seconds)}
          events={inRange}
        />
      </div>
    </section>
  );
}
