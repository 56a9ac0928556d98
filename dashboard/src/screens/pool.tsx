/** One pool: its policy, its traffic, and every backend with what can be done about it. */
import { useSignal } from '@preact/signals';
import { PoolCharts } from '../charts/pool-charts.tsx';
import { formatBytes, formatMs, formatRate, formatWhole } from '../format.ts';
import { isStale } from '../live/session.ts';
import { useTopic } from '../live/use-topic.ts';
import { AddBackendDialog } from '../parts/add-backend.tsx';
import { failureWords } from '../parts/backend-row.tsx';
import { BACKEND_SORTS, BackendsTable } from '../parts/backends-table.tsx';
import { NoTraffic } from '../parts/empty.tsx';
import { FilterField } from '../parts/filter-field.tsx';
import { Icon } from '../parts/icon.tsx';
import { PolicySelect } from '../parts/policy-select.tsx';
import { readSort } from '../parts/sort-header.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import type { PoolFields } from '../protocol.ts';
import { eventsHref, place } from '../router.ts';
import { poolTopic, SYSTEM } from '../topics.ts';

/** A filter is of use from here on. */
const FILTER_FROM = 6;

export function PoolScreen({ name }: { readonly name: string }) {
  const isAdding = useSignal(false);
  const offset = useSignal(0);
  const { filter, sort } = place.value;
  const system = useTopic(SYSTEM)?.fields;
  const topic = useTopic(poolTopic(name, { offset: offset.value, sort: readSort(sort, BACKEND_SORTS), filter }));
  if (topic === undefined) {
    return (
      <main class="screen pool" id="screen" tabIndex={-1} aria-busy="true">
        <h1>{name}</h1>
      </main>
    );
  }
  if (topic === null) {
    return (
      <main class="screen" id="screen" tabIndex={-1}>
        <h1>No pool {name}</h1>
        <p class="empty">
          It may have been taken out of the config file. <a href="#/pools">See all pools</a>
        </p>
      </main>
    );
  }
  const pool = topic.fields;
  const policies = system?.policies ?? [];
  const usesWeights = policies.find((policy) => policy.name === pool.policy)?.usesWeights ?? true;
  const isEmpty = pool.count === 0 && (topic.rows ?? []).length === 0 && filter === '';
  return (
    <main class="screen pool" id="screen" tabIndex={-1}>
      <header class="pool-head">
        <div class="pool-title">
          <p class="crumb">
            <a href="#/pools">
              <Icon name="arrow-left" /> Pools
            </a>
          </p>
          <h1>
            {name}
            <StateMark state={pool.severity} testid={`pool-${name}-state`}>
              {pool.words}
            </StateMark>
            {pool.isPanic ? (
              <span class="bad" data-testid="panic" title="Too few backends are available: health is ignored">
                panic
              </span>
            ) : null}
          </h1>
        </div>
        <PolicySelect pool={name} applied={pool.policy} policies={policies} />
        <PoolFacts pool={pool} />
      </header>
      <PoolCharts pool={name} backendCount={pool.count} />
      <section aria-labelledby="backends-title">
        <header class="section-head">
          <h2 id="backends-title">Backends</h2>
          {pool.count >= FILTER_FROM ? (
            <FilterField label="Filter by name, address, state" text={place.value.filter} />
          ) : null}
          <a class="section-link" href={eventsHref(name)}>
            Events of this pool
          </a>
          <button
            type="button"
            class="button"
            data-testid="add-backend"
            onClick={() => {
              isAdding.value = true;
            }}
          >
            <Icon name="plus" /> Add backend
          </button>
        </header>
        <div class="panel backends-panel">
          {isEmpty ? (
            <p class="empty">This pool has no backends: its requests are answered 503. Add the first one.</p>
          ) : (
            <BackendsTable
              pool={name}
              backends={topic.rows ?? []}
              matchingCount={pool.matchingCount}
              offset={pool.offset}
              usesWeights={usesWeights}
              onPage={(next) => {
                offset.value = next;
              }}
            />
          )}
          {pool.requests === 0 && !isEmpty ? <NoTraffic listeners={system?.listeners ?? []} /> : null}
        </div>
      </section>
      {isAdding.value ? (
        <AddBackendDialog
          pool={name}
          onClose={() => {
            isAdding.value = false;
          }}
        />
      ) : null}
    </main>
  );
}

function PoolFacts({ pool }: { readonly pool: PoolFields }) {
  const { p50, p95, p99 } = pool.latencyMs;
  return (
    <dl class="pool-facts" data-stale={isStale.value}>
      <div title="Requests finished a second, over the last 10 s">
        <dt>Requests/s</dt>
        <dd data-testid="pool-rps">{formatRate(pool.rps)}</dd>
      </div>
      <div title="Percentiles of the last 10 s, over all workers">
        <dt>p50 / p95 / p99 ms</dt>
        <dd>
          {formatMs(p50)} / {formatMs(p95)} / {formatMs(p99)}
        </dd>
      </div>
      <div title={failureWords(pool.failuresByCode)}>
        <dt>Failures</dt>
        <dd class={pool.failures > 0 ? 'bad' : undefined}>{formatWhole(pool.failures)}</dd>
      </div>
      <div title="Attempts beyond the first of their request, since the start">
        <dt>Retries</dt>
        <dd>{formatWhole(pool.retries)}</dd>
      </div>
      <div title="Body bytes from and to clients, since the start">
        <dt>In / out</dt>
        <dd>
          {formatBytes(pool.bytesIn)} / {formatBytes(pool.bytesOut)}
        </dd>
      </div>
    </dl>
  );
}
