/** The first screen: in five seconds, what is exposed, where traffic flows, and whether it is well. */
import type { BackendStatus, PoolStatus } from '../../../src/protocol/admin-api.ts';
import { formatMs, formatRate, formatShare, formatWhole, plural } from '../format.ts';
import { type Cell, totalOf } from '../history.ts';
import { isStale, poolHistory } from '../live/session.ts';
import { Age, Countdown } from '../parts/age.tsx';
import { BackendShapes } from '../parts/backend-shapes.tsx';
import { ask } from '../parts/confirm.tsx';
import { NoPools, NoTraffic } from '../parts/empty.tsx';
import { EventItems } from '../parts/event-items.tsx';
import { PoolsTable } from '../parts/pools-table.tsx';
import { Shape, StateMark } from '../parts/state-mark.tsx';
import { Tile } from '../parts/tile.tsx';
import { needsAttention, rollUpPool, type Severity } from '../roll-up.ts';
import { poolHref } from '../router.ts';
import type { Model } from '../store.ts';

const SPARK_SECONDS = 300;
const EVENTS_SHOWN = 10;

export function OverviewScreen({ model }: { readonly model: Model }) {
  const { pools } = model.status;
  const requestCount = pools.reduce((sum, pool) => sum + pool.requests, 0);
  return (
    <main class="screen overview" id="screen" tabIndex={-1}>
      <h1 class="hidden">Overview</h1>
      <Tiles model={model} />
      <Attention pools={pools} />
      <div class="columns">
        <section class="panel" aria-labelledby="pools-title">
          <h2 id="pools-title" class="panel-title">
            Pools
          </h2>
          {pools.length === 0 ? <NoPools /> : <PoolsTable pools={pools} />}
          {pools.length > 0 && requestCount === 0 ? <NoTraffic listeners={model.listeners} /> : null}
          <Listeners model={model} />
        </section>
        <section class="panel" aria-labelledby="events-title">
          <h2 id="events-title" class="panel-title">
            Events <a href="#/events">all events</a>
          </h2>
          {model.events.length === 0 ? (
            <p class="empty">Nothing has happened since the start.</p>
          ) : (
            <EventItems
              events={model.events.slice(-EVENTS_SHOWN).reverse()}
              poolNames={pools.map((pool) => pool.name)}
              testid="latest-events"
            />
          )}
        </section>
      </div>
    </main>
  );
}

function Listeners({ model }: { readonly model: Model }) {
  if (model.listeners.length === 0) return null;
  return (
    <p class="listeners">
      Listening on{' '}
      {model.listeners.map((listener) => (
        <span key={listener.name}>
          <code>{listener.address}</code> <small>{listener.name}</small>{' '}
        </span>
      ))}
    </p>
  );
}

function Tiles({ model }: { readonly model: Model }) {
  const { totals, status, atMs } = model;
  const endAt = Math.floor(atMs / 1000) - 1;
  const rps = totalOf(poolHistory, (columns) => columns.rps, endAt, SPARK_SECONDS);
  const errors = totalOf(poolHistory, (columns) => columns.errorsPerSecond, endAt, SPARK_SECONDS);
  const slowest = slowestPool(status.pools);
  const idle = status.pools.flatMap((pool) => pool.backends).reduce((sum, backend) => sum + backend.idleConnections, 0);
  return (
    <div class="tiles" data-stale={isStale.value}>
      <Tile
        title="Requests"
        unit="/s"
        value={formatRate(totals.rps)}
        values={rps}
        note={`${formatWhole(totals.inFlight)} in flight`}
        testid="tile-requests"
        definition="Requests finished a second, over all pools and workers."
      />
      <Tile
        title="Errors"
        unit="/s"
        value={formatRate(totals.errorsPerSecond)}
        values={errors}
        tone={totals.errorsPerSecond > 0 ? 'bad' : undefined}
        note={`${formatShare(totals.rps > 0 ? Math.min(1, totals.errorsPerSecond / totals.rps) : null)} of requests`}
        testid="tile-errors"
        definition="Requests a second that ended in a failure or in a 5xx."
      />
      <Tile
        title="Latency p50 / p95 / p99"
        unit="ms"
        value={
          slowest === null
            ? '– / – / –'
            : `${formatMs(slowest.latencyMs.p50)} / ${formatMs(slowest.latencyMs.p95)} / ${formatMs(slowest.latencyMs.p99)}`
        }
        values={slowest === null ? [] : latencyColumn(slowest.name, endAt)}
        note={
          slowest === null
            ? 'nothing measured'
            : status.pools.length === 1
              ? slowest.name
              : `slowest pool: ${slowest.name}`
        }
        testid="tile-latency"
        definition="Percentiles of the pool whose p99 is the highest, over the last 10 s. Percentiles of several pools are never averaged."
      />
      <Tile
        title="Client connections"
        value={formatWhole(totals.clientConnections)}
        note={`${formatWhole(totals.upstreamConnections)} to backends, ${formatWhole(idle)} idle`}
        foot={<Meter part={totals.upstreamConnections - idle} whole={totals.upstreamConnections} />}
        testid="tile-connections"
        definition="Open connections from clients, over all workers."
      />
      <PoolsTile pools={status.pools} />
    </div>
  );
}

