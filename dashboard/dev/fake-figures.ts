/** One second of a fake pool: figures that look and move like real ones, in the shapes of real ones. */
import type { RowFigures } from '../../src/control-plane/admin/topics/source.ts';
import { LatencySeconds } from '../../src/control-plane/metrics/sampler-window.ts';
import type { LatencyMs } from '../../src/protocol/admin-api.ts';
import { bucketOf } from '../../src/state/histogram.ts';
import type { FakeBackend, FakePool } from './fake-pools.ts';

/** A number 0..1 that looks random and is the same for the same seed. */
export function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value);
}

/** So many latencies stand for all of a second, from quick to slow. */
const SAMPLES = 24;

export class FakeFigures implements RowFigures {
  finished = 0;
  errors = 0;
  retries = 0;
  inFlight = 0;
  connections = 0;
  idleConnections = 0;
  clientConnections = 0;
  queued = 0;
  readonly latencies = new LatencySeconds();

  get rps(): number {
    return this.finished;
  }

  get errorsPerSecond(): number {
    return this.errors;
  }

  latency(): LatencyMs {
    return this.latencies.latency();
  }

  /** Ends a second in which so many took about so long: half of them less, a few much more. */
  spend(finished: number, middleMs: number, tail: number): void {
    this.finished = finished;
    const second = this.latencies.begin();
    if (finished === 0) return;
    const counts = new Map<number, number>();
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      const place = (sample + 0.5) / SAMPLES;
      const micros = 1000 * middleMs * (0.5 + place) * (1 + tail * place ** 8);
      const bucket = bucketOf(micros);
      const share = Math.floor(((sample + 1) * finished) / SAMPLES) - Math.floor((sample * finished) / SAMPLES);
      if (share > 0) counts.set(bucket, (counts.get(bucket) ?? 0) + share);
    }
    for (const [bucket, count] of [...counts].sort(([a], [b]) => a - b)) second.push(bucket, count);
    this.latencies.touch();
  }
}

const takes = (backend: FakeBackend): boolean => backend.state === 'up' || backend.state === 'unknown';

export function tickPool(pool: FakePool, second: number, atMs: number): void {
  const wave = 1 + 0.25 * Math.sin(second / 47) + 0.12 * (noise(second) - 0.5);
  const demand = pool.demand * wave;
  const weightOf = (backend: FakeBackend): number => {
    if (!takes(backend)) return 0;
    return pool.policy === 'weighted-round-robin'
      ? backend.weight
      : pool.policy === 'least-connections'
        ? backend.speed
        : 1;
  };
  const sum = pool.backends.reduce((total, backend) => total + weightOf(backend), 0);
  const errorShare = second % 300 < 20 ? 0.02 : 0.0006;
  let rps = 0;
  for (const [index, backend] of pool.backends.entries()) {
    const part = sum === 0 ? 0 : weightOf(backend) / sum;
    const own = Math.round(demand * part * (1 + 0.06 * (noise(second * 3 + index) - 0.5)));
    tickBackend(backend, own, errorShare, second + index, atMs);
    backend.expectedShare = pool.policy === 'least-connections' ? null : part;
    rps += own;
  }
  pool.backends = pool.backends.filter((backend) => !backend.isRemoved || backend.figures.inFlight > 0);
  for (const backend of pool.backends) backend.actualShare = rps > 0 ? backend.figures.rps / rps : null;
  const { figures } = pool;
  figures.spend(rps, 3 + noise(second) + (pool.name === 'static' ? 8 : 0), 6 + 2 * Math.sin(second / 31));
  figures.errors = Math.round(rps * errorShare);
  figures.retries = figures.errors;
  figures.inFlight = pool.backends.reduce((total, backend) => total + backend.figures.inFlight, 0);
  figures.connections = pool.backends.reduce((total, backend) => total + backend.figures.connections, 0);
  figures.idleConnections = pool.backends.reduce((total, backend) => total + backend.figures.idleConnections, 0);
  pool.requests += rps;
  pool.failures += Math.round(figures.errors / 2);
  pool.failuresByCode = { UPSTREAM_CONNECT_REFUSED: pool.failures };
  pool.retries += figures.errors;
  pool.statuses = { ...pool.statuses, '2xx': pool.statuses['2xx'] + rps - figures.errors };
  pool.bytesIn += rps * 120;
  pool.bytesOut += rps * 5400;
}

function tickBackend(backend: FakeBackend, rps: number, errorShare: number, seed: number, atMs: number): void {
  const { figures } = backend;
  const errors = Math.round(rps * errorShare);
  figures.spend(rps, 2.5 + 3 / backend.speed + noise(seed), 8);
  figures.errors = errors;
  backend.requests += rps;
  backend.statuses = {
    ...backend.statuses,
    '2xx': backend.statuses['2xx'] + rps - errors,
    '4xx': backend.statuses['4xx'] + (seed % 5 === 0 && rps > 0 ? 1 : 0),
    '5xx': backend.statuses['5xx'] + errors,
  };
  if (errors > 0) {
    backend.failures += errors;
    backend.failuresByCode = { UPSTREAM_CONNECT_RESET: backend.failures };
  }
  if (backend.state === 'draining') {
    const left = figures.inFlight - (seed % 9 === 0 ? 1 : 0);
    figures.inFlight = figures.inFlight === 0 ? 37 : Math.max(2, left);
  } else figures.inFlight = Math.round((rps * (4 + 6 * noise(seed))) / 1000 / (backend.speed / 3));
  if (backend.isRemoved) figures.inFlight = Math.max(0, figures.inFlight - 9);
  figures.idleConnections = takes(backend) ? 8 + Math.round(6 * noise(seed)) : 0;
  figures.connections = figures.inFlight + figures.idleConnections;
  if (backend.nextCheckMs !== null && backend.nextCheckMs <= atMs) {
    const isPass = backend.state !== 'down' && backend.state !== 'unresolved';
    backend.lastCheck = {
      atMs,
      isPass,
      detail: isPass ? 'status 200' : backend.reason,
      durationMs: 1 + 3 * noise(seed),
    };
    backend.nextCheckMs = atMs + (isPass ? 10_000 : 2_000);
  }
}
