/** All pools, one row each: state, traffic, errors, latency and the shape of the last 5 minutes. */
import type { PoolStatus } from '../../../src/protocol/admin-api.ts';
import { formatMs, formatRate, formatWhole } from '../format.ts';
import { type Cell, stretch } from '../history.ts';
import { isStale, poolHistory } from '../live/session.ts';
import { rollUpPool } from '../roll-up.ts';
import { poolHref } from '../router.ts';
import { nowMs } from './age.tsx';
import { BackendShapes } from './backend-shapes.tsx';
import { Sparkline } from './sparkline.tsx';
import { StateMark } from './state-mark.tsx';

const SPARK_SECONDS = 300;

export function PoolsTable({ pools }: { readonly pools: readonly PoolStatus[] }) {
  const endAt = Math.floor(nowMs.value / 1000) - 1;
  return (
    <table class="table pools" data-stale={isStale.value} data-testid="pools">
      <caption class="hidden">Pools</caption>
      <thead>
        <tr>
          <th scope="col">Pool</th>
          <th scope="col">State</th>
          <th scope="col">Backends</th>
          <th scope="col" class="n">
            Req/s
          </th>
          <th scope="col" class="c-spark">
            <span class="hidden">Requests, last </span>5 min
          </th>
          <th scope="col" class="n">
            Errors/s
          </th>
          <th scope="col" class="n c-three" aria-label="Latency in ms: p50, p95, p99">
            <small>latency, ms</small>
            <span>p50</span>
            <span>p95</span>
            <span>p99</span>
          </th>
          <th scope="col" class="n">
            In flight
          </th>
        </tr>
      </thead>
      <tbody>
        {pools.map((pool) => (
          <PoolRow key={pool.name} pool={pool} endAt={endAt} />
        ))}
      </tbody>
    </table>
  );
}

function PoolRow({ pool, endAt }: { readonly pool: PoolStatus; readonly endAt: number }) {
  const { severity, words } = rollUpPool(pool);
  const columns = poolHistory.get(pool.name);
  const rps: readonly Cell[] = columns === undefined ? [] : stretch(columns, endAt, SPARK_SECONDS).cut(columns.rps);
  const errors = columns?.errorsPerSecond.slice(-10) ?? [];
  const errorsPerSecond =
    errors.length === 0 ? null : errors.reduce<number>((sum, value) => sum + (value ?? 0), 0) / errors.length;
  const inFlight = pool.backends.reduce((sum, backend) => sum + backend.inFlight, 0);
  return (
    <tr class="row" data-row data-testid={`pool-${pool.name}`} data-state={severity} tabIndex={-1}>
      <th scope="row" class="c-name">
        <a class="name" href={poolHref(pool.name)} data-open>
          {pool.name}
        </a>
        <span class="address">{pool.policy}</span>
      </th>
      <td class="c-state">
        <StateMark state={severity} testid={`pool-${pool.name}-state`}>
          {words}
        </StateMark>
      </td>
      <td class="c-shapes" data-label="Backends">
        <BackendShapes backends={pool.backends} />
      </td>
      <td class="n" data-label="Requests/s">
        {formatRate(pool.rps)}
      </td>
      <td class="c-spark" data-label="Last 5 min">
        <Sparkline values={rps} />
      </td>
      <td class="n" data-label="Errors/s">
        <span class={errorsPerSecond !== null && errorsPerSecond > 0 ? 'bad' : undefined}>
          {formatRate(errorsPerSecond)}
        </span>
      </td>
      <td class="n c-three" data-label="Latency p50, p95, p99 (ms)">
        <span>{formatMs(pool.latencyMs.p50)}</span>
        <span>{formatMs(pool.latencyMs.p95)}</span>
        <span>{formatMs(pool.latencyMs.p99)}</span>
      </td>
      <td class="n" data-label="In flight">
        {formatWhole(inFlight)}
      </td>
    </tr>
  );
}
