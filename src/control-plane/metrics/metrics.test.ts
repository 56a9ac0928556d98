import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { promQl } from '../../../dashboard/src/prom-ql.ts';
import { failureOf } from '../../protocol/failures.ts';
import { bucketOf, HISTOGRAM_BUCKETS } from '../../state/histogram.ts';
import { BACKEND_COUNTERS, POOL_COUNTERS, State, WORKER_COUNTERS } from '../../state/layout.ts';
import { writeMetrics } from './metrics.ts';
import { BOUNDS, writeHistogram } from './metrics-histogram.ts';
import { escapeLabel, MetricsText } from './metrics-text.ts';
import { type SampledBackend, type SampledPool, Sampler } from './sampler.ts';

const NASTY = 'a"b\\c\nd';

function setup() {
  const state = State.create({ workers: 2, pools: 1, backends: 2, routes: 8 });
  const backend = (id: number, slot: number, name: string): SampledBackend => ({
    id,
    slot,
    name,
    url: 'http://127.0.0.1:8081',
    reason: '',
    sinceMs: 0,
    mode: 'ready',
    weight: 5,
    maxConnections: 0,
    isBackup: false,
    ejectedUntilMs: null,
    cutAtMs: null,
    inFlightAtLeave: null,
    ramp: 10,
    ejectionsTotal: 2,
    lastCheck: slot === 0 ? { atMs: 1, isPass: true, detail: 'status 200', durationMs: 2.5 } : null,
    nextCheckMs: null,
    isRemoved: false,
  });
  const pool: SampledPool = {
    id: 1,
    slot: 0,
    name: 'web',
    policy: 'round-robin',
    isPanic: false,
    backends: [backend(2, 0, 'b1'), backend(3, 1, NASTY)],
  };
  const roster = {
    pools: [pool],
    revision: 3,
    stateOf: (b: SampledBackend) => (b.slot === 0 ? 'up' : 'down'),
    addressesOf: () => ['127.0.0.1'],
  } as const;
  const sampler = new Sampler({
    state,
    roster,
    policies: ['round-robin'],
    version: '1.2.3',
    isDraining: () => false,
    workers: () => [
      {
        worker: 0,
        state: 'running',
        startedAtMs: 0,
        restarts: 2,
        isCrashLoop: false,
        lastDeath: null,
        clientConnections: 9,
        exchanges: 4,
        restartAtMs: null,
        lastBeatMs: 0,
        connectionLimit: null,
        upstreamConnections: 3,
        cpuShare: 0.5,
        loopDelayMs: 1.5,
        loopDelayP99Ms: 0.75,
        loopBusy: 0.25,
        heapBytes: 1024,
        heapLimitBytes: 4096,
        gcShare: 0.01,
        sockets: 'handles',
      },
    ],
  });
  for (let worker = 0; worker < 2; worker++) {
    const p = state.poolCounters(worker, 0);
    state.counters[p + POOL_COUNTERS.REQUESTS] = 10;
    state.counters[p + POOL_COUNTERS.STATUS_CLASS + 2] = 8;
    state.counters[p + POOL_COUNTERS.STATUS_CLASS + 5] = 2;
    state.counters[p + POOL_COUNTERS.FAILURES] = 3;
    state.counters[p + POOL_COUNTERS.FIRST_FAILURE + failureOf('POOL_FULL').index] = 2;
    state.counters[p + POOL_COUNTERS.FIRST_FAILURE + failureOf('UPSTREAM_BODY_CLOSED').index] = 1;
    const b = state.backendCounters(worker, 0);
    state.counters[b + BACKEND_COUNTERS.REQUESTS] = 12;
    state.counters[b + BACKEND_COUNTERS.CONNECTS] = 3;
    state.counters[b + BACKEND_COUNTERS.STATUS_CLASS + 5] = 2;
    state.counters[b + BACKEND_COUNTERS.FAILURES] = 1;
    state.counters[state.workerCounters(worker) + WORKER_COUNTERS.CONNECTIONS_ACCEPTED] = 6;
    state.counters[state.workerCounters(worker) + WORKER_COUNTERS.CPU_SECONDS] = 12.5;
    state.counters[state.workerCounters(worker) + WORKER_COUNTERS.GC_SECONDS] = 0.25;
    state.counters[state.workerCounters(worker) + WORKER_COUNTERS.FIRST_FAILURE + failureOf('ROUTE_NOT_FOUND').index] =
      1;
    state.histograms[state.poolHistogram(worker, 0) + bucketOf(700)] = 7;
    state.histograms[state.poolHistogram(worker, 0) + bucketOf(40_000_000)] = 1;
  }
  const routes = {
    status: () => [{ number: 1, host: null, path: '/v1', pool: 'web', requests: 11, rps: 0, coveredBy: null }],
  };
  const figures = { loopDelayMs: 3, loopDelayP99Ms: 1.5, loopBusy: 0.25, heapLimitBytes: 8192 };
  const main = {
    gcSeconds: 0.75,
    controlPlane: () => ({ ...figures, cpuShare: 0.5, heapBytes: 1024, gcShare: 0 }),
  };
  return { state, sampler, roster, routes, process: main };
}

