/** The first screen: in five seconds, what is exposed, where traffic flows, and whether it is well. */
import { useSignal } from '@preact/signals';
import { formatMs, formatRate, formatShare, formatWhole } from '../format.ts';
import { type Cell, stretch } from '../history.ts';
import { useChartSource } from '../live/chart-source.ts';
import { isStale, shown } from '../live/session.ts';
import { useTopic } from '../live/use-topic.ts';
import { Age, Countdown } from '../parts/age.tsx';
import { BackendShapes } from '../parts/backend-shapes.tsx';
import { ask } from '../parts/confirm.tsx';
import { NoPools, NoTraffic } from '../parts/empty.tsx';
import { EventItems } from '../parts/event-items.tsx';
import { Pager } from '../parts/pager.tsx';
import { POOL_SORTS, PoolsTable } from '../parts/pools-table.tsx';
import { readSort } from '../parts/sort-header.tsx';
import { Shape, StateMark } from '../parts/state-mark.tsx';
import { Tile } from '../parts/tile.tsx';
import type { AttentionRow, HistoryColumn, Severity, SystemFields, TotalsFields } from '../protocol.ts';
import { ofBackends } from '../roll-up.ts';
import { backendHref, place } from '../router.ts';
import { ATTENTION, EVENTS, poolsTopic, SYSTEM, TOTALS } from '../topics.ts';

const SPARK_SECONDS = 300;
const EVENTS_SHOWN = 10;

export function OverviewScreen() {
  const totals = useTopic(TOTALS)?.fields;
  const system = useTopic(SYSTEM)?.fields;
  const events = useTopic(EVENTS)?.fields.events ?? [];
  return (
    <main class="screen overview" id="screen" tabIndex={-1} aria-busy={totals === undefined}>
      <h1 class="hidden">Overview</h1>
      {totals === undefined ? null : <Tiles totals={totals} />}
      <Attention />
      <div class="columns">
        <Pools totals={totals} system={system} />
        <section class="panel" aria-labelledby="events-title">
          <h2 id="events-title" class="panel-title">
            Events <a href="#/events">all events</a>
          </h2>
          {events.length === 0 ? (
            <p class="empty">Nothing has happened since the start.</p>
          ) : (
            <EventItems events={events.slice(-EVENTS_SHOWN).reverse()} testid="latest-events" />
          )}
        </section>
      </div>
    </main>
  );
}

interface PoolsProps {
  readonly totals: TotalsFields | undefined;
  readonly system: SystemFields | undefined;
}

function Pools({ totals, system }: PoolsProps) {
  const offset = useSignal(0);
  const pools = useTopic(poolsTopic({ offset: offset.value, sort: readSort(place.value.sort, POOL_SORTS) }));
  const listeners = system?.listeners ?? [];
  return (
    <section class="panel" aria-labelledby="pools-title">
      <h2 id="pools-title" class="panel-title">
        Pools
      </h2>
      {totals?.poolCount === 0 ? <NoPools /> : null}
      {pools == null || pools.fields.matchingCount === 0 ? null : (
        <>
          <PoolsTable pools={pools.rows ?? []} />
          <Pager
            noun="pool"
            count={pools.fields.matchingCount}
            offset={pools.fields.offset}
            onPage={(next) => {
              offset.value = next;
            }}
          />
        </>
      )}
      {totals !== undefined && totals.poolCount > 0 && totals.requests === 0 ? (
        <NoTraffic listeners={listeners} />
      ) : null}
      {listeners.length === 0 ? null : (
        <p class="listeners">
          Listening on{' '}
          {listeners.map((listener) => (
            <span key={listener.name}>
              <code>{listener.address}</code> <small>{listener.name}</small>{' '}
            </span>
          ))}
        </p>
      )}
    </section>
  );
}

function Tiles({ totals }: { readonly totals: TotalsFields }) {
  const { columns } = useChartSource(TOTALS, '5m');
  const { pick } = stretch(columns, shown.value?.second ?? 0, SPARK_SECONDS);
  const line = (name: HistoryColumn): Cell[] => pick(columns?.columns.get(name));
  const { p50, p95, p99 } = totals.latencyMs;
  const { upstreamConnections: open, idleConnections: idle } = totals;
  return (
    <div class="tiles" data-stale={isStale.value}>
      <Tile
        title="Requests"
        unit="/s"
        value={formatRate(totals.rps)}
        values={line('rps')}
        note={`${formatWhole(totals.inFlight)} in flight${totals.queued > 0 ? `, ${formatWhole(totals.queued)} queued` : ''}`}
        testid="tile-requests"
        definition="Requests finished a second over the last 10 s, over all pools and workers."
      />
      <Tile
        title="Errors"
        unit="/s"
        value={formatRate(totals.errorsPerSecond)}
        values={line('errors')}
        tone={totals.errorsPerSecond > 0 ? 'bad' : undefined}
        note={`${formatShare(totals.rps > 0 ? Math.min(1, totals.errorsPerSecond / totals.rps) : null)} of requests`}
        testid="tile-errors"
        definition="Requests a second over the last 10 s that ended in a failure or in a 5xx."
      />
      <Tile
        title="Latency p50 / p95 / p99"
        unit="ms"
        value={`${formatMs(p50)} / ${formatMs(p95)} / ${formatMs(p99)}`}
        values={line('p99')}
        note={latencyNote(totals)}
        testid="tile-latency"
        definition="Percentiles of all requests of the last 10 s, over all pools and workers: measured together, never averaged."
      />
      <Tile
        title="Client connections"
        value={formatWhole(totals.clientConnections)}
        note={`${formatWhole(open)} to backends, ${formatWhole(idle)} idle`}
        foot={<Meter part={open - idle} whole={open} />}
        testid="tile-connections"
        definition="Open connections from clients, over all workers."
      />
      <PoolsTile totals={totals} />
    </div>
  );
}

function latencyNote({ slowestPool, poolCount }: TotalsFields): string {
  if (slowestPool === null) return 'nothing measured';
  return poolCount === 1 ? slowestPool : `slowest pool: ${slowestPool}`;
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

const SEVERITIES = ['up', 'degraded', 'down', 'unchecked'] as const satisfies readonly Severity[];

function PoolsTile({ totals }: { readonly totals: TotalsFields }) {
  const counts = SEVERITIES.filter((severity) => totals.pools[severity] > 0);
  return (
    <Tile
      title="Pools"
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

function Attention() {
  const topic = useTopic(ATTENTION);
  const count = topic?.fields.count ?? 0;
  const rows = topic?.rows ?? [];
  if (topic == null) return null;
  return (
    <section class="attention" aria-label="Needs attention" data-testid="attention" data-count={count}>
      {count === 0 ? (
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
            {rows.map((row) => (
              <AttentionItem key={row.name} row={row} />
            ))}
          </ul>
          {count > rows.length ? <p>and {count - rows.length} more</p> : null}
        </>
      )}
    </section>
  );
}

function AttentionItem({ row }: { readonly row: AttentionRow }) {
  return (
    <li>
      <StateMark state={row.state}>{row.state}</StateMark>
      <a href={backendHref(row.pool, row.backend)}>{row.name}</a>
      <span class="attention-reason">
        {row.reason}
        <span class="minor">
          {' '}
          for <Age sinceMs={row.sinceMs} />, next check <Countdown atMs={row.nextCheckMs} />
        </span>
      </span>
      <button type="button" class="button" onClick={() => ask('maintenance', row.pool, row.backend)}>
        Maintenance
      </button>
    </li>
  );
}
