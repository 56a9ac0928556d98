/** The backends of a pool: filter, order, pages, and one row each. */
import { useSignal } from '@preact/signals';
import { useMemo, useRef } from 'preact/hooks';
import type { BackendStatus, PoolStatus } from '../../../src/protocol/admin-api.ts';
import { isStale } from '../live/session.ts';
import { STATE_RANK, stateWords } from '../roll-up.ts';
import { shareBasis, sharesOf } from '../share.ts';
import { BackendRow } from './backend-row.tsx';
import { matchesFilter } from './filter-field.tsx';
import { Pager, pageOf } from './pager.tsx';

const RANKS = {
  state: (backend: BackendStatus) => STATE_RANK[backend.state],
  name: (backend: BackendStatus) => backend.name,
  weight: (backend: BackendStatus) => -backend.weight,
  rps: (backend: BackendStatus) => -backend.rps,
  inFlight: (backend: BackendStatus) => -backend.inFlight,
  connections: (backend: BackendStatus) => -backend.connections,
  p99: (backend: BackendStatus) => -(backend.latencyMs.p99 ?? -1),
  errors: (backend: BackendStatus) => -backend.statuses['5xx'],
  failures: (backend: BackendStatus) => -backend.failures,
} as const;

/** From here on, rows out of sight stand still. */
const LONG_TABLE_ROWS = 30;

type SortKey = keyof typeof RANKS;

/** In the order of the config unless another is chosen; equal ones keep that order. Pure. */
export function sortBackends(backends: readonly BackendStatus[], key: SortKey | null): readonly BackendStatus[] {
  if (key === null) return backends;
  const rank = RANKS[key];
  return [...backends].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    if (typeof left === 'string' || typeof right === 'string') {
      return String(left).localeCompare(String(right), 'en', { numeric: true });
    }
    return left - right;
  });
}

interface BackendsTableProps {
  readonly pool: PoolStatus;
  readonly usesWeights: boolean;
  readonly filter: string;
}

export function BackendsTable({ pool, usesWeights, filter }: BackendsTableProps) {
  const sortKey = useSignal<SortKey | null>(null);
  const page = useSignal(0);
  const body = useRef<HTMLTableSectionElement>(null);
  const held = useRef<readonly string[]>([]);
  const matching = pool.backends.filter(
    (backend) =>
      filter === '' || matchesFilter(`${backend.name} ${backend.url} ${stateWords(backend)} ${backend.reason}`, filter),
  );
  const sorted = hold(sortBackends(matching, sortKey.value), held, sortKey.value !== null && isBusy(body.current));
  const { page: current, rows } = pageOf(sorted, page.value);
  const shares = useMemo(
    () => sharesOf(pool.backends, shareBasis(pool.policy, usesWeights)),
    [pool.backends, pool.policy, usesWeights],
  );
  const header = (words: string, key: SortKey, className = '') => (
    <th
      scope="col"
      class={className}
      aria-sort={sortKey.value === key ? (key === 'name' ? 'ascending' : 'descending') : undefined}
    >
      <button
        type="button"
        onClick={() => {
          sortKey.value = sortKey.value === key ? null : key;
        }}
      >
        {words}
      </button>
    </th>
  );
  return (
    <>
      <table class="table backends" data-stale={isStale.value} data-testid="backends">
        <caption class="hidden">Backends of the pool {pool.name}</caption>
        <colgroup>
          {COLUMNS.map((column) => (
            <col key={column} class={`w-${column}`} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {header('State', 'state')}
            {header('Backend', 'name')}
            {header('Weight', 'weight')}
            <th scope="col" class="c-share" aria-label="Share: expected, actual">
              <small>share</small>
              <span class="share-figures">
                <span>expected</span>
                <span>actual</span>
              </span>
            </th>
            {header('Req/s', 'rps', 'n')}
            {header('In flight', 'inFlight', 'n')}
            <Group name="connections" parts={['open', 'idle']} />
            <Group name="latency, ms" parts={['p50', 'p95', 'p99']} />
            <Group name="answers" parts={['2xx', '4xx', '5xx']} />
            {header('Failures', 'failures', 'n')}
            <th scope="col">Health check</th>
            <th scope="col">Mode</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((backend) => (
            <BackendRow
              key={backend.name}
              pool={pool.name}
              backend={backend}
              expected={shares.get(backend.name)?.expected ?? null}
              actual={coarse(shares.get(backend.name)?.actual ?? null)}
              usesWeights={usesWeights}
              isInLongTable={rows.length > LONG_TABLE_ROWS}
            />
          ))}
        </tbody>
      </table>
      {sorted.length === 0 && filter !== '' ? <p class="empty">No backend matches “{filter}”.</p> : null}
      <Pager
        noun="backend"
        count={sorted.length}
        page={current}
        onPage={(next) => {
          page.value = next;
        }}
      />
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

/** As fine as it is shown: a change that nobody can see paints nothing. */
const coarse = (share: number | null): number | null => (share === null ? null : Math.round(share * 1000) / 1000);

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
