/** Pools as rows: state, figures of the last 10 s, and the shape of the last 5 minutes. */
import { formatMs, formatRate, formatWhole } from '../format.ts';
import type { Cell } from '../history.ts';
import { usePoolLines } from '../live/pool-lines.ts';
import { isStale } from '../live/session.ts';
import type { PoolSort, PoolRow as Row } from '../protocol.ts';
import { poolHref } from '../router.ts';
import { BackendShapes } from './backend-shapes.tsx';
import { SortHeader } from './sort-header.tsx';
import { Sparkline } from './sparkline.tsx';
import { StateMark } from './state-mark.tsx';

/** Columns that the table can be sorted by. */
export const POOL_SORTS: readonly PoolSort[] = ['name', 'state', 'rps', 'errors', 'p99', 'inFlight'];

export function PoolsTable({ pools }: { readonly pools: readonly Row[] }) {
  const lines = usePoolLines(pools.map(({ name }) => name));
  return (
    <table class="table pools" data-stale={isStale.value} data-testid="pools">
      <caption class="hidden">Pools</caption>
      <thead>
        <tr>
          <SortHeader column="name" first="ascending">
            Pool
          </SortHeader>
          <SortHeader column="state" first="ascending">
            State
          </SortHeader>
          <th scope="col">Backends</th>
          <SortHeader column="rps" first="descending" class="n">
            Req/s
          </SortHeader>
          <th scope="col" class="c-spark">
            <span class="hidden">Requests, last </span>5 min
          </th>
          <SortHeader column="errors" first="descending" class="n">
            Errors/s
          </SortHeader>
          <th scope="col" class="n c-three" aria-label="Latency in ms: p50, p95, p99">
            <small>latency, ms</small>
            <span>p50</span>
            <span>p95</span>
            <span>p99</span>
          </th>
          <SortHeader column="inFlight" first="descending" class="n">
            In flight
          </SortHeader>
        </tr>
      </thead>
      <tbody>
        {pools.map((pool) => (
          <PoolRow key={pool.name} pool={pool} line={lines.get(pool.name) ?? []} />
        ))}
      </tbody>
    </table>
  );
}

function PoolRow({ pool, line }: { readonly pool: Row; readonly line: readonly Cell[] }) {
  const { p50, p95, p99 } = pool.latencyMs;
  return (
    <tr class="row" data-row data-testid={`pool-${pool.name}`} data-state={pool.severity} tabIndex={-1}>
      <th scope="row" class="c-name">
        <a class="name" href={poolHref(pool.name)} data-open>
          {pool.name}
        </a>
        <span class="address">{pool.policy}</span>
      </th>
      <td class="c-state">
        <StateMark state={pool.severity} testid={`pool-${pool.name}-state`}>
          {pool.words}
        </StateMark>
        {pool.isPanic ? <span class="bad">panic</span> : null}
      </td>
      <td class="c-shapes" data-label="Backends">
        <BackendShapes states={pool.states} />
      </td>
      <td class="n" data-label="Requests/s">
        {formatRate(pool.rps)}
      </td>
      <td class="c-spark" data-label="Last 5 min">
        <Sparkline values={line} />
      </td>
      <td class="n" data-label="Errors/s">
        <span class={pool.errorsPerSecond > 0 ? 'bad' : undefined}>{formatRate(pool.errorsPerSecond)}</span>
      </td>
      <td class="n c-three" data-label="Latency p50, p95, p99 (ms)">
        <span>{formatMs(p50)}</span>
        <span>{formatMs(p95)}</span>
        <span>{formatMs(p99)}</span>
      </td>
      <td class="n" data-label="In flight">
        {formatWhole(pool.inFlight)}
      </td>
    </tr>
  );
}