describe('metrics', () => {
  it('is what promtool takes without a complaint', (t) => {
    const sources = setup();
    const input = writeMetrics(sources);
    const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    if (error !== undefined) return t.skip(`promtool (Debian package prometheus) cannot be run: ${error.message}`);
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
  });

  it('gives the counters of shared memory, summed over the workers', () => {
    const sources = setup();
    const lines = writeMetrics(sources).split('\n');
    for (const line of [
      'ballast_requests_total{pool="web"} 20',
      'ballast_responses_total{pool="web",class="2xx"} 16',
      'ballast_failed_requests_total{pool="web"} 6',
      // The four that were answered by a 503 are among the 5xx, the two that were cut are not.
      'ballast_errors_total{pool="web"} 6',
      'ballast_backend_errors_total{pool="web",backend="b1"} 6',
      'ballast_failures_total{pool="web",code="POOL_FULL"} 4',
      'ballast_unrouted_failures_total{code="ROUTE_NOT_FOUND"} 2',
      'ballast_backend_requests_total{pool="web",backend="b1"} 24',
      'ballast_backend_connects_total{pool="web",backend="b1"} 6',
      'ballast_backend_weight{pool="web",backend="b1"} 5',
      'ballast_backend_ramp_ratio{pool="web",backend="b1"} 1',
      'ballast_backend_ejections_total{pool="web",backend="b1"} 2',
      'ballast_backend_up{pool="web",backend="b1"} 1',
      'ballast_backend_state{pool="web",backend="b1",state="up"} 1',
      'ballast_backend_state{pool="web",backend="b1",state="down"} 0',
      'ballast_backend_check_duration_seconds{pool="web",backend="b1"} 0.0025',
      'ballast_backend_up{pool="web",backend="a\\"b\\\\c\\nd"} 0',
      'ballast_worker_restarts_total{worker="0"} 2',
      'ballast_worker_connections_accepted_total{worker="0"} 6',
      'ballast_worker_client_connections_limit{worker="0"} +Inf',
      'ballast_worker_cpu_seconds_total{worker="0"} 12.5',
      'ballast_worker_gc_seconds_total{worker="0"} 0.25',
      'ballast_worker_loop_delay_p99_seconds{worker="0"} 0.00075',
      'ballast_worker_heap_limit_bytes{worker="0"} 4096',
      'ballast_request_duration_seconds_count{pool="web"} 16',
      'ballast_request_duration_seconds_bucket{pool="web",le="+Inf"} 16',
      'ballast_control_plane_gc_seconds_total 0.75',
      'ballast_control_plane_loop_delay_p99_seconds 0.0015',
      'ballast_ready 1',
      'ballast_route_requests_total{route="1",host="",path="/v1",pool="web"} 11',
    ]) {
      assert.ok(lines.includes(line), line);
    }
    assert.ok(lines.includes('ballast_request_duration_seconds_bucket{pool="web",le="0.000504"} 0'));
    assert.ok(
      lines.includes('ballast_request_duration_seconds_bucket{pool="web",le="0.001008"} 14'),
      'counted before the first sample as well',
    );
  });

  describe('queries of the dashboard', () => {
    const scopes = [{}, { pool: 'web' }, { pool: 'web', backend: 'b1' }] as const;
    const queries = [
      ...scopes.flatMap((scope) => [
        promQl.requests(scope),
        promQl.errors(scope),
        promQl.latency(scope),
        promQl.latencies(scope),
        promQl.inFlight(scope),
      ]),
      promQl.requestsByBackend({ pool: 'web' }),
      promQl.errorsAndRetries({}),
      promQl.errorsAndRetries({ pool: 'web' }),
      promQl.load({}),
      promQl.load({ pool: 'web' }),
      promQl.connections(),
      promQl.requests({ pool: 'web', backend: NASTY }),
    ];

    it('ask for what there is', () => {
      const lines = writeMetrics(setup()).split('\n');
      for (const query of queries) {
        const asked = [...query.matchAll(/(ballast_\w+)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?/g)];
        assert.ok(asked.length > 0, query);
        for (const [, name = '', labels = ''] of asked) {
          const isThere = lines.some((line) => line.startsWith(`${name}{${labels}`));
          assert.ok(isThere, `${name}{${labels}} of ${query}`);
        }
      }
    });

    it('are what promtool takes', (t) => {
      const rules = queries.map(
        (query, index) => `      - record: q:${index}\n        expr: ${JSON.stringify(query)}\n`,
      );
      const folder = mkdtempSync(join(tmpdir(), 'ballast-test-'));
      t.after(() => rmSync(folder, { recursive: true }));
      const file = join(folder, 'rules.yml');
      writeFileSync(file, `groups:\n  - name: q\n    rules:\n${rules.join('')}`);
      const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
      if (error !== undefined) return t.skip(`promtool (Debian package prometheus) cannot be run: ${error.message}`);
      assert.equal(status, 0, `${stdout}${stderr}`);
      assert.match(stdout, new RegExp(`${queries.length} rules found`));
    });
  });

  it('escapes a label so that it can be read back', () => {
    assert.equal(escapeLabel(NASTY), 'a\\"b\\\\c\\nd');
    const unescape = (text: string) =>
      text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', 'é', '{', '}') }), (value) => {
        const escaped = escapeLabel(value);
        assert.ok(!escaped.includes('\n') && !/(^|[^\\])(\\\\)*"/.test(escaped));
        assert.equal(unescape(escaped), value);
      }),
    );
  });

  it('refuses a family that is written twice', () => {
    const text = new MetricsText();
    text.single('ballast_a', 'gauge', 'A.', 1);
    assert.throws(() => text.family('ballast_a', 'gauge', 'A.'), /written twice/);
    assert.throws(() => text.family('9', 'gauge', 'A.'), /not a metric name/);
  });
});

