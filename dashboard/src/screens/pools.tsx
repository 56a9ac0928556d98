/** All pools, with a filter. */
import { useSignal } from '@preact/signals';
import { useTopic } from '../live/use-topic.ts';
import { NoPools } from '../parts/empty.tsx';
import { FilterField } from '../parts/filter-field.tsx';
import { Pager } from '../parts/pager.tsx';
import { POOL_SORTS, PoolsTable } from '../parts/pools-table.tsx';
import { readSort } from '../parts/sort-header.tsx';
import { place } from '../router.ts';
import { poolsTopic, TOTALS } from '../topics.ts';

export function PoolsScreen() {
  const offset = useSignal(0);
  const { filter, sort } = place.value;
  const totals = useTopic(TOTALS)?.fields;
  const pools = useTopic(poolsTopic({ offset: offset.value, sort: readSort(sort, POOL_SORTS), filter }));
  const count = pools?.fields.matchingCount ?? 0;
  return (
    <main class="screen" id="screen" tabIndex={-1} aria-busy={pools == null}>
      <header class="screen-head">
        <h1>Pools</h1>
        <FilterField label="Filter by name, policy, state" text={filter} />
      </header>
      <section class="panel" aria-label="Pools">
        {totals?.poolCount === 0 ? <NoPools /> : <PoolsTable pools={pools?.rows ?? []} />}
        {pools != null && count === 0 && filter !== '' ? <p class="empty">No pool matches “{filter}”.</p> : null}
        <Pager
          noun="pool"
          count={count}
          offset={pools?.fields.offset ?? 0}
          onPage={(next) => {
            offset.value = next;
          }}
        />
      </section>
    </main>
  );
}
