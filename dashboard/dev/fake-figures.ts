/** What a second brings to the pools of the fake balancer: figures that move like real ones. */
import type { PoolSecond } from '../../src/protocol/dashboard.ts';
import { type FakeBackend, type FakePool, NOTHING } from './fake-pools.ts';

/** A number 0..1 that looks random and is the same for the same seed. */
export function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value);
}

const takes = (backend: FakeBackend): boolean => backend.state === 'up' || backend.state === 'unknown';

export function tickPool(pool: FakePool, second: number, atMs: number): PoolSecond {
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
  const backendRps: Record<string, number> = {};
  for (const [index, backend] of pool.backends.entries()) {
    const part = sum === 0 ? 0 : weightOf(backend) / sum;
    const own = Math.round(demand * part * (1 + 0.06 * (noise(second * 3 + index) - 0.5)));
    tickBackend(backend, own, errorShare, second + index, atMs);
    backendRps[backend.name] = own;
    rps += own;
  }
  pool.backends = pool.backends.filter((backend) => !backend.isRemoved || backend.inFlight > 0);
  const isMeasured = rps > 0;
  const p50 = isMeasured ? 3 + noise(second) + (pool.name === 'static' ? 8 : 0) : null;
  const p95 = p50 === null ? null : p50 * (3.4 + noise(second + 9));
  const p99 = p95 === null ? null : p95 * (1.7 + 0.5 * Math.sin(second / 31) + 0.5 * noise(second + 5));
  const errorsPerSecond = Math.round(rps * errorShare);
  pool.rps = rps;
  pool.requests += rps;
  pool.failures += Math.round(errorsPerSecond / 2);
  pool.failuresByCode = { UPSTREAM_CONNECT_REFUSED: pool.failures };
  pool.retries += errorsPerSecond;
  pool.statuses = { ...pool.statuses, '2xx': pool.statuses['2xx'] + rps - errorsPerSecond };
  pool.bytesIn += rps * 120;
  pool.bytesOut += rps * 5400;
  pool.latencyMs = { p50, p90: p95, p95, p99 };
  return { rps, errorsPerSecond, p50, p95, p99, backendRps };
}

function tickBackend(backend: FakeBackend, rps: number, errorShare: number, seed: number, atMs: number): void {
  const errors = Math.round(rps * errorShare);
  backend.rps = rps;
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
  if (backend.state === 'draining')
    backend.inFlight = backend.inFlight === 0 ? 37 : Math.max(2, backend.inFlight - (seed % 9 === 0 ? 1 : 0));
  else backend.inFlight = Math.round((rps * (4 + 6 * noise(seed))) / 1000 / (backend.speed / 3));
  if (backend.isRemoved) backend.inFlight = Math.max(0, backend.inFlight - 9);
  backend.idleConnections = takes(backend) ? 8 + Math.round(6 * noise(seed)) : 0;
  backend.connections = backend.inFlight + backend.idleConnections;
  const p50 = 2.5 + 3 / backend.speed + noise(seed);
  backend.latencyMs = rps === 0 ? NOTHING : { p50, p90: p50 * 3, p95: p50 * 3.6, p99: p50 * (6 + 4 * noise(seed)) };
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
