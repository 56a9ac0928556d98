/** The backends of a pool: the rows that the server has chosen, and one row each. */
import { Fragment } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { isStale } from '../live/session.ts';
import type { BackendSort } from '../protocol.ts';
import { place } from '../router.ts';
import { BACKEND_COLUMNS } from './backend-columns.tsx';
import { BackendRow } from './backend-row.tsx';
import { Pager } from './pager.tsx';
import { isColumnShown, viewOf } from './table-view.ts';

/** Columns that the table can be sorted by. */
export const BACKEND_SORTS: readonly BackendSort[] = [
  'name',
  'state',
  'weight',
  'rps',
  'inFlight',
  'connections',
  'p99',
  'errors',
  'failures',
];

/** What is kept of how it is seen, by this name. */
export const BACKENDS_VIEW = 'backends';

/** From here on, rows out of sight stand still. */
const LONG_TABLE_ROWS = 30;

interface BackendsTableProps {
  readonly pool: string;
  /** Those of this page, in their order. */
  readonly backends: readonly BackendStatus[];
  /** How many match the filter, and which of them the first row is. */
  readonly matchingCount: number;
  readonly offset: number;
  readonly usesWeights: boolean;
  readonly onPage: (offset: number) => void;
}

export function BackendsTable({ pool, backends, matchingCount, offset, usesWeights, onPage }: BackendsTableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  const held = useRef<readonly string[]>([]);
  const rows = hold(backends, held, place.value.sort !== null && isBusy(body.current));
  const view = viewOf(BACKENDS_VIEW).value;
  const columns = useMemo(() => BACKEND_COLUMNS.filter((column) => isColumnShown(view, column)), [view]);
  const { filter } = place.value;
  return (
    <>
      <table class="table backends" data-stale={isStale.value} data-compact={view.isCompact} data-testid="backends">
        <caption class="hidden">Backends of the pool {pool}</caption>
        <colgroup>
          {columns.map(({ id }) => (
            <col key={id} class={`w-${id}`} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns.map(({ id, head }) => (
              <Fragment key={id}>{head(pool, rows)}</Fragment>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((backend) => (
            <BackendRow
              key={backend.name}
              pool={pool}
              backend={backend}
              columns={columns}
              usesWeights={usesWeights}
              isCompact={view.isCompact}
              isInLongTable={rows.length > LONG_TABLE_ROWS}
            />
          ))}
        </tbody>
      </table>
      {matchingCount === 0 && filter !== '' ? <p class="empty">No backend matches “{filter}”.</p> : null}
      <Pager noun="backend" count={matchingCount} offset={offset} onPage={onPage} />
    </>
  );
}

/** Rows must not move under the pointer or the focus: while one is inside, the order stands. */
function isBusy(body: HTMLElement | null): boolean {
  return body?.matches(':hover, :focus-within') ?? false;
}

function hold(
  sorted: readonly BackendStatus[],
  held: { current: readonly string[] },
  isHeld: boolean,
): readonly BackendStatus[] {
  if (isHeld && held.current.length === sorted.length) {
    const byName = new Map(sorted.map((backend) => [backend.name, backend]));
    const kept = held.current.flatMap((name) => byName.get(name) ?? []);
    if (kept.length === sorted.length) return kept;
  }
  held.current = sorted.map((backend) => backend.name);
  return sorted;
}
