/**
 * The columns of a table of backends, a line each: heading, cell, and what is copied of it. The
 * order here is the order on the screen.
 */
import type { JSX } from 'preact';
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { formatBytes, formatCount, formatMs, formatRate, formatWhole } from '../format.ts';
import type { BackendSort } from '../protocol.ts';
import { stateWords } from '../roll-up.ts';
import { backendHref } from '../router.ts';
import type { TextColumn } from '../table-text.ts';
import { Age } from './age.tsx';
import { LastCheck } from './last-check.tsx';
import { ModeButtons } from './mode-buttons.tsx';
import { ShareBar } from './share-bar.tsx';
import { SortHeader } from './sort-header.tsx';
import { StateMark } from './state-mark.tsx';
import type { ViewColumn } from './table-view.ts';
import { Tick, TickAll } from './tick.tsx';
import { WeightStepper } from './weight-stepper.tsx';

export interface CellProps {
  readonly pool: string;
  readonly backend: BackendStatus;
  readonly usesWeights: boolean;
  /** Times run where somebody sees them. */
  readonly isRunning: boolean;
}

export interface BackendColumn extends ViewColumn {
  /** Told the pool and the rows that the table shows. */
  readonly head: (pool: string, rows: readonly BackendStatus[]) => JSX.Element;
  readonly cell: (props: CellProps) => JSX.Element;
  /** What is copied; none of what is only to be pressed. */
  readonly texts: readonly TextColumn<BackendStatus>[];
}

/** A figure that is sorted by, the most of it first. */
const sortedFigure = (column: BackendSort, words: string, definition: string): JSX.Element => (
  <SortHeader column={column} first="descending" class="n" definition={definition}>
    {words}
  </SortHeader>
);

/** A heading over two or three figures of one cell. */
const group = (name: string, definition: string, ...parts: readonly string[]): JSX.Element => (
  <th
    scope="col"
    title={definition}
    class={parts.length === 2 ? 'n c-two' : 'n c-three'}
    aria-label={`${name}: ${parts.join(', ')}`}
  >
    <small>{name}</small>
    {parts.map((part) => (
      <span key={part}>{part}</span>
    ))}
  </th>
);

const text = (words: string, valueOf: TextColumn<BackendStatus>['valueOf']): TextColumn<BackendStatus> => ({
  words,
  valueOf,
});

