/**
 * `GET /metrics`: everything that the balancer counts, for Prometheus.
 *
 * Called by the admin API for every scrape. It reads the status (the very figures that the
 * dashboard shows) and the sampler's histograms, and writes text. All numbers are sums over all
 * workers, except in the families named `ballast_worker_*`. Counters begin at 0 with the process.
 */
import type { BackendState, BackendStatus, PoolStatus, RouteStatus, Status } from '../../protocol/admin-api.ts';
import { writeHistogram } from './metrics-histogram.ts';
import { type MainThread, writeControlPlane, writeProcessMetrics } from './metrics-process.ts';
import { type Labels, MetricsText, type MetricType } from './metrics-text.ts';
import type { SampledPool, Sampler } from './sampler.ts';
import { backendErrors, poolErrors, readBackendConnects, readWorkerCounts } from './sampler-status.ts';

const STATES: readonly BackendState[] = ['up', 'down', 'unknown', 'ejected', 'draining', 'maintenance', 'unresolved'];

export interface MetricsSources {
  readonly sampler: Sampler;
  readonly roster: { readonly pools: readonly SampledPool[] };
  readonly routes: { status(): readonly RouteStatus[] };
  readonly process: MainThread;
}

type Emit = (labels: Labels, value: number) => void;

/** The whole answer to a scrape. */
export function writeMetrics({ sampler, roster, routes, process: main }: MetricsSources): string {
  const text = new MetricsText();
  const status = sampler.status();
  writeWhole(text, status);
  writeWorkers(text, status, sampler);
  writeControlPlane(text, main);
  writeRoutes(text, routes.status());
  writePools(text, status);
  writeBackends(text, status);
  writeRows(text, sampler, roster.pools);
  writeProcessMetrics(text);
  return text.toString();
}

function writeWhole(text: MetricsText, status: Status): void {
  text.family('ballast_build_info', 'gauge', 'The running build; always 1.');
  text.sample(
    [
      ['version', status.version],
      ['node', process.versions.node],
    ],
    1,
  );
  text.single('ballast_uptime_seconds', 'gauge', 'Time since the start.', status.uptimeMs / 1000);
  text.single('ballast_config_revision', 'gauge', 'Number of the plan that the workers follow.', status.revision);
  const isReady = !status.isDraining && status.workers.some(({ state }) => state === 'running');
  text.single('ballast_ready', 'gauge', '1 while requests are accepted, as /readyz says.', isReady ? 1 : 0);
  text.single('ballast_draining', 'gauge', '1 while the balancer shuts down.', status.isDraining ? 1 : 0);
  text.family('ballast_unrouted_failures_total', 'counter', 'Requests that ended before a pool was found, by failure.');
  writeByCode(text, [], status.failuresWithoutPool);
}

function writeRoutes(text: MetricsText, routes: readonly RouteStatus[]): void {
  text.family(
    'ballast_route_requests_total',
    'counter',
    'Requests taken by a route; they are numbered as they are asked.',
  );
  for (const { number, host, path, pool, requests } of routes) {
    const labels: Labels = [
      ['route', String(number)],
      ['host', host ?? ''],
      ['path', path ?? ''],
      ['pool', pool],
    ];
    text.sample(labels, requests);
  }
}

