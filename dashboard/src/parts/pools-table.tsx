/** Pools as rows: state, figures of the last 10 s, and the shape of the last 5 minutes. */
import { Fragment } from 'preact';
import type { Cell } from '../history.ts';
import { usePoolLines } from '../live/pool-lines.ts';
import { isStale } from '../live/session.ts';
import type { PoolSort, PoolRow as Row } from '../protocol.ts';
import { POOL_COLUMNS, type PoolColumn } from './pool-columns.tsx';

/** Columns that the table can be sorted by. */
export const POOL_SORTS: readonly PoolSort[] = ['name', 'state', 'rps', 'errors', 'p99', 'inFlight'];

const AT_FIRST = POOL_COLUMNS.filter(({ isShownAtFirst }) => isShownAtFirst !== false);

interface PoolsTableProps {
  readonly pools: readonly Row[];
  readonly columns?: readonly PoolColumn[];
  readonly isCompact?: boolean;
}

export function PoolsTable({ pools, columns = AT_FIRST, isCompact = false }: PoolsTableProps) {
  const lines = usePoolLines(pools.map(({ name }) => name));
  return (
    <table class="table pools" data-stale={isStale.value} data-compact={isCompact} data-testid="pools">
      <caption class="hidden">Pools</caption>
      <colgroup>
        {columns.map(({ id }) => (
          <col key={id} class={`p-${id}`} />
        ))}
      </colgroup>
      <thead>
        <tr>
          {columns.map(({ id, head }) => (
            <Fragment key={id}>{head()}</Fragment>
          ))}
        </tr>
      </thead>
      <tbody>
        {pools.map((pool) => (
          <PoolRow key={pool.name} pool={pool} line={lines.get(pool.name) ?? NO_LINE} columns={columns} />
        ))}
      </tbody>
    </table>
  );
}

const NO_LINE: readonly Cell[] = [];

interface PoolRowProps {
  readonly pool: Row;
  readonly line: readonly Cell[];
  readonly columns: readonly PoolColumn[];
}

function PoolRow({ pool, line, columns }: PoolRowProps) {
  return (
    <tr class="row" data-row data-testid={`pool-${pool.name}`} data-state={pool.severity} tabIndex={-1}>
      {columns.map(({ id, cell }) => (
        <Fragment key={id}>{cell(pool, line)}</Fragment>
      ))}
    </tr>
  );
}
