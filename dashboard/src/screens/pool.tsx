/** One pool: its policy, its traffic, and every backend with what can be done about it. */
import { useSignal } from '@preact/signals';
import type { PoolStatus } from '../../../src/protocol/admin-api.ts';
import { PoolCharts } from '../charts/pool-charts.tsx';
import { formatBytes, formatMs, formatRate, formatWhole } from '../format.ts';
import { isStale } from '../live/session.ts';
import { AddBackendDialog } from '../parts/add-backend.tsx';
import { failureWords } from '../parts/backend-row.tsx';
import { BackendsTable } from '../parts/backends-table.tsx';
import { NoTraffic } from '../parts/empty.tsx';
import { FilterField } from '../parts/filter-field.tsx';
import { Icon } from '../parts/icon.tsx';
import { PolicySelect } from '../parts/policy-select.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { rollUpPool } from '../roll-up.ts';
import { eventsHref, place } from '../router.ts';
import { type Model, poolOf } from '../store.ts';

/** A filter is of use from here on. */
const FILTER_FROM = 6;

export function PoolScreen({ model, name }: { readonly model: Model; readonly name: string }) {
  const isAdding = useSignal(false);
  const pool = poolOf(model, name);
  if (pool === null) {
    return (
      <main class="screen" id="screen" tabIndex={-1}>
        <h1>No pool {name}</h1>
        <p class="empty">
          It may have been taken out of the config file. <a href="#/pools">See all pools</a>
        </p>
      </main>
    );
  }
  const { severity, words } = rollUpPool(pool);
  const usesWeights = model.policies.find((policy) => policy.name === pool.policy)?.usesWeights ?? true;
  const events = model.events.filter(
    (event) => event.subject === '' || event.subject === name || event.subject.startsWith(`${name}/`),
  );
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
            <StateMark state={severity} testid={`pool-${name}-state`}>
              {words}
            </StateMark>
          </h1>
        </div>
        <PolicySelect pool={name} applied={pool.policy} names={pool.policies} policies={model.policies} />
        <PoolFacts pool={pool} />
      </header>
      <PoolCharts pool={name} events={events} />
      <section aria-labelledby="backends-title">
        <header class="section-head">
          <h2 id="backends-title">Backends</h2>
          {pool.backends.length >= FILTER_FROM ? (
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
          {pool.backends.length === 0 ? (
            <p class="empty">This pool has no backends: its requests are answered 503. Add the first one.</p>
          ) : (
            <BackendsTable pool={pool} usesWeights={usesWeights} filter={place.value.filter} />
          )}
          {pool.requests === 0 && pool.backends.length > 0 ? <NoTraffic listeners={model.listeners} /> : null}
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

function PoolFacts({ pool }: { readonly pool: PoolStatus }) {
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
