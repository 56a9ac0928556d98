/** All pools, with a filter. */

import { useSignal } from '@preact/signals';
import { NoPools } from '../parts/empty.tsx';
import { FilterField, matchesFilter } from '../parts/filter-field.tsx';
import { Pager, pageOf } from '../parts/pager.tsx';
import { PoolsTable } from '../parts/pools-table.tsx';
import { rollUpPool } from '../roll-up.ts';
import { place } from '../router.ts';
import type { Model } from '../store.ts';

export function PoolsScreen({ model }: { readonly model: Model }) {
  const page = useSignal(0);
  const { filter } = place.value;
  const pools = model.status.pools.filter((pool) =>
    matchesFilter(`${pool.name} ${pool.policy} ${rollUpPool(pool).words}`, filter),
  );
  const { page: current, rows } = pageOf(pools, page.value);
  return (
    <main class="screen" id="screen" tabIndex={-1}>
      <header class="screen-head">
        <h1>Pools</h1>
        <FilterField label="Filter by name, policy, state" text={filter} />
      </header>
      <section class="panel" aria-label="Pools">
        {model.status.pools.length === 0 ? <NoPools /> : <PoolsTable pools={rows} />}
        {pools.length === 0 && filter !== '' ? <p class="empty">No pool matches “{filter}”.</p> : null}
        <Pager
          noun="pool"
          count={pools.length}
          page={current}
          onPage={(next) => {
            page.value = next;
          }}
        />
      </section>
    </main>
  );
}
