/**
 * Serves the built page with a fake balancer behind it: the real live channel and the real routes
 * of the admin API, over figures that are made up.
 *
 * `node dashboard/dev/fake-server.ts [--port 8190] [--scenario fleet|calm|thousand|idle|empty] [--token T]`
 *
 * Used by hand, and by the tests in a browser through `startFakeServer`. The page is served with
 * the same policy as by the real one, so that whatever breaks it breaks here first.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { type WebSocket, WebSocketServer } from 'ws';
import { addEventsRoute } from '../../src/control-plane/admin/events-route.ts';
import { addFailuresRoute } from '../../src/control-plane/admin/failures-route.ts';
import { addHistoryRoute } from '../../src/control-plane/admin/history-route.ts';
import { LiveStream } from '../../src/control-plane/admin/live/live-stream.ts';
import { ProblemError } from '../../src/control-plane/admin/problems.ts';
import { type AdminApp, addPath } from '../../src/control-plane/admin/routes.ts';
import { addSnapshotRoute } from '../../src/control-plane/admin/snapshot-route.ts';
import { Listeners } from '../../src/control-plane/listeners.ts';
import { addFakeBackendLog } from './fake-backend-log.ts';
import { write as change, FakeProblem, findFakePool, sharesOf, tagOf } from './fake-changes.ts';
import { FakeFleet } from './fake-fleet.ts';
import type { Scenario } from './fake-pools.ts';

export interface FakeServerOptions {
  readonly port?: number;
  readonly scenario?: Scenario;
  readonly token?: string | null;
  /** Time between deltas; shorter in tests. */
  readonly tickMs?: number;
}

export interface FakeServer {
  readonly url: string;
  readonly fleet: FakeFleet;
  /** What the page asked for, such as `PATCH /api/v1/pools/api {"policy":"round-robin"}`. */
  readonly writes: string[];
  /** What the page looks at now, by connection. */
  readonly topics: () => readonly string[];
  /** Channels that were opened so far. */
  readonly connections: () => number;
  /** Bytes of all messages to pages so far. */
  readonly sentBytes: () => number;
  /** Refuses writes with this detail from now on; null takes them again. */
  refuseWrites(detail: string | null): void;
  /** Answers writes this much later. */
  delayWrites(ms: number): void;
  /** Goes quiet: sends nothing more, closes nothing, and cuts whoever comes anew. */
  setSilent(isSilent: boolean): void;
  /** Refuses WebSockets from now on, and ends those that are open. */
  blockLive(isBlocked: boolean): void;
  /** Leaves out the next delta: a gap in `seq`. */
  skipDelta(): void;
  readonly resyncCount: () => number;
  close(): Promise<void>;
}

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