export const BACKEND_COLUMNS: readonly BackendColumn[] = [
  {
    id: 'tick',
    words: 'Tick',
    isShownAtFirst: null,
    head: (pool, rows) => <TickAll pool={pool} names={rows.map(({ name }) => name)} />,
    cell: ({ pool, backend }) => (
      <td class="c-tick">
        <Tick pool={pool} name={backend.name} isDisabled={backend.isRemoved} />
      </td>
    ),
    texts: [],
  },
  {
    id: 'state',
    words: 'State',
    isShownAtFirst: null,
    head: () => (
      <SortHeader column="state" first="ascending" definition="What it is now, and since when. ballast_backend_state">
        State
      </SortHeader>
    ),
    cell: ({ backend, isRunning }) => (
      <td class="c-state">
        <StateMark state={backend.isRemoved ? 'draining' : backend.state} testid={`backend-${backend.name}-state`}>
          {stateWords(backend)}
        </StateMark>
        <span class="reason" title={backend.reason}>
          <span class="minor">
            <Age sinceMs={backend.sinceMs} isRunning={isRunning} />
          </span>
          {backend.state === 'up' || backend.reason === '' ? null : (
            <>
              {' · '}
              <span data-testid={`backend-${backend.name}-reason`}>{backend.reason}</span>
            </>
          )}
        </span>
      </td>
    ),
    texts: [text('state', ({ state }) => state), text('reason', ({ reason }) => reason)],
  },
  {
    id: 'name',
    words: 'Backend',
    isShownAtFirst: null,
    head: () => (
      <SortHeader column="name" first="ascending">
        Backend
      </SortHeader>
    ),
    cell: ({ pool, backend: { name, url } }) => {
      const address = url.replace(/^http:\/\//, '').replace(/\/$/, '');
      return (
        <th scope="row" class="c-name">
          <a class="name" href={backendHref(pool, name)} title={name} data-open>
            {name}
          </a>
          {address === name ? null : (
            <span class="address" title={url}>
              {address}
            </span>
          )}
        </th>
      );
    },
    texts: [text('backend', ({ name }) => name), text('url', ({ url }) => url)],
  },
  {
    id: 'weight',
    words: 'Weight',
    isShownAtFirst: true,
    head: () => (
      <SortHeader column="weight" first="descending" definition="In proportion to the others. ballast_backend_weight">
        Weight
      </SortHeader>
    ),
    cell: ({ pool, backend, usesWeights }) => (
      <td class="c-weight" data-label="Weight">
        <WeightStepper pool={pool} backend={backend.name} applied={backend.weight} hasEffect={usesWeights} />
      </td>
    ),
    texts: [text('weight', ({ weight }) => weight)],
  },
  {
    id: 'share',
    words: 'Share, expected and actual',
    isShownAtFirst: true,
    head: () => (
      <th scope="col" class="c-share" aria-label="Share: expected, actual">
        <small>share</small>
        <span class="share-figures">
          <span>expected</span>
          <span>actual</span>
        </span>
      </th>
    ),
    cell: ({ backend }) => (
      <td class="c-share" data-label="Share: expected, actual">
        <ShareBar expected={backend.expectedShare} actual={coarse(backend.actualShare)} />
      </td>
    ),
    texts: [
      text('expected share', ({ expectedShare }) => expectedShare),
      text('actual share', ({ actualShare }) => actualShare),
    ],
  },
  {
    id: 'rps',
    words: 'Requests a second',
    isShownAtFirst: true,
    head: () =>
      sortedFigure('rps', 'Req/s', 'Attempts finished a second over the last 10 s. ballast_backend_requests_total'),
    cell: ({ backend }) => (
      <td class="n" data-label="Requests/s" data-testid={`backend-${backend.name}-rps`}>
        {formatRate(backend.rps)}
      </td>
    ),
    texts: [text('requests/s', ({ rps }) => rps)],
  },
  {
    id: 'flight',
    words: 'In flight, with its limit',
    isShownAtFirst: true,
    head: () => sortedFigure('inFlight', 'In flight', 'Attempts begun and not finished. ballast_backend_in_flight'),
    cell: ({ backend: { name, inFlight, maxConnections } }) => (
      <td class="n" data-label="In flight" data-testid={`backend-${name}-in-flight`}>
        <span class={maxConnections > 0 && inFlight >= maxConnections ? 'bad' : undefined}>
          {formatWhole(inFlight)}
          {maxConnections > 0 ? <small title={`At most ${maxConnections} at a time`}>/{maxConnections}</small> : null}
        </span>
      </td>
    ),
    texts: [
      text('in flight', ({ inFlight }) => inFlight),
      text('limit', ({ maxConnections }) => (maxConnections > 0 ? maxConnections : null)),
    ],
  },
  {
    id: 'conns',
    words: 'Connections',
    isShownAtFirst: false,
    head: () => group('connections', 'ballast_backend_connections, ballast_backend_idle_connections', 'open', 'idle'),
    cell: ({ backend }) => (
      <td class="n c-two" data-label="Connections: open, idle">
        <span>{formatWhole(backend.connections)}</span>
        <span class="minor">{formatWhole(backend.idleConnections)}</span>
      </td>
    ),
    texts: [
      text('connections', ({ connections }) => connections),
      text('idle connections', ({ idleConnections }) => idleConnections),
    ],
  },
  {
    id: 'latency',
    words: 'Latency',
    isShownAtFirst: true,
    head: () =>
      group(
        'latency, ms',
        'Percentiles of the attempts of the last 10 s. ballast_backend_request_duration_seconds',
        'p50',
        'p95',
        'p99',
      ),
    cell: ({ backend: { latencyMs } }) => (
      <td class="n c-three" data-label="p50, p95, p99 (ms)">
        <span>{formatMs(latencyMs.p50)}</span>
        <span>{formatMs(latencyMs.p95)}</span>
        <span>{formatMs(latencyMs.p99)}</span>
      </td>
    ),
    texts: [
      text('p50 ms', ({ latencyMs }) => latencyMs.p50),
      text('p95 ms', ({ latencyMs }) => latencyMs.p95),
      text('p99 ms', ({ latencyMs }) => latencyMs.p99),
    ],
  },
  {
    id: 'answers',
    words: 'Answers by class',
    isShownAtFirst: true,
    head: () =>
      group(
        'answers',
        'Answers since the start, by class of status. ballast_backend_responses_total',
        '2xx',
        '4xx',
        '5xx',
      ),
    cell: ({ backend: { statuses } }) => (
      <td class="n c-three" data-label="Answers 2xx, 4xx, 5xx">
        <Count value={statuses['2xx']} />
        <Count value={statuses['4xx']} />
        <Count value={statuses['5xx']} isBad />
      </td>
    ),
    texts: [
      text('2xx', ({ statuses }) => statuses['2xx']),
      text('4xx', ({ statuses }) => statuses['4xx']),
      text('5xx', ({ statuses }) => statuses['5xx']),
    ],
  },
  {
    id: 'failures',
    words: 'Failures',
    isShownAtFirst: true,
    head: () =>
      sortedFigure(
        'failures',
        'Failures',
        'Attempts that failed by its fault, since the start. ballast_backend_failures_total',
      ),
    cell: ({ backend }) => (
      <td class="n" data-label="Failures" data-testid={`backend-${backend.name}-failures`}>
        <Count value={backend.failures} isBad title={failureWords(backend.failuresByCode)} />
      </td>
    ),
    texts: [text('failures', ({ failures }) => failures)],
  },
  {
    id: 'bytes',
    words: 'Bytes in and out',
    isShownAtFirst: false,
    head: () =>
      group(
        'bytes',
        'Body bytes since the start. ballast_backend_received_bytes_total, ballast_backend_sent_bytes_total',
        'in',
        'out',
      ),
    cell: ({ backend }) => (
      <td class="n c-two" data-label="Bytes in, out">
        <span>{formatBytes(backend.bytesIn)}</span>
        <span>{formatBytes(backend.bytesOut)}</span>
      </td>
    ),
    texts: [text('bytes in', ({ bytesIn }) => bytesIn), text('bytes out', ({ bytesOut }) => bytesOut)],
  },
  {
    id: 'check',
    words: 'Health check',
    isShownAtFirst: true,
    head: () => (
      <th
        scope="col"
        title="What the last check came to. ballast_backend_check_passed, ballast_backend_check_duration_seconds"
      >
        Health check
      </th>
    ),
    cell: ({ pool, backend, isRunning }) => (
      <td class="c-check" data-label="Health check">
        <LastCheck pool={pool} backend={backend} isRunning={isRunning} />
      </td>
    ),
    texts: [text('last check', ({ lastCheck }) => lastCheck?.detail ?? null)],
  },
  {
    id: 'mode',
    words: 'Mode',
    isShownAtFirst: null,
    head: () => <th scope="col">Mode</th>,
    cell: ({ pool, backend }) => (
      <td class="c-mode" data-label="Mode">
        <ModeButtons pool={pool} backend={backend.name} applied={backend.mode} isRemoved={backend.isRemoved} />
      </td>
    ),
    texts: [text('mode', ({ mode }) => mode)],
  },
];

/** As fine as it is shown. */
const coarse = (share: number | null): number | null => (share === null ? null : Math.round(share * 1000) / 1000);

interface CountProps {
  readonly value: number;
  readonly isBad?: boolean;
  readonly title?: string;
}

function Count({ value, isBad, title }: CountProps) {
  const words = value >= 1000 ? formatWhole(value) : '';
  const tip = [words, title ?? ''].filter((part) => part !== '').join(' · ');
  return (
    <span class={isBad === true && value > 0 ? 'bad' : undefined} title={tip === '' ? undefined : tip}>
      {formatCount(value)}
    </span>
  );
}

/** `UPSTREAM_CONNECT_REFUSED 12, UPSTREAM_ANSWER_TIMEOUT 3`, most frequent first. */
export function failureWords(byCode: Readonly<Record<string, number>>): string {
  return Object.entries(byCode)
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([code, count]) => `${code} ${formatWhole(count)}`)
    .join(', ');
}