function writeWorkers(text: MetricsText, status: Status, sampler: Sampler): void {
  const family = (
    name: string,
    type: MetricType,
    help: string,
    value: (worker: Status['workers'][number]) => number,
  ) => {
    text.family(`ballast_worker_${name}`, type, help);
    for (const worker of status.workers) text.sample([['worker', String(worker.worker)]], value(worker));
  };
  const counts = (worker: { worker: number }) => readWorkerCounts(sampler.state, worker.worker);
  family('up', 'gauge', '1 while the thread runs.', ({ state }) =>
    state === 'running' || state === 'draining' ? 1 : 0,
  );
  family('restarts_total', 'counter', 'Times that the thread was replaced.', ({ restarts }) => restarts);
  family('crash_loop', 'gauge', '1 while its threads die again and again.', (w) => (w.isCrashLoop ? 1 : 0));
  family('client_connections', 'gauge', 'Open client connections.', ({ clientConnections }) => clientConnections);
  family(
    'client_connections_limit',
    'gauge',
    'Most client connections that it takes.',
    ({ connectionLimit }) => connectionLimit ?? Number.POSITIVE_INFINITY,
  );
  family(
    'upstream_connections',
    'gauge',
    'Open connections to backends, in use or idle.',
    ({ upstreamConnections }) => upstreamConnections,
  );
  family('exchanges', 'gauge', 'Exchanges begun and not finished.', ({ exchanges }) => exchanges);
  family(
    'loop_delay_seconds',
    'gauge',
    'Longest turn of the event loop in the last second.',
    ({ loopDelayMs }) => loopDelayMs / 1000,
  );
  family(
    'loop_delay_p99_seconds',
    'gauge',
    '99th percentile of the delays of the event loop in the last second.',
    ({ loopDelayP99Ms }) => loopDelayP99Ms / 1000,
  );
  family('loop_busy_ratio', 'gauge', 'Share of the last second that the thread was busy.', ({ loopBusy }) => loopBusy);
  family('cpu_seconds_total', 'counter', 'Processor time of the thread.', (w) => counts(w).cpuSeconds);
  family('gc_seconds_total', 'counter', 'Time that it stood still for collecting garbage.', (w) => counts(w).gcSeconds);
  family('heap_bytes', 'gauge', 'JavaScript heap in use.', ({ heapBytes }) => heapBytes);
  family('heap_limit_bytes', 'gauge', 'Most JavaScript heap that it may have.', ({ heapLimitBytes }) => heapLimitBytes);
  family('connections_accepted_total', 'counter', 'Client connections accepted.', (w) => counts(w).connectionsAccepted);
  family('taps', 'gauge', 'Filters whose requests it shows to people now.', (w) => counts(w).taps);
  family(
    'unrouted_requests_total',
    'counter',
    'Requests that ended before a pool was found.',
    (w) => counts(w).withoutPool,
  );
}

function writePools(text: MetricsText, { pools }: Status): void {
  const family = (name: string, type: MetricType, help: string, write: (pool: PoolStatus, emit: Emit) => void) => {
    text.family(`ballast_${name}`, type, help);
    for (const pool of pools) write(pool, (labels, value) => text.sample([['pool', pool.name], ...labels], value));
  };
  family('pool_info', 'gauge', 'The policy in use; always 1.', (pool, emit) => emit([['policy', pool.policy]], 1));
  family('requests_total', 'counter', 'Exchanges finished, whatever their end.', (pool, emit) =>
    emit([], pool.requests),
  );
  family('responses_total', 'counter', 'Answers sent to clients, by class of status.', (pool, emit) => {
    for (const [statusClass, count] of Object.entries(pool.statuses)) emit([['class', statusClass]], count);
  });
  family('failed_requests_total', 'counter', 'Exchanges that ended in a failure.', (pool, emit) =>
    emit([], pool.failures),
  );
  family('errors_total', 'counter', 'Exchanges that ended in a failure or a 5xx, each once.', (pool, emit) =>
    emit([], poolErrors(pool)),
  );
  family('failures_total', 'counter', 'Exchanges that ended in a failure, by failure.', (pool) =>
    writeByCode(text, [['pool', pool.name]], pool.failuresByCode),
  );
  family('retries_total', 'counter', 'Attempts beyond the first of their exchange.', (pool, emit) =>
    emit([], pool.retries),
  );
  family('retries_denied_total', 'counter', 'Attempts not made because the retry budget was used up.', (pool, emit) =>
    emit([], pool.retriesDenied),
  );
  family('queued', 'gauge', 'Requests that wait for a place on a backend.', (pool, emit) => emit([], pool.queued));
  family('queued_total', 'counter', 'Exchanges that have waited for a place on a backend.', (pool, emit) =>
    emit([], pool.queuedTotal),
  );
  family('panic', 'gauge', '1 while too few backends are available and all of them are used.', (pool, emit) =>
    emit([], pool.isPanic ? 1 : 0),
  );
  family('request_bytes_total', 'counter', 'Body bytes received from clients.', (pool, emit) => emit([], pool.bytesIn));
  family('response_bytes_total', 'counter', 'Body bytes sent to clients.', (pool, emit) => emit([], pool.bytesOut));
}

