/** One pool: its policy, its traffic, and every backend with what can be done about it. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { PoolCharts } from '../charts/pool-charts.tsx';
import { refusalOf } from '../live/actions.ts';
import { readMatching } from '../live/many.ts';
import { notify } from '../live/notices.ts';
import { useTopic } from '../live/use-topic.ts';
import { AddBackendDialog } from '../parts/add-backend.tsx';
import { BACKEND_COLUMNS } from '../parts/backend-columns.tsx';
import { BACKEND_SORTS, BACKENDS_VIEW, BackendsTable } from '../parts/backends-table.tsx';
import { BulkBar } from '../parts/bulk-bar.tsx';
import { askChange } from '../parts/confirm.tsx';
import { NoTraffic } from '../parts/empty.tsx';
import { FilterField } from '../parts/filter-field.tsx';
import { Icon } from '../parts/icon.tsx';
import { PolicySelect } from '../parts/policy-select.tsx';
import { PoolFacts } from '../parts/pool-facts.tsx';
import { clearSelection } from '../parts/selection.ts';
import { readSort } from '../parts/sort-header.tsx';
import { StateFilter } from '../parts/state-filter.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { isColumnShown, viewOf } from '../parts/table-view.ts';
import { type CopyFormat, ViewMenu } from '../parts/view-menu.tsx';
import { eventsHref, place } from '../router.ts';
import { csvOf, jsonOf } from '../table-text.ts';
import { requestsHref } from '../tap/tap-filter.ts';
import { poolTopic, SYSTEM } from '../topics.ts';

/** A filter is of use from here on. */
const FILTER_FROM = 6;

const STATES = [
  { words: 'All', word: '' },
  { words: 'Up', word: 'state:up' },
  { words: 'Not up', word: '!state:up' },
  { words: 'Down', word: 'state:down' },
];

export function PoolScreen({ name }: { readonly name: string }) {
  const isAdding = useSignal(false);
  const offset = useSignal(0);
  const { filter, sort } = place.value;
  const system = useTopic(SYSTEM)?.fields;
  const order = readSort(sort, BACKEND_SORTS);
  const topic = useTopic(poolTopic(name, { offset: offset.value, sort: order, filter }));
  useEffect(() => clearSelection, []);
  // Another filter begins at its first page.
  useEffect(() => {
    offset.value = 0;
  }, [filter]);
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
  const read = async (format: CopyFormat): Promise<{ text: string; count: number }> => {
    const rows = await readMatching(name, filter, order, pool.matchingCount);
    const view = viewOf(BACKENDS_VIEW).peek();
    const texts = BACKEND_COLUMNS.filter((column) => isColumnShown(view, column)).flatMap((column) => column.texts);
    return { text: format === 'CSV' ? csvOf(texts, rows) : jsonOf(rows), count: rows.length };
  };
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
          {pool.count >= FILTER_FROM || filter !== '' ? (
            <>
              <FilterField label="Filter by name, address, state" text={filter} />
              <StateFilter label="Backends by state" choices={STATES} />
            </>
          ) : null}
          <span class="section-link">
            <a href={eventsHref(name)}>Events of this pool</a> ·{' '}
            <a href={requestsHref({ pool: name })}>Live requests</a>
          </span>
          <ViewMenu table={BACKENDS_VIEW} columns={BACKEND_COLUMNS} read={read} />
          <button
            type="button"
            class="button"
            data-testid="drain-all"
            disabled={pool.count === 0}
            onClick={() => void drainAll(name, pool.count)}
          >
            <Icon name="drain" /> Drain all …
          </button>
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
          <BulkBar pool={name} filter={filter} matchingCount={pool.matchingCount} />
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

/** Those that are ready now; the dialog asks for the name of the pool, since nobody would be left. */
async function drainAll(pool: string, count: number): Promise<void> {
  try {
    const rows = await readMatching(pool, '', null, count);
    const backends = rows.filter(({ mode, isRemoved }) => mode === 'ready' && !isRemoved).map(({ name }) => name);
    if (backends.length === 0) notify('good', `${pool}: no backend is ready, so there is nothing to drain.`);
    else askChange({ kind: 'mode', pool, backends, mode: 'drain' });
  } catch (error) {
    notify('bad', `${pool}: ${refusalOf(error)}`);
  }
}
