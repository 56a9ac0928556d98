/**
 * What people and scripts use: the API, the live channel and the dashboard.
 *
 * Made by `server.ts` when something of it is first asked for, and not before: see `late-app.ts`.
 * By then the request is known to be meant for this server. Who sends it (token or session), whether
 * a foreign page does (`Origin`), and what it wants is found out here, in this order.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { WebSocketServer } from 'ws';
import { POLICIES } from '../../balancing/policies.ts';
import { formatAddress } from '../../config/addresses.ts';
import type { BackendLog } from '../health/backend-log.ts';
import { RosterError } from '../roster/roster-model.ts';
import { assetResponse, loadAssets, missingBuildResponse } from './assets.ts';
import type { Access } from './auth.ts';
import { addBackendLogRoutes } from './backend-log-routes.ts';
import { readBody, SignInSchema } from './body.ts';
import { addChangesRoutes } from './changes-routes.ts';
import { addCheckRoute } from './check-route.ts';
import { addConfigFileRoutes } from './config-file-routes.ts';
import { addConfigRoutes } from './config-routes.ts';
import type { AdminDeps } from './deps.ts';
import { addEventsRoute } from './events-route.ts';
import { addExplainRoute } from './explain-route.ts';
import { addFailuresRoute } from './failures-route.ts';
import { addHistoryRoute } from './history-route.ts';
import { LiveStream } from './live/live-stream.ts';
import { checkOrigin, isRead, type OwnHosts } from './origin.ts';
import { internalProblem, ProblemError } from './problems.ts';
import { type AdminApp, addApiRoutes, addPath } from './routes.ts';
import { addSharesRoute } from './shares-route.ts';
import { addSnapshotRoute } from './snapshot-route.ts';
import { addSystemRoutes } from './system-routes.ts';
import { TopicLeases } from './topic-leases.ts';
import { SamplerSource } from './topics/sampler-source.ts';
import { LIVE_PATH } from './upgrade.ts';

const DASHBOARD_DIR = fileURLToPath(new URL('../../../dashboard/dist', import.meta.url));
const MAX_PAYLOAD_BYTES = 64 * 1024;

export interface AppParts {
  readonly deps: AdminDeps;
  readonly access: Access;
  readonly hosts: OwnHosts;
  readonly backendLog: BackendLog;
  readonly monotonicMs: () => number;
}

export interface App {
  respond(request: IncomingMessage, response: ServerResponse): void;
  /** Whether as many pages are open as may be. */
  readonly isFull: boolean;
  /** Takes a WebSocket on that was let in. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, onOpen: () => void): void;
  /** Closes live channels (1001). */
  close(): void;
  /** Ends the live channels that have not closed by themselves. */
  terminate(): void;
}

export function createApp(parts: AppParts): App {
  const { deps, hosts, monotonicMs } = parts;
  const takeSource = sourceOf(deps);
  const stream = new LiveStream({
    takeSource,
    onSecond: (listener) => deps.sampler.onSecond(listener),
    onEvent: (listener) => deps.journal.onEvent(listener),
    monotonicMs,
  });
  const router = createRouter(parts);
  const leases = new TopicLeases(monotonicMs);
  deps.sampler.onSecond(() => leases.sweep());
  addSnapshotRoute(router, takeSource, (request, topics, source) => {
    // What begins something is for no foreign page, not even by a GET.
    if (leases.beginAny(topics)) checkOrigin(request, hosts);
    leases.hold(topics, source);
  });
  addSystemRoutes(router, deps, takeSource);
  const respond = getRequestListener(router.fetch, { overrideGlobalObjects: false });
  // No compression: it costs memory by the page, and has been the way in for several attacks.
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD_BYTES,
  });
  return {
    respond: (request, response) => void respond(request, response),
    get isFull() {
      return stream.isFull;
    },
    upgrade(request, socket, head, onOpen) {
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        onOpen();
        stream.add(webSocket);
      });
    },
    close: () => stream.close(),
    terminate: () => stream.terminate(),
  };
}

/** How the live channel and its fallback look at the control plane. */
function sourceOf(deps: AdminDeps): () => SamplerSource {
  const { roster, sampler, journal, supervisor, version, isDraining } = deps;
  const parts = {
    instance: randomUUID(),
    version,
    sampler,
    roster,
    journal,
    workers: () => supervisor.workers(),
    process: deps.process,
    routes: deps.routes,
    listenerStatuses: deps.listeners,
    taps: deps.taps,
    isDraining,
    policies: POLICIES.map(({ name, summary, usesWeights }) => ({ name, summary, usesWeights })),
    listeners: () => roster.config.listeners.map(({ name, address }) => ({ name, address: formatAddress(address) })),
  };
  return () => new SamplerSource(parts);
}