function writeBackends(text: MetricsText, { pools }: Status): void {
  const family = (
    name: string,
    type: MetricType,
    help: string,
    write: (backend: BackendStatus, emit: Emit) => void,
  ) => {
    text.family(`ballast_backend_${name}`, type, help);
    for (const pool of pools) {
      for (const backend of pool.backends) {
        const own: Labels = [
          ['pool', pool.name],
          ['backend', backend.name],
        ];
        write(backend, (labels, value) => text.sample([...own, ...labels], value));
      }
    }
  };
  const value = (name: string, type: MetricType, help: string, of: (backend: BackendStatus) => number) =>
    family(name, type, help, (backend, emit) => emit([], of(backend)));
  value('up', 'gauge', '1 while new requests may go to it: up, or not yet checked.', ({ state }) =>
    state === 'up' || state === 'unknown' ? 1 : 0,
  );
  family('state', 'gauge', '1 for the state that it is in, 0 for the others.', (backend, emit) => {
    for (const state of STATES) emit([['state', state]], backend.state === state ? 1 : 0);
  });
  value(
    'ramp_ratio',
    'gauge',
    'Part of its share that it may have: less than 1 in its slow start.',
    ({ rampPercent }) => rampPercent / 100,
  );
  value('weight', 'gauge', 'Share of new requests in proportion to the others, 1 to 256.', ({ weight }) => weight);
  value('in_flight', 'gauge', 'Attempts begun and not finished.', ({ inFlight }) => inFlight);
  value('connections', 'gauge', 'Open connections, in use or idle.', ({ connections }) => connections);
  value('idle_connections', 'gauge', 'Open connections without a request.', ({ idleConnections }) => idleConnections);
  value('requests_total', 'counter', 'Attempts finished, whatever their end.', ({ requests }) => requests);
  family('responses_total', 'counter', 'Answers received, by class of status.', ({ statuses }, emit) => {
    for (const [statusClass, count] of Object.entries(statuses)) emit([['class', statusClass]], count);
  });
  value('failed_requests_total', 'counter', 'Attempts that failed by its fault.', ({ failures }) => failures);
  value('errors_total', 'counter', 'Attempts that failed by its fault or were answered by a 5xx.', backendErrors);
  family('failures_total', 'counter', 'Attempts that ended in a failure, by failure.', ({ failuresByCode }, emit) => {
    for (const [code, count] of Object.entries(failuresByCode)) emit([['code', code]], count);
  });
  value('sent_bytes_total', 'counter', 'Body bytes sent to it.', ({ bytesOut }) => bytesOut);
  value('received_bytes_total', 'counter', 'Body bytes received from it.', ({ bytesIn }) => bytesIn);
  family('check_passed', 'gauge', '1 where its last health check passed.', ({ lastCheck }, emit) => {
    if (lastCheck !== null) emit([], lastCheck.isPass ? 1 : 0);
  });
  family('check_duration_seconds', 'gauge', 'Duration of its last health check.', ({ lastCheck }, emit) => {
    if (lastCheck !== null) emit([], lastCheck.durationMs / 1000);
  });
}

/** What the status does not carry: connections opened, ejections, and the latency histograms. */
function writeRows(text: MetricsText, sampler: Sampler, pools: readonly SampledPool[]): void {
  text.family('ballast_backend_connects_total', 'counter', 'Connections opened to it.');
  for (const pool of pools) {
    for (const { name, slot } of pool.backends) {
      const labels: Labels = [
        ['pool', pool.name],
        ['backend', name],
      ];
      text.sample(labels, readBackendConnects(sampler.state, slot));
    }
  }
  text.family('ballast_backend_ejections_total', 'counter', 'Times that it was ejected for failures in live traffic.');
  for (const pool of pools) {
    for (const { name, ejectionsTotal } of pool.backends) {
      const labels: Labels = [
        ['pool', pool.name],
        ['backend', name],
      ];
      text.sample(labels, ejectionsTotal);
    }
  }
  const note = 'Counts are exact; the sum is computed from fine buckets, within 1.6 %.';
  text.family('ballast_request_duration_seconds', 'histogram', `Duration of whole exchanges. ${note}`);
  for (const pool of pools) writeHistogram(text, [['pool', pool.name]], sampler.poolLatencies(pool));
  text.family('ballast_backend_request_duration_seconds', 'histogram', `Duration of single attempts. ${note}`);
  for (const pool of pools) {
    for (const backend of pool.backends) {
      const labels: Labels = [
        ['pool', pool.name],
        ['backend', backend.name],
      ];
      writeHistogram(text, labels, sampler.backendLatencies(backend));
    }
  }
}

function writeByCode(text: MetricsText, labels: Labels, counts: Readonly<Record<string, number>>): void {
  for (const [code, count] of Object.entries(counts)) text.sample([...labels, ['code', code]], count);
}