describe('metrics: histograms', () => {
  it('has bounds between fine buckets, each near to its round number', () => {
    const wished = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    assert.deepEqual(
      BOUNDS.map(({ seconds }) => seconds),
      [...new Set(BOUNDS.map(({ seconds }) => seconds))].sort((a, b) => a - b),
    );
    for (const [index, { seconds }] of BOUNDS.entries()) {
      const wish = wished[index] ?? 0;
      assert.ok(Math.abs(seconds - wish) <= wish * 0.016, `${seconds} for ${wish}`);
    }
  });

  it('counts exactly what lies below each bound', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60_000_000 }), { maxLength: 60 }), (values) => {
        const counts = new Float64Array(HISTOGRAM_BUCKETS);
        for (const micros of values) counts[bucketOf(micros)] = (counts[bucketOf(micros)] ?? 0) + 1;
        const text = new MetricsText();
        text.family('ballast_x', 'histogram', 'X.');
        writeHistogram(text, [], counts);
        const lines = text.toString().split('\n');
        for (const { seconds } of BOUNDS) {
          const expected = values.filter((micros) => micros < seconds * 1e6 - 1e-3).length;
          assert.ok(lines.includes(`ballast_x_bucket{le="${seconds}"} ${expected}`), `${seconds}: ${expected}`);
        }
        assert.ok(lines.includes(`ballast_x_count ${values.length}`));
        const sum = Number(lines.find((line) => line.startsWith('ballast_x_sum'))?.split(' ')[1]);
        const exact = values.reduce((total, micros) => total + micros, 0) / 1e6;
        assert.ok(Math.abs(sum - exact) <= exact * 0.016 + 1e-6, `${sum} for ${exact}`);
      }),
    );
  });
});
