/** The figures in the head of a pool, each with its definition. */
import type { ComponentChildren } from 'preact';
import { formatBytes, formatMs, formatRate, formatShare, formatWhole } from '../format.ts';
import { isStale } from '../live/session.ts';
import type { PoolFields } from '../protocol.ts';
import { failureWords } from './backend-columns.tsx';

export function PoolFacts({ pool }: { readonly pool: PoolFields }) {
  const { p50, p95, p99 } = pool.latencyMs;
  const { settings } = pool;
  const retried = pool.requests > 0 ? Math.min(1, pool.retries / pool.requests) : null;
  return (
    <dl class="pool-facts" data-stale={isStale.value}>
      <Fact name="Requests/s" title="Requests finished a second, over the last 10 s">
        <span data-testid="pool-rps">{formatRate(pool.rps)}</span>
      </Fact>
      <Fact name="p50 / p95 / p99 ms" title="Percentiles of the last 10 s, over all workers">
        {formatMs(p50)} / {formatMs(p95)} / {formatMs(p99)}
      </Fact>
      <Fact name="Failures" title={failureWords(pool.failuresByCode)}>
        <span class={pool.failures > 0 ? 'bad' : undefined}>{formatWhole(pool.failures)}</span>
      </Fact>
      <Fact
        name="Retries"
        title={`Attempts beyond the first of their request, since the start, and as a share of its requests. At most ${settings.attempts} attempts a request.`}
      >
        {formatWhole(pool.retries)} <small>{formatShare(retried)}</small>
      </Fact>
      <Fact
        name="Retry budget"
        title={`Further attempts that may be made: so much of the requests of the last 10 s, and ${settings.budgetPerSecond} a second beside it. Refused for want of budget since the start: ${formatWhole(pool.retriesDenied)}.`}
      >
        {settings.budgetPercent} %
        <small class={pool.retriesDenied > 0 ? 'bad' : undefined}> {formatWhole(pool.retriesDenied)} refused</small>
      </Fact>
      <Fact
        name="Queue"
        title={`Requests that wait for a place now, and how many may. ${formatWhole(pool.queuedTotal)} have waited since the start.`}
      >
        <span data-testid="pool-queue" class={pool.queued > 0 ? 'bad' : undefined}>
          {formatWhole(pool.queued)}
        </span>
        <small>/{formatWhole(settings.queueSize)}</small>
      </Fact>
      <Fact name="In / out" title="Body bytes from and to clients, since the start">
        {formatBytes(pool.bytesIn)} / {formatBytes(pool.bytesOut)}
      </Fact>
      <Fact name="Routes" title="Routes that lead to this pool">
        <a href={`#/routes?${new URLSearchParams({ q: pool.name })}`} data-testid="pool-routes">
          {settings.routeCount === 0 ? 'none' : formatWhole(settings.routeCount)}
        </a>
      </Fact>
    </dl>
  );
}

interface FactProps {
  readonly name: string;
  readonly title: string;
  readonly children: ComponentChildren;
}

function Fact({ name, title, children }: FactProps) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
