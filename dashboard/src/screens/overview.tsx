/** The first screen: in five seconds, what is exposed, where traffic flows, and whether it is well. */
import { useSignal } from '@preact/signals';
import { TOTALS_CHARTS, type TotalsChart, TotalsCharts } from '../charts/totals-charts.tsx';
import { useTopic } from '../live/use-topic.ts';
import { Attention } from '../parts/attention.tsx';
import { NoPools, NoTraffic } from '../parts/empty.tsx';
import { EventItems } from '../parts/event-items.tsx';
import { Pager } from '../parts/pager.tsx';
import { pinnedPools } from '../parts/pin-button.tsx';
import { POOL_SORTS, PoolsTable } from '../parts/pools-table.tsx';
import { readSort } from '../parts/sort-header.tsx';
import { TotalsTiles } from '../parts/totals-tiles.tsx';
import type { PoolRow, PoolsFields, SystemFields, Topic, TotalsFields } from '../protocol.ts';
import { place, setOptions } from '../router.ts';
import { ATTENTION, EVENTS, poolsTopic, SYSTEM, TOTALS } from '../topics.ts';

const EVENTS_SHOWN = 10;

export function OverviewScreen() {
  const totals = useTopic(TOTALS)?.fields;
  const system = useTopic(SYSTEM)?.fields;
  const events = useTopic(EVENTS)?.fields.events ?? [];
  const attention = useTopic(ATTENTION);
  const offset = useSignal(0);
  const sort = readSort(place.value.sort, POOL_SORTS);
  const pools = useTopic(poolsTopic({ offset: offset.value, sort, first: pinnedPools.value }));
  const isBusy = totals === undefined || system === undefined || attention === undefined || pools === undefined;
  const chart = TOTALS_CHARTS.find((one) => one === place.value.options['chart']) ?? null;
  /** The time that a chart stood at goes with it. */
  const show = (next: TotalsChart | null): void =>
    setOptions({ chart: next, ...(next === null ? { from: null, to: null } : {}) });
  return (
    <main class="screen overview" id="screen" tabIndex={-1} aria-busy={isBusy}>
      <h1 class="hidden">Overview</h1>
      {totals === undefined ? (
        <div class="tiles tiles-waiting" />
      ) : (
        <TotalsTiles totals={totals} chart={chart} onChart={(own) => show(own === chart ? null : own)} />
      )}
      {chart === null ? null : <TotalsCharts chart={chart} onClose={() => show(null)} />}
      <Attention />
      <div class="columns">
        <Pools
          totals={totals}
          system={system}
          pools={pools}
          onPage={(next) => {
            offset.value = next;
          }}
        />
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
  readonly pools: Topic<PoolsFields, PoolRow> | null | undefined;
  readonly onPage: (offset: number) => void;
}

function Pools({ totals, system, pools, onPage }: PoolsProps) {
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
          <Pager noun="pool" count={pools.fields.matchingCount} offset={pools.fields.offset} onPage={onPage} />
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
