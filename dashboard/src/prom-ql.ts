/**
 * The figures of the charts as Prometheus computes them from `/metrics` of this balancer, for those
 * who keep them longer or put them beside others. Pure.
 */

/** Whose figures: all pools where nothing is named. */
export interface Scope {
  readonly pool?: string;
  /** Of that pool; its figures are of attempts, not of requests. */
  readonly backend?: string;
}

/** Rates over the shortest time that holds enough scrapes, at the usual pace of one in 15 s. */
const OVER = '[1m]';
const QUANTILES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const;

const prefixOf = ({ backend }: Scope): string => (backend === undefined ? 'ballast_' : 'ballast_backend_');

function selectorOf({ pool, backend }: Scope): string {
  const labels = [
    ...(pool === undefined ? [] : [`pool=${quoted(pool)}`]),
    ...(backend === undefined ? [] : [`backend=${quoted(backend)}`]),
  ];
  return labels.length === 0 ? '' : `{${labels.join(',')}}`;
}

const quoted = (value: string): string => `"${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;

/** Several lines of one chart: each with a name, in one expression. */
const together = (...lines: readonly (readonly [name: string, expression: string])[]): string =>
  lines.map(([name, expression]) => `label_replace(${expression},"line","${name}","","")`).join(' or ');

const rate = (scope: Scope, name: string): string => `sum(rate(${prefixOf(scope)}${name}${selectorOf(scope)}${OVER}))`;

export const promQl = {
  requests: (scope: Scope): string => rate(scope, 'requests_total'),
  requestsByBackend: ({ pool }: Scope): string =>
    `sum by (backend) (rate(ballast_backend_requests_total${selectorOf(pool === undefined ? {} : { pool })}${OVER}))`,
  errors: (scope: Scope): string => rate(scope, 'errors_total'),
  errorsAndRetries: (scope: Scope): string =>
    together(['errors', rate(scope, 'errors_total')], ['retries', rate(scope, 'retries_total')]),
  latency: (scope: Scope): string =>
    together(
      ...QUANTILES.map(([name, quantile]) => [name, `1000*histogram_quantile(${quantile},${buckets(scope)})`] as const),
    ),
  /** For a heat map: the requests of each bucket. */
  latencies: (scope: Scope): string => buckets(scope),
  load: ({ pool }: Scope): string => {
    const own = selectorOf(pool === undefined ? {} : { pool });
    return together(
      ['in flight', `sum(ballast_backend_in_flight${own})`],
      ['queued', `sum(ballast_queued${own})`],
      ['connections', `sum(ballast_backend_connections${own})`],
    );
  },
  inFlight: (scope: Scope): string => `sum(ballast_backend_in_flight${selectorOf(scope)})`,
  connections: (): string =>
    together(
      ['of clients', 'sum(ballast_worker_client_connections)'],
      ['to backends', 'sum(ballast_worker_upstream_connections)'],
    ),
} as const;

const buckets = (scope: Scope): string =>
  `sum by (le) (rate(${prefixOf(scope)}request_duration_seconds_bucket${selectorOf(scope)}${OVER}))`;
