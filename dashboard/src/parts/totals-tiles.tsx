/**
 * The figures of the whole, a tile each: the last 10 s, against 5 minutes ago. What is compared
 * was measured in the same way, over 10 s: percentiles are never averaged, nor are their lines.
 */
import type { TotalsChart } from '../charts/totals-charts.tsx';
import { formatMs, formatRate, formatShare, formatWhole } from '../format.ts';
import { type Cell, type Columns, stretch } from '../history.ts';
import { useChartSource } from '../live/chart-source.ts';
import { isStale, shown } from '../live/session.ts';
import type { HistoryColumn, Severity, TotalsFields } from '../protocol.ts';
import { ofBackends } from '../roll-up.ts';
import { sinceThen } from '../since-then.ts';
import { TOTALS } from '../topics.ts';
import { BackendShapes } from './backend-shapes.tsx';
import { peaks } from './sparkline.tsx';
import { StateMark } from './state-mark.tsx';
import { Tile } from './tile.tsx';

const SPARK_SECONDS = 300;
const SPARK_POINTS = 60;
const SEVERITIES = ['up', 'degraded', 'down', 'unchecked'] as const satisfies readonly Severity[];

interface TotalsTilesProps {
  readonly totals: TotalsFields;
  readonly chart: TotalsChart | null;
  readonly onChart: (chart: TotalsChart) => void;
}

export function TotalsTiles({ totals, chart, onChart }: TotalsTilesProps) {
  const second = shown.value?.second ?? 0;
  const { columns } = useChartSource(TOTALS, '5m');
  // Of an hour the steps are of 10 s, as the figures are.
  const { columns: steps } = useChartSource(TOTALS, '1h');
  const { pick } = stretch(columns, second, SPARK_SECONDS);
  const line = (name: HistoryColumn): Cell[] => pick(columns?.columns.get(name));
  const then = (name: HistoryColumn): Cell => valueAt(steps, name, second - SPARK_SECONDS);
  const toggle = (own: TotalsChart) => ({ isOpen: chart === own, onToggle: () => onChart(own) });
  const { p50, p95, p99 } = totals.latencyMs;
  const { upstreamConnections: open, idleConnections: idle } = totals;
  const errorShare = shareOf(totals.errorsPerSecond, totals.rps);
  const errorShareThen = shareOf(then('errors'), then('rps'));
  return (
    <div class="tiles" data-stale={isStale.value}>
      <Tile
        title="Requests"
        unit="/s"
        value={formatRate(totals.rps)}
        values={line('rps')}
        note={`${formatWhole(totals.inFlight)} in flight${totals.queued > 0 ? `, ${formatWhole(totals.queued)} queued` : ''}`}
        change={sinceThen(totals.rps, then('rps'))}
        then={`${formatRate(then('rps'))}/s 5 minutes ago`}
        testid="tile-requests"
        definition="Requests finished a second over the last 10 s, over all pools and workers. ballast_requests_total"
        {...toggle('requests')}
      />
      <Tile
        title="Errors"
        value={formatShare(errorShare)}
        values={line('errors')}
        tone={totals.errorsPerSecond > 0 ? 'bad' : undefined}
        note={`${formatRate(totals.errorsPerSecond)}/s`}
        change={sinceThen(errorShare, errorShareThen)}
        then={`${formatShare(errorShareThen)} 5 minutes ago`}
        testid="tile-errors"
        definition="Of the requests of the last 10 s, those that ended in a failure or in a 5xx. The line is errors a second. ballast_errors_total"
        {...toggle('errors')}
      />
      <Tile
        title="Latency p50 / p95 / p99"
        unit="ms"
        value={`${formatMs(p50)} / ${formatMs(p95)} / ${formatMs(p99)}`}
        values={peaks(line('p99'), SPARK_POINTS)}
        note={latencyNote(totals)}
        change={sinceThen(p99, then('p99'))}
        then={`p99 ${formatMs(then('p99'))} ms 5 minutes ago`}
        testid="tile-latency"
        definition="Percentiles of all requests of the last 10 s, over all pools and workers: measured together, never averaged. Line and change are of p99. ballast_request_duration_seconds"
        {...toggle('latency')}
      />
      <Tile
        title="Client connections"
        value={formatWhole(totals.clientConnections)}
        values={line('clientConnections')}
        note={`${formatWhole(open)} to backends, ${formatWhole(idle)} idle`}
        change={sinceThen(totals.clientConnections, then('clientConnections'))}
        then={`${formatRate(then('clientConnections'))} 5 minutes ago`}
        testid="tile-connections"
        definition="Open connections from clients, over all workers. ballast_worker_client_connections"
        {...toggle('connections')}
      />
      <PoolsTile totals={totals} />
    </div>
  );
}

/** Of the step that a second belongs to; null where that is not known. */
function valueAt(columns: Columns | null, name: HistoryColumn, second: number): Cell {
  const index = columns?.at.findLastIndex((at) => at <= second) ?? -1;
  if (columns === null || index === -1 || second - (columns.at[index] ?? 0) >= columns.stepSeconds) return null;
  return columns.columns.get(name)?.[index] ?? null;
}

const shareOf = (part: Cell, whole: Cell): Cell =>
  part === null || whole === null || whole === 0 ? null : Math.min(1, part / whole);

function latencyNote({ slowestPool, poolCount }: TotalsFields): string {
  if (slowestPool === null) return 'nothing measured';
  return poolCount === 1 ? slowestPool : `slowest: ${slowestPool}`;
}

function PoolsTile({ totals }: { readonly totals: TotalsFields }) {
  const counts = SEVERITIES.filter((severity) => totals.pools[severity] > 0);
  return (
    <Tile
      title="Pools"
      href="#/pools?sort=state"
      value={
        <span class="pool-counts">
          {counts.map((severity) => (
            <StateMark key={severity} state={severity}>
              {totals.pools[severity]} <small>{severity}</small>
            </StateMark>
          ))}
          {counts.length === 0 ? '0' : null}
        </span>
      }
      note={`${ofBackends(totals.upCount, totals.count)} up`}
      foot={<BackendShapes states={totals.states} />}
      testid="tile-pools"
      definition="A pool is as its worst backend: all up, degraded, or down."
    />
  );
}
