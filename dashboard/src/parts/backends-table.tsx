/** The backends of a pool: the rows that the server has chosen, and one row each. */
import { useRef } from 'preact/hooks';
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { isStale } from '../live/session.ts';
import type { BackendSort } from '../protocol.ts';
import { place } from '../router.ts';
import { BackendRow } from './backend-row.tsx';
import { Pager } from './pager.tsx';
import { SortHeader } from './sort-header.tsx';

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
  const { filter } = place.value;
  return (
    <>
      <table class="table backends" data-stale={isStale.value} data-testid="backends">
        <caption class="hidden">Backends of the pool {pool}</caption>
        <colgroup>
          {COLUMNS.map((column) => (
            <col key={column} class={`w-${column}`} />
          ))}
        </colgroup>
        <thead>
          <tr>
            <SortHeader column="state" first="ascending">
              State
            </SortHeader>
            <SortHeader column="name" first="ascending">
              Backend
            </SortHeader>
            <SortHeader column="weight" first="descending">
              Weight
            </SortHeader>
            <th scope="col" class="c-share" aria-label="Share: expected, actual">
              <small>share</small>
              <span class="share-figures">
                <span>expected</span>
                <span>actual</span>
              </span>
            </th>
            <SortHeader column="rps" first="descending" class="n">
              Req/s
            </SortHeader>
            <SortHeader column="inFlight" first="descending" class="n">
              In flight
            </SortHeader>
            <Group name="connections" parts={['open', 'idle']} />
            <Group name="latency, ms" parts={['p50', 'p95', 'p99']} />
            <Group name="answers" parts={['2xx', '4xx', '5xx']} />
            <SortHeader column="failures" first="descending" class="n">
              Failures
            </SortHeader>
            <th scope="col">Health check</th>
            <th scope="col">Mode</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((backend) => (
            <BackendRow
              key={backend.name}
              pool={pool}
              backend={backend}
              usesWeights={usesWeights}
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

/** A heading over two or three figures of one cell. */
function Group({ name, parts }: { readonly name: string; readonly parts: readonly string[] }) {
  return (
    <th scope="col" class={parts.length === 2 ? 'n c-two' : 'n c-three'} aria-label={`${name}: ${parts.join(', ')}`}>
      <small>{name}</small>
      {parts.map((part) => (
        <span key={part}>{part}</span>
      ))}
    </th>
  );
}

const COLUMNS = [
  'state',
  'name',
  'weight',
  'share',
  'rps',
  'flight',
  'conns',
  'latency',
  'answers',
  'failures',
  'check',
  'mode',
];

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
