/** All pools, with a filter. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { getSnapshot } from '../live/api.ts';
import { useTopic } from '../live/use-topic.ts';
import { NoPools } from '../parts/empty.tsx';
import { FilterField } from '../parts/filter-field.tsx';
import { Pager } from '../parts/pager.tsx';
import { pinnedPools } from '../parts/pin-button.tsx';
import { POOL_COLUMNS } from '../parts/pool-columns.tsx';
import { POOL_SORTS, PoolsTable } from '../parts/pools-table.tsx';
import { readSort } from '../parts/sort-header.tsx';
import { StateFilter } from '../parts/state-filter.tsx';
import { isColumnShown, viewOf } from '../parts/table-view.ts';
import { type CopyFormat, ViewMenu } from '../parts/view-menu.tsx';
import type { PoolRow, Topic } from '../protocol.ts';
import { place } from '../router.ts';
import { csvOf, jsonOf } from '../table-text.ts';
import { poolsTopic, TOTALS } from '../topics.ts';

const VIEW = 'pools';
const WINDOW_ROWS = 200;

const STATES = [
  { words: 'All', word: '' },
  { words: 'Not up', word: '!state:up' },
  { words: 'Degraded', word: 'state:degraded' },
  { words: 'Down', word: 'state:down' },
];

export function PoolsScreen() {
  const offset = useSignal(0);
  const { filter, sort } = place.value;
  const order = readSort(sort, POOL_SORTS);
  const totals = useTopic(TOTALS)?.fields;
  const pools = useTopic(poolsTopic({ offset: offset.value, sort: order, filter, first: pinnedPools.value }));
  const count = pools?.fields.matchingCount ?? 0;
  const view = viewOf(VIEW).value;
  const columns = useMemo(() => POOL_COLUMNS.filter((column) => isColumnShown(view, column)), [view]);
  // Another filter begins at its first page.
  useEffect(() => {
    offset.value = 0;
  }, [filter]);

  const read = async (format: CopyFormat): Promise<{ text: string; count: number }> => {
    const windows = Math.max(1, Math.ceil(count / WINDOW_ROWS));
    const topics = Array.from({ length: windows }, (_, index) =>
      poolsTopic({ filter, sort: order, offset: index * WINDOW_ROWS, limit: WINDOW_ROWS }),
    );
    const snapshot = await getSnapshot(topics);
    const rows = topics.flatMap((topic) => (snapshot.topics[topic] as Topic<object, PoolRow> | null)?.rows ?? []);
    const texts = columns.flatMap((column) => column.texts);
    return { text: format === 'CSV' ? csvOf(texts, rows) : jsonOf(rows), count: rows.length };
  };
  return (
    <main class="screen" id="screen" tabIndex={-1} aria-busy={pools == null}>
      <header class="screen-head">
        <h1>Pools</h1>
        <FilterField label="Filter by name, policy, state" text={filter} />
        <StateFilter label="Pools by state" choices={STATES} />
        <ViewMenu table={VIEW} columns={POOL_COLUMNS} read={read} />
      </header>
      <section class="panel" aria-label="Pools">
        {totals?.poolCount === 0 ? (
          <NoPools />
        ) : (
          <PoolsTable pools={pools?.rows ?? []} columns={columns} isCompact={view.isCompact} />
        )}
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