export async function startFakeServer(options: FakeServerOptions = {}): Promise<FakeServer> {
  const token = options.token ?? null;
  const fleet = new FakeFleet(options.scenario ?? 'fleet', Date.now());
  const writes: string[] = [];
  const seconds = new Listeners();
  let refusal: string | null = null;
  let delayMs = 0;
  let isSilent = false;
  let isBlocked = false;
  let isSkipping = false;
  let resyncs = 0;
  let sentBytes = 0;
  let connections = 0;
  let topics: readonly string[] = [];

  const stream = new LiveStream({
    takeSource: () => fleet,
    onSecond: (listener) => seconds.add(listener),
    onEvent: (listener) => fleet.journal.onEvent(listener),
    monotonicMs: () => performance.now(),
  });
  const tick = (): void => {
    fleet.advance(Date.now());
    if (!isSilent) seconds.tell();
    isSkipping = false;
  };

  const app: AdminApp = new Hono();
  app.onError((error) =>
    error instanceof ProblemError ? error.response() : new ProblemError(500, 'fake-server', String(error)).response(),
  );
  addSnapshotRoute(app, () => fleet);
  addHistoryRoute(app, fleet.history, { pool: () => undefined, backend: () => undefined });
  addEventsRoute(app, fleet.journal);
  addFailuresRoute(app);
  addPath(app, '/api/v1/pools/:pool/shares', {
    GET: ({ req, json }) => json(sharesOf(findFakePool(fleet, req.param('pool') ?? ''), req.query('policy') ?? '')),
  });
  addFakeBackendLog(app, fleet);
  addPath(app, '/api/v1/status', { GET: (c) => c.json(fleet.status()) });
  const respond = getRequestListener(app.fetch, { overrideGlobalObjects: false });

  const isAllowed = (request: IncomingMessage): boolean =>
    token === null || (request.headers.cookie ?? '').includes(`fake-session=${token}`);

  const answer = (response: ServerResponse, status: number, body: unknown = null): void => {
    response.writeHead(status, {
      'content-type': status >= 400 ? 'application/problem+json' : 'application/json',
      'cache-control': 'no-store',
    });
    response.end(body === null ? undefined : JSON.stringify(body));
  };
  const problem = (response: ServerResponse, status: number, code: string, detail: string): void =>
    answer(response, status, { type: 'about:blank', title: code, status, detail, code });

  const write = async (request: IncomingMessage, response: ServerResponse, parts: string[]): Promise<void> => {
    const text = await bodyOf(request);
    const isDryRun = (request.url ?? '').endsWith('?dryRun=1');
    if (!isDryRun) writes.push(`${request.method} ${request.url} ${text}`.trim());
    if (delayMs > 0 && !isDryRun) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (refusal !== null && !isDryRun) return problem(response, 422, 'refused', refusal);
    try {
      // Who looks at what has not been for a while is told so.
      const wanted = request.headers['if-match'];
      if (wanted !== undefined && wanted !== tagOf(fleet)) {
        response.setHeader('etag', tagOf(fleet));
        throw new FakeProblem(412, 'settings-changed', 'The settings have changed since they were read.');
      }
      const body: unknown = text === '' ? {} : JSON.parse(text);
      const result = change(fleet, { method: request.method ?? '', parts, body, isDryRun });
      response.setHeader('etag', tagOf(fleet));
      answer(response, 200, result);
    } catch (error) {
      if (!(error instanceof FakeProblem)) throw error;
      problem(response, error.status, error.code, error.message);
    }
  };

  const server = createServer((request, response) => {
    if (isSilent) {
      request.socket.destroy();
      return;
    }
    void (async () => {
      const path = new URL(request.url ?? '/', 'http://fake').pathname;
      if (path === '/api/v1/session') {
        const given = (JSON.parse(await bodyOf(request)) as { token?: string }).token;
        if (given !== token) return problem(response, 401, 'unauthorized', 'The token is wrong.');
        response.setHeader('set-cookie', `fake-session=${token}; HttpOnly; SameSite=Strict; Path=/`);
        return answer(response, 204);
      }
      if (path.startsWith('/api/')) {
        if (!isAllowed(request)) return problem(response, 401, 'unauthorized', 'A token is needed.');
        if (request.method === 'GET') return respond(request, response);
        const parts = path.replace('/api/v1/pools/', '').split('/').map(decodeURIComponent);
        return write(request, response, parts);
      }
      const file = path === '/' ? 'index.html' : path.slice(1).replaceAll('..', '');
      const content = await readFile(`${DIST}${file}`).catch(() => null);
      response.writeHead(content === null ? 404 : 200, {
        'content-type': TYPES[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
        'content-security-policy': "default-src 'self'",
      });
      response.end(content ?? 'not found');
    })().catch((error: unknown) => problem(response, 500, 'fake-server', String(error)));
  });

  /** Sees what goes over a channel, and leaves out what is to be missed. */
  const watch = (client: WebSocket): void => {
    const send = client.send.bind(client);
    client.send = ((data: Buffer, ...rest: []) => {
      if (isSilent || (isSkipping && data.includes('"type":"delta"'))) return;
      sentBytes += data.length;
      send(data, ...rest);
    }) as WebSocket['send'];
    client.on('message', (data) => {
      const message = JSON.parse(String(data)) as { op?: string; topics?: readonly string[] };
      if (message.op === 'resync') resyncs += 1;
      topics = message.topics ?? topics;
    });
  };
  const live = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (isSilent) {
      socket.destroy();
      return;
    }
    if (isBlocked || !isAllowed(request)) {
      socket.end(`HTTP/1.1 ${isBlocked ? '403 Forbidden' : '401 Unauthorized'}\r\nconnection: close\r\n\r\n`);
      return;
    }
    live.handleUpgrade(request, socket, head, (client) => {
      connections += 1;
      watch(client);
      stream.add(client);
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const timer = setInterval(tick, options.tickMs ?? 1000);

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    fleet,
    writes,
    topics: () => topics,
    connections: () => connections,
    sentBytes: () => sentBytes,
    refuseWrites: (detail) => {
      refusal = detail;
    },
    delayWrites: (ms) => {
      delayMs = ms;
    },
    setSilent: (next) => {
      isSilent = next;
    },
    blockLive: (next) => {
      isBlocked = next;
      if (next) stream.terminate();
    },
    skipDelta: () => {
      isSkipping = true;
    },
    resyncCount: () => resyncs,
    close: async () => {
      clearInterval(timer);
      stream.terminate();
      live.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, scenario: { type: 'string' }, token: { type: 'string' } },
  });
  const server = await startFakeServer({
    port: Number(values.port ?? 8190),
    scenario: (values.scenario ?? 'fleet') as Scenario,
    token: values.token ?? null,
  });
  console.log(server.url);
}
