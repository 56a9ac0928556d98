/**
 * The demo's traffic: a gentle, endless stream of mixed requests against one address.
 *
 * Open loop: requests begin by the clock, whether or not earlier ones were answered, as people
 * do; a closed loop would slow down with the balancer and hide its trouble. The number of
 * requests under way is bounded all the same, so that a balancer that hangs is not buried.
 *
 * A process of its own, started by `fleet.ts` with the address as its argument, so that its work
 * is not mistaken for the balancer's. Ends with its parent.
 */
import http from 'node:http';

const MEAN_PER_SECOND = 120;
/** The rate swings by that share around its mean, so that the charts have something to show. */
const SWING = 0.35;
const WAVE_MS = 90_000;
const TICK_MS = 20;
const MAX_UNDER_WAY = 256;
const REQUEST_TIMEOUT_MS = 10_000;

interface Shape {
  readonly method: string;
  readonly path: string;
  readonly body: string | null;
  /** How often, against the sum of all. */
  readonly share: number;
}

const SHAPES: readonly Shape[] = [
  { method: 'GET', path: '/', body: null, share: 50 },
  { method: 'GET', path: '/products?page=2', body: null, share: 25 },
  { method: 'HEAD', path: '/', body: null, share: 5 },
  { method: 'POST', path: '/orders', body: JSON.stringify({ items: [{ id: 7, count: 2 }] }), share: 15 },
  { method: 'PUT', path: '/profile', body: 'x'.repeat(8192), share: 5 },
];
const ALL_SHARES = SHAPES.reduce((sum, shape) => sum + shape.share, 0);

/** Requests a second at a moment, milliseconds since the start. */
export function rateAt(elapsedMs: number): number {
  return MEAN_PER_SECOND * (1 + SWING * Math.sin((2 * Math.PI * elapsedMs) / WAVE_MS));
}

/** The shape of the request that a number in [0, 1) draws. */
export function drawShape(draw: number): Shape {
  let rest = draw * ALL_SHARES;
  for (const shape of SHAPES) {
    rest -= shape.share;
    if (rest < 0) return shape;
  }
  throw new RangeError(`${draw} is not in [0, 1)`);
}

/** Starts the stream; the answer stops it and cuts what is under way. */
export function startTraffic(base: URL): () => void {
  const agent = new http.Agent({ keepAlive: true, maxSockets: MAX_UNDER_WAY, timeout: REQUEST_TIMEOUT_MS });
  const startMs = performance.now();
  let lastMs = startMs;
  let due = 0;
  let underWay = 0;

  const timer = setInterval(() => {
    const nowMs = performance.now();
    due += (rateAt(nowMs - startMs) * (nowMs - lastMs)) / 1000;
    lastMs = nowMs;
    for (; due >= 1; due--) {
      if (underWay < MAX_UNDER_WAY) send(drawShape(Math.random()));
    }
  }, TICK_MS);

  function send({ method, path, body }: Shape): void {
    underWay++;
    const headers = body === null ? {} : { 'Content-Type': 'application/json', 'Content-Length': body.length };
    const request = http.request(new URL(path, base), { method, agent, headers, timeout: REQUEST_TIMEOUT_MS });
    request.on('response', (response) => response.on('error', ignore).resume());
    request.on('timeout', () => request.destroy());
    // What fails shows on the dashboard; the traffic itself only goes on.
    request.on('error', ignore);
    request.on('close', () => {
      underWay--;
    });
    request.end(body ?? undefined);
  }

  return () => {
    clearInterval(timer);
    agent.destroy();
  };
}

function ignore(): void {}

if (import.meta.main) {
  const [address] = process.argv.slice(2);
  if (address === undefined) throw new Error('usage: traffic.ts URL');
  const stop = startTraffic(new URL(address));
  const end = (): void => {
    stop();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end);
  process.on('disconnect', end);
  process.channel?.unref();
}