/** How much of something is in use. */
function Meter({ part, whole }: { readonly part: number; readonly whole: number }) {
  return (
    <svg class="share-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="share-track" width="100" height="6" rx="1" />
      <rect class="share-fill" width={whole > 0 ? (100 * Math.max(0, part)) / whole : 0} height="6" rx="1" />
    </svg>
  );
}

function latencyColumn(pool: string, endAt: number): Cell[] {
  const only = poolHistory.get(pool);
  return only === undefined ? [] : totalOf(new Map([[pool, only]]), (columns) => columns.p99, endAt, SPARK_SECONDS);
}

function slowestPool(pools: readonly PoolStatus[]): PoolStatus | null {
  return pools.reduce<PoolStatus | null>(
    (slowest, pool) => ((pool.latencyMs.p99 ?? -1) > (slowest?.latencyMs.p99 ?? -1) ? pool : slowest),
    null,
  );
}

function PoolsTile({ pools }: { readonly pools: readonly PoolStatus[] }) {
  const rolled = pools.map(rollUpPool);
  const upCount = rolled.reduce((sum, pool) => sum + pool.upCount, 0);
  const count = rolled.reduce((sum, pool) => sum + pool.count, 0);
  const counts = (['up', 'degraded', 'down', 'unchecked'] as const satisfies readonly Severity[])
    .map((severity) => ({ severity, count: rolled.filter((pool) => pool.severity === severity).length }))
    .filter((one) => one.count > 0);
  return (
    <Tile
      title="Pools"
      value={
        <span class="pool-counts">
          {counts.map((one) => (
            <StateMark key={one.severity} state={one.severity}>
              {one.count} <small>{one.severity}</small>
            </StateMark>
          ))}
          {counts.length === 0 ? '0' : null}
        </span>
      }
      note={`${upCount} of ${plural(count, 'backend')} up`}
      foot={<BackendShapes backends={pools.flatMap((pool) => pool.backends)} />}
      testid="tile-pools"
      definition="A pool is as its worst backend: all up, degraded, or down."
    />
  );
}

function Attention({ pools }: { readonly pools: readonly PoolStatus[] }) {
  const items = pools.flatMap((pool) =>
    pool.backends.filter(needsAttention).map((backend) => ({ pool: pool.name, backend })),
  );
  return (
    <section class="attention" aria-label="Needs attention" data-testid="attention" data-count={items.length}>
      {items.length === 0 ? (
        <p class="calm">
          <span class="state" data-state="up">
            <Shape of="up" />
          </span>
          Nothing needs attention.
        </p>
      ) : (
        <>
          <h2>Needs attention</h2>
          <ul>
            {items.slice(0, 8).map(({ pool, backend }) => (
              <AttentionItem key={`${pool}/${backend.name}`} pool={pool} backend={backend} />
            ))}
          </ul>
          {items.length > 8 ? <p>and {items.length - 8} more</p> : null}
        </>
      )}
    </section>
  );
}

function AttentionItem({ pool, backend }: { readonly pool: string; readonly backend: BackendStatus }) {
  return (
    <li>
      <StateMark state={backend.state}>{backend.state}</StateMark>
      <a href={poolHref(pool)}>
        {pool}/{backend.name}
      </a>
      <span class="attention-reason">
        {backend.reason}
        <span class="minor">
          {' '}
          for <Age sinceMs={backend.sinceMs} />, next check <Countdown atMs={backend.nextCheckMs} />
        </span>
      </span>
      <button type="button" class="button" onClick={() => ask('maintenance', pool, backend.name)}>
        Maintenance
      </button>
    </li>
  );
}
