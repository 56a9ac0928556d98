/** The figures of one backend: of the last ten seconds, of this moment, and since the start. */

import type { ComponentChildren } from 'preact';
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { formatBytes, formatMs, formatRate, formatShare, formatWhole } from '../format.ts';
import { isStale } from '../live/session.ts';

interface BackendFactsProps {
  readonly backend: BackendStatus;
  readonly errorsPerSecond: number;
}

export function BackendFacts({ backend, errorsPerSecond }: BackendFactsProps) {
  const { p50, p95, p99 } = backend.latencyMs;
  const { statuses, maxConnections } = backend;
  return (
    <dl class="panel backend-facts" data-stale={isStale.value} data-testid="backend-facts">
      <Fact name="Requests/s" title="Attempts finished a second, over the last 10 s" testid="backend-rps">
        {formatRate(backend.rps)}
      </Fact>
      <Fact name="Errors/s" title="Attempts a second that failed or were answered 5xx, over the last 10 s">
        <span class={errorsPerSecond > 0 ? 'bad' : undefined}>{formatRate(errorsPerSecond)}</span>
      </Fact>
      <Fact name="p50 / p95 / p99 ms" title="Percentiles of the last 10 s, over all workers">
        {formatMs(p50)} / {formatMs(p95)} / {formatMs(p99)}
      </Fact>
      <Fact
        name="Share, actual / expected"
        title="Of the pool's requests of the last 10 s; a policy that follows load promises none"
      >
        {formatShare(backend.actualShare)} / {formatShare(backend.expectedShare)}
      </Fact>
      <Fact name="In flight" title="Attempts begun and not finished; its limit behind it" testid="backend-in-flight">
        {formatWhole(backend.inFlight)}
        {maxConnections > 0 ? <small>/{formatWhole(maxConnections)}</small> : null}
      </Fact>
      <Fact name="Connections, open / idle" title="From the balancer, over all workers">
        {formatWhole(backend.connections)} / {formatWhole(backend.idleConnections)}
      </Fact>
      <Fact name="Requests" title="Attempts finished since the start">
        {formatWhole(backend.requests)}
      </Fact>
      <Fact name="2xx / 3xx / 4xx / 5xx" title="Answers by class since the start" isWide>
        {formatWhole(statuses['2xx'])} / {formatWhole(statuses['3xx'])} / {formatWhole(statuses['4xx'])} /{' '}
        <span class={statuses['5xx'] > 0 ? 'bad' : undefined}>{formatWhole(statuses['5xx'])}</span>
      </Fact>
      <Fact name="Body bytes, in / out" title="From and to clients, since the start">
        {formatBytes(backend.bytesIn)} / {formatBytes(backend.bytesOut)}
      </Fact>
      <Failures backend={backend} />
    </dl>
  );
}

interface FactProps {
  readonly name: string;
  readonly title: string;
  readonly testid?: string;
  readonly isWide?: boolean;
  readonly children: ComponentChildren;
}

function Fact({ name, title, testid, isWide = false, children }: FactProps) {
  return (
    <div title={title} class={isWide ? 'wide' : undefined}>
      <dt>{name}</dt>
      <dd data-testid={testid}>{children}</dd>
    </div>
  );
}

/** By code, most frequent first. */
function Failures({ backend: { failures, failuresByCode } }: { readonly backend: BackendStatus }) {
  const codes = Object.entries(failuresByCode)
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1]);
  return (
    <div class="wide" title="Attempts that failed since the start, by code">
      <dt>Failures</dt>
      <dd class={failures > 0 ? 'bad' : undefined} data-testid="backend-failures">
        {formatWhole(failures)}
        {codes.map(([code, count]) => (
          <span class="failure-code" key={code}>
            {code} <b>{formatWhole(count)}</b>
          </span>
        ))}
      </dd>
    </div>
  );
}
