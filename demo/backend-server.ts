/**
 * One demo backend as an HTTP server: what it answers, and the dials that make it slow or faulty.
 * Started by `backend.ts` as a process of its own.
 */
import http from 'node:http';

/** What can be turned while the backend runs. */
export interface Dials {
  /** Wait before each answer, milliseconds. */
  delayMs: number;
  /** Up to that much more, evenly spread, milliseconds. */
  jitterMs: number;
  /** Share of answers to `/` that are a 500, 0..1. */
  errorRate: number;
}

/** Bounds of a dial: an hour of delay is a mistake in a unit, not a wish. */
const LARGEST = { delayMs: 60_000, jitterMs: 60_000, errorRate: 1 } as const;
const CONTROL_BODY_BYTES = 4096;

export interface DemoBackend {
  readonly server: http.Server;
  readonly dials: Dials;
}

/** Makes the server; the caller listens. */
export function demoBackend(name: string, dials: Dials): DemoBackend {
  const startMs = performance.now();
  const requestsByStatus = new Map<number, number>();
  let isReady = true;
  let requestCount = 0;

  const server = http.createServer((request, response) => {
    // A path is all that is routed on here, so a target that is no URL is simply not found.
    const path = request.url?.split('?')[0] ?? '/';
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    response.setHeader('X-Served-By', name);
    if (isRead && (path === '/healthz' || path === '/readyz')) {
      answer(response, isReady ? 200 : 503, 'text/plain', isReady ? 'ok\n' : 'not ready\n');
    } else if (isRead && path === '/metrics') {
      answer(response, 200, 'text/plain; version=0.0.4', metrics());
    } else if (request.method === 'POST' && (path === '/admin/ready/' || path === '/admin/ready')) {
      control(request, response, ({ ready }) => {
        if (typeof ready !== 'boolean') return 'expected {"ready": true} or {"ready": false}';
        isReady = ready;
        return { name, ready };
      });
    } else if (request.method === 'POST' && (path === '/admin/dials' || path === '/admin/dials/')) {
      control(request, response, (wanted) => turn(dials, wanted));
    } else {
      request.resume();
      serve(request, response);
    }
  });
  return { server, dials };

  function answer(response: http.ServerResponse, status: number, type: string, body: string): void {
    // Without this a connection that is busy when the server closes lives for as long as requests come.
    if (!server.listening) response.shouldKeepAlive = false;
    response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  }

  /** Reads a small JSON object and answers what `act` makes of it; a string is a complaint. */
  function control(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    act: (body: Record<string, unknown>) => object | string,
  ): void {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      if (text.length <= CONTROL_BODY_BYTES) text += chunk;
    });
    request.on('end', () => {
      const body = text.length <= CONTROL_BODY_BYTES ? parseObject(text) : null;
      const result = body === null ? 'expected a JSON object' : act(body);
      const isDone = typeof result !== 'string';
      const content = isDone ? result : { error: result };
      answer(response, isDone ? 200 : 400, 'application/json', `${JSON.stringify(content)}\n`);
    });
  }

  function serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    requestCount++;
    const count = requestCount;
    const waitMs = dials.delayMs + Math.random() * dials.jitterMs;
    const isFault = Math.random() < dials.errorRate;
    const send = (): void => {
      const status = isFault ? 500 : 200;
      requestsByStatus.set(status, (requestsByStatus.get(status) ?? 0) + 1);
      const body = { name, request: count, method: request.method, path: request.url, ready: isReady, error: isFault };
      answer(response, status, 'application/json', `${JSON.stringify(body)}\n`);
    };
    if (waitMs < 1) send();
    else setTimeout(send, waitMs);
  }

  function metrics(): string {
    const label = `backend=${JSON.stringify(name)}`;
    return [
      '# HELP demo_requests_total Requests answered, by status.',
      '# TYPE demo_requests_total counter',
      ...[...requestsByStatus].map(([status, count]) => `demo_requests_total{${label},status="${status}"} ${count}`),
      '# HELP demo_ready Whether the backend says that it is ready.',
      '# TYPE demo_ready gauge',
      `demo_ready{${label}} ${isReady ? 1 : 0}`,
      '# HELP demo_uptime_seconds Time since the start.',
      '# TYPE demo_uptime_seconds gauge',
      `demo_uptime_seconds{${label}} ${((performance.now() - startMs) / 1000).toFixed(3)}`,
      '',
    ].join('\n');
  }
}

/** Turns the dials that are named; answers all of them, or what is wrong with the wish. */
function turn(dials: Dials, wanted: Record<string, unknown>): object | string {
  const next = { ...dials };
  for (const [key, value] of Object.entries(wanted)) {
    if (key !== 'delayMs' && key !== 'jitterMs' && key !== 'errorRate') return `unknown dial ${JSON.stringify(key)}`;
    if (typeof value !== 'number' || !(value >= 0 && value <= LARGEST[key])) {
      return `${key}: expected a number from 0 to ${LARGEST[key]}`;
    }
    next[key] = value;
  }
  return Object.assign(dials, next);
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
