/** The columns of a table of pools, a line each: heading, cell, and what is copied of it. */
import type { JSX } from 'preact';
import { formatMs, formatRate, formatWhole } from '../format.ts';
import type { Cell } from '../history.ts';
import type { PoolRow } from '../protocol.ts';
import { poolHref } from '../router.ts';
import type { TextColumn } from '../table-text.ts';
import { BackendShapes } from './backend-shapes.tsx';
import { PinButton } from './pin-button.tsx';
import { SortHeader } from './sort-header.tsx';
import { Sparkline } from './sparkline.tsx';
import { StateMark } from './state-mark.tsx';
import type { ViewColumn } from './table-view.ts';

export interface PoolColumn extends ViewColumn {
  readonly head: () => JSX.Element;
  readonly cell: (pool: PoolRow, line: readonly Cell[]) => JSX.Element;
  readonly texts: readonly TextColumn<PoolRow>[];
}

const text = (words: string, valueOf: TextColumn<PoolRow>['valueOf']): TextColumn<PoolRow> => ({ words, valueOf });

export const POOL_COLUMNS: readonly PoolColumn[] = [
  {
    id: 'name',
    words: 'Pool',
    isShownAtFirst: null,
    head: () => (
      <SortHeader column="name" first="ascending">
        Pool
      </SortHeader>
    ),
    cell: ({ name, policy }) => (
      <th scope="row" class="c-name">
        <a class="name" href={poolHref(name)} data-open>
          {name}
        </a>
        <PinButton pool={name} />
        <span class="address">{policy}</span>
      </th>
    ),
    texts: [text('pool', ({ name }) => name), text('policy', ({ policy }) => policy)],
  },
  {
    id: 'state',
    words: 'State',
    isShownAtFirst: null,
    head: () => (
      <SortHeader
        column="state"
        first="ascending"
        definition="As its worst backend. ballast_backend_state, ballast_panic"
      >
        State
      </SortHeader>
    ),
    cell: ({ name, severity, words, isPanic }) => (
      <td class="c-state">
        <StateMark state={severity} testid={`pool-${name}-state`}>
          {words}
        </StateMark>
        {isPanic ? <span class="bad">panic</span> : null}
      </td>
    ),
    texts: [text('state', ({ words, isPanic }) => (isPanic ? `${words}, panic` : words))],
  },
  {
    id: 'backends',
    words: 'Backends',
    isShownAtFirst: true,
    head: () => <th scope="col">Backends</th>,
    cell: ({ states }) => (
      <td class="c-shapes" data-label="Backends">
        <BackendShapes states={states} />
      </td>
    ),
    texts: [text('backends', ({ count }) => count), text('up', ({ upCount }) => upCount)],
  },
  {
    id: 'rps',
    words: 'Requests a second',
    isShownAtFirst: true,
    head: () => (
      <SortHeader
        column="rps"
        first="descending"
        class="n"
        definition="Requests finished a second over the last 10 s. ballast_requests_total"
      >
        Req/s
      </SortHeader>
    ),
    cell: ({ rps }) => (
      <td class="n" data-label="Requests/s">
        {formatRate(rps)}
      </td>
    ),
    texts: [text('requests/s', ({ rps }) => rps)],
  },
  {
    id: 'spark',
    words: 'Requests of the last 5 min',
    isShownAtFirst: true,
    head: () => (
      <th scope="col" class="c-spark">
        <span class="hidden">Requests, last </span>5 min
      </th>
    ),
    cell: (_pool, line) => (
      <td class="c-spark" data-label="Last 5 min">
        <Sparkline values={line} />
      </td>
    ),
    texts: [],
  },
  {
    id: 'errors',
    words: 'Errors a second',
    isShownAtFirst: true,
    head: () => (
      <SortHeader
        column="errors"
        first="descending"
        class="n"
        definition="Requests a second that ended in a failure or a 5xx, over the last 10 s. ballast_errors_total"
      >
        Errors/s
      </SortHeader>
    ),
    cell: ({ errorsPerSecond }) => (
      <td class="n" data-label="Errors/s">
        <span class={errorsPerSecond > 0 ? 'bad' : undefined}>{formatRate(errorsPerSecond)}</span>
      </td>
    ),
    texts: [text('errors/s', ({ errorsPerSecond }) => errorsPerSecond)],
  },
  {
    id: 'latency',
    words: 'Latency',
    isShownAtFirst: true,
    head: () => (
      <th
        scope="col"
        class="n c-three"
        aria-label="Latency in ms: p50, p95, p99"
        title="Percentiles of the requests of the last 10 s. ballast_request_duration_seconds"
      >
        <small>latency, ms</small>
        <span>p50</span>
        <span>p95</span>
        <span>p99</span>
      </th>
    ),
    cell: ({ latencyMs: { p50, p95, p99 } }) => (
      <td class="n c-three" data-label="Latency p50, p95, p99 (ms)">
        <span>{formatMs(p50)}</span>
        <span>{formatMs(p95)}</span>
        <span>{formatMs(p99)}</span>
      </td>
    ),
    texts: [
      text('p50 ms', ({ latencyMs }) => latencyMs.p50),
      text('p95 ms', ({ latencyMs }) => latencyMs.p95),
      text('p99 ms', ({ latencyMs }) => latencyMs.p99),
    ],
  },
  {
    id: 'flight',
    words: 'In flight',
    isShownAtFirst: true,
    head: () => (
      <SortHeader
        column="inFlight"
        first="descending"
        class="n"
        definition="Requests begun on a backend and not finished. ballast_backend_in_flight"
      >
        In flight
      </SortHeader>
    ),
    cell: ({ inFlight }) => (
      <td class="n" data-label="In flight">
        {formatWhole(inFlight)}
      </td>
    ),
    texts: [text('in flight', ({ inFlight }) => inFlight)],
  },
  {
    id: 'queued',
    words: 'Waiting in the queue',
    isShownAtFirst: false,
    head: () => (
      <th scope="col" class="n" title="Requests that wait for a place on a backend. ballast_queued">
        Waiting
      </th>
    ),
    cell: ({ queued }) => (
      <td class="n" data-label="Waiting">
        {formatWhole(queued)}
      </td>
    ),
    texts: [text('waiting', ({ queued }) => queued)],
  },
  {
    id: 'requests',
    words: 'Requests since the start',
    isShownAtFirst: false,
    head: () => (
      <th scope="col" class="n" title="Requests finished since the start. ballast_requests_total">
        Requests
      </th>
    ),
    cell: ({ requests }) => (
      <td class="n" data-label="Requests">
        {formatWhole(requests)}
      </td>
    ),
    texts: [text('requests', ({ requests }) => requests)],
  },
];