function createRouter({ deps, access, hosts, backendLog }: AppParts): AdminApp {
  const app: AdminApp = new Hono();
  app.use('*', async (c, next) => {
    const request = c.env.incoming;
    if (!isRead(c.req.method)) checkOrigin(request, hosts);
    if (needsToken(c.req.method, c.req.path)) access.check(request);
    await next();
  });
  app.notFound(() => new ProblemError(404, 'not-found', 'There is nothing at this path.').response());
  app.onError((error) => {
    if (error instanceof ProblemError) return error.response();
    if (error instanceof RosterError) return problemOf(error).response();
    deps.log.error({ err: error }, 'the admin API failed to answer a request');
    return internalProblem().response();
  });
  addApiRoutes(app, deps);
  addEventsRoute(app, deps.journal);
  addFailuresRoute(app);
  addHistoryRoute(app, deps.sampler.history, deps.roster);
  addSharesRoute(app, deps.roster, deps.sampler);
  addExplainRoute(app, deps.roster, deps.sampler, deps.journal);
  addConfigRoutes(app, deps);
  addConfigFileRoutes(app, deps);
  addChangesRoutes(app, deps);
  addBackendLogRoutes(app, deps.roster, backendLog);
  addCheckRoute(app, deps);
  addSessionRoutes(app, access);
  addDashboard(app, deps);
  return app;
}

function problemOf({ status, code, detail }: RosterError): ProblemError {
  return new ProblemError(status, code, detail, status === 503 ? { headers: { 'retry-after': '1' } } : {});
}

/** Everything but the page itself and the way to sign in. */
function needsToken(method: string, path: string): boolean {
  if (path === '/api/v1/session' && method === 'POST') return false;
  return path === '/api' || path.startsWith('/api/');
}

function addSessionRoutes(app: AdminApp, access: Access): void {
  addPath(app, '/api/v1/session', {
    POST: async (c) => {
      const { token } = await readBody(c.req.raw, SignInSchema);
      return c.body(null, 204, { 'set-cookie': access.signIn(c.env.incoming, token) });
    },
    DELETE: (c) => c.body(null, 204, { 'set-cookie': access.signOut(c.env.incoming) }),
  });
  addPath(app, '/login', {
    GET: (c) => {
      // Relative, so that it holds under any base path.
      if (access.isOpen || access.hasSession(c.env.incoming)) return c.redirect('./', 303);
      // A link preview or a prefetch must not use up the code.
      if (c.req.method === 'HEAD' || isPrefetch(c.env.incoming)) return c.body(null, 204);
      const cookie = access.redeem(c.env.incoming, c.req.query('code') ?? '');
      return c.body(null, 303, { location: './', 'set-cookie': cookie });
    },
  });
  addPath(app, LIVE_PATH, {
    GET: () => {
      throw new ProblemError(426, 'websocket-only', 'The live channel is a WebSocket.', {
        headers: { upgrade: 'websocket', connection: 'upgrade' },
      });
    },
  });
}

function addDashboard(app: AdminApp, deps: AdminDeps): void {
  const dir = deps.dashboardDir ?? DASHBOARD_DIR;
  let assets = loadAssets(dir);
  app.on('GET', '*', (c, next) => {
    const path = c.req.path.slice(1);
    const isPage = path === '' || path === 'index.html';
    // A build that came later is taken up; one that is there is never read again.
    if (isPage) assets ??= loadAssets(dir);
    const response = assets === null ? null : assetResponse(assets, path, c.req.raw.headers);
    if (response !== null) return Promise.resolve(response);
    return isPage ? Promise.resolve(missingBuildResponse()) : next();
  });
  app.all('/', ({ req }) => {
    throw new ProblemError(405, 'method-not-allowed', `${req.method} is not for this path; use GET, HEAD.`, {
      headers: { allow: 'GET, HEAD' },
    });
  });
}

function isPrefetch({ headers }: IncomingMessage): boolean {
  return /prefetch|prerender/i.test(`${String(headers['sec-purpose'] ?? '')} ${String(headers.purpose ?? '')}`);
}
