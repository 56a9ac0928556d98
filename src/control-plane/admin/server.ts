/**
 * The admin server: API, live channel, metrics and dashboard on one port of the main thread.
 *
 * Started and closed by the balancer. It never touches a proxied byte, and nothing that it does
 * may take the process down: a handler that throws is answered 500 and logged. The order for
 * every request: is it meant for this server (`Host`), does a foreign page send it (`Origin`), who
 * sends it (token or session), and only then what it wants.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { POLICIES } from '../../balancing/policies.ts';
import { formatAddress } from '../../config/addresses.ts';
import { isWildcardAddress } from '../../config/hosts.ts';
import type { CarriedSessions } from '../../protocol/handover.ts';
import { listeningDescriptor } from '../../protocol/listening-descriptor.ts';
import { BackendLog } from '../health/backend-log.ts';
import { writeMetrics } from '../metrics/metrics.ts';
import { METRICS_CONTENT_TYPE } from '../metrics/metrics-text.ts';
import { http } from '../node-http.ts';
import { RosterError } from '../roster/roster-model.ts';
import { acceptsGzip, assetResponse, loadAssets, missingBuildResponse } from './assets.ts';
import { Access } from './auth.ts';
import { addBackendLogRoutes } from './backend-log-routes.ts';
import { readBody, SignInSchema } from './body.ts';
import { addChangesRoutes } from './changes-routes.ts';
import { addCheckRoute } from './check-route.ts';
import { addConfigFileRoutes } from './config-file-routes.ts';
import { addConfigRoutes } from './config-routes.ts';
import type { AdminDeps } from './deps.ts';
import { addEventsRoute } from './events-route.ts';
import { addExplainRoute } from './explain-route.ts';
import { exposureProblem } from './exposure.ts';
import { addFailuresRoute } from './failures-route.ts';
import { addHistoryRoute } from './history-route.ts';
import { LiveStream } from './live/live-stream.ts';
import { checkHost, checkOrigin, type OwnHosts, ownHostsOf } from './origin.ts';
import { PROBLEM_TYPE, ProblemError } from './problems.ts';
import { type AdminApp, addApiRoutes, addPath } from './routes.ts';
import { addSharesRoute } from './shares-route.ts';
import { addSnapshotRoute } from './snapshot-route.ts';
import { addSystemRoutes } from './system-routes.ts';
import { TopicLeases } from './topic-leases.ts';
import { SamplerSource } from './topics/sampler-source.ts';
import { attachUpgrades, LIVE_PATH } from './upgrade.ts';

const DASHBOARD_DIR = fileURLToPath(new URL('../../../dashboard/dist', import.meta.url));
const MAX_CONNECTIONS = 1024;
const READS = ['GET', 'HEAD', 'OPTIONS'];
const gzipAsync = promisify(gzip);

const SECURITY_FIELDS: readonly (readonly [string, string])[] = [
  [
    'content-security-policy',
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  ],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'same-origin'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
];

export interface AdminServer {
  /** For people to open: the one-time link where a token is set, else the dashboard. */
  readonly url: string;
  /** The number of its listening socket; null where there is none. */
  readonly fd: number | null;
  readonly port: number;
  /** For a process that takes over; null without a token. */
  carrySessions(): CarriedSessions | null;
  /** The same without the code. */
  readonly baseUrl: string;
  /**
   * Stops accepting, closes live channels (1001), and cuts what is left after `timeoutMs`. Idle
   * connections are closed at once, unless another process accepts at this address: then a request
   * that is on its way is answered.
   */
  close(timeoutMs: number, isHandedOver?: boolean): Promise<void>;
}

/** Resolves when the port is open. Rejects with one sentence when it cannot be, or must not be. */
export async function startAdmin(deps: AdminDeps): Promise<AdminServer> {
  const { admin } = deps.config;
  if (admin === null) throw new Error('admin: there is no such section in the config');
  const { host, port } = admin.address;
  const problem = exposureProblem(admin);
  if (problem !== null) throw new Error(problem);
  const monotonicMs = deps.monotonicMs ?? (() => performance.now());
  const access = new Access(admin.token, monotonicMs);
  const hosts = ownHostsOf(admin);
  let isClosing = false;
  const takeSource = sourceOf(deps);
  const stream = new LiveStream({
    takeSource,
    onSecond: (listener) => deps.sampler.onSecond(listener),
    onEvent: (listener) => deps.journal.onEvent(listener),
    monotonicMs,
  });
  const backendLog = new BackendLog(deps.roster);
  const app = createApp(deps, access, hosts, backendLog);
  const leases = new TopicLeases(monotonicMs);
  deps.sampler.onSecond(() => leases.sweep());
  addSnapshotRoute(app, takeSource, (request, topics, source) => {
    // What begins something is for no foreign page, not even by a GET.
    if (leases.beginAny(topics)) checkOrigin(request, hosts);
    leases.hold(topics, source);
  });
  addSystemRoutes(app, deps, takeSource);
  const respond = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = http.createServer(
    {
      requireHostHeader: false,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      // Anything but a WebSocket (such as h2c) is an ordinary request, as RFC 9110 section 7.8 allows.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
    (request, response) => {
      if (isClosing) response.setHeader('connection', 'close');
      if (prepare(request, response, hosts)) void respond(request, response);
    },
  );
  server.maxConnections = deps.maxConnections ?? MAX_CONNECTIONS;
  attachUpgrades(server, { access, hosts, stream, isClosing: () => isClosing });
  await listen(server, host, port, deps.inherited?.fd ?? null);
  const bound = (server.address() as AddressInfo).port;
  access.port = bound;
  if (deps.inherited?.sessions != null) access.adopt(deps.inherited.sessions);
  const shown = isWildcardAddress(host) ? 'localhost' : host;
  const baseUrl = `http://${formatAddress({ host: shown, port: bound })}/`;
  return {
    baseUrl,
    fd: listeningDescriptor(server),
    carrySessions: () => access.carry(),
    port: bound,
    url: access.isOpen ? baseUrl : `${baseUrl}login?code=${access.newLoginCode()}`,
    close: (timeoutMs, isHandedOver = false) => {
      isClosing = true;
      backendLog.stop();
      stream.close();
      return closeServer(server, stream, timeoutMs, isHandedOver);
    },
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

function createApp(deps: AdminDeps, access: Access, hosts: OwnHosts, log: BackendLog): AdminApp {
  const app: AdminApp = new Hono();
  app.use('*', async (c, next) => {
    const request = c.env.incoming;
    if (!READS.includes(c.req.method)) checkOrigin(request, hosts);
    if (needsToken(c.req.method, c.req.path)) access.check(request);
    await next();
  });
  app.notFound(() => new ProblemError(404, 'not-found', 'There is nothing at this path.').response());
  app.onError((error) => {
    if (error instanceof ProblemError) return error.response();
    if (error instanceof RosterError) return problemOf(error).response();
    deps.log.error({ err: error }, 'the admin API failed to answer a request');
    return new ProblemError(500, 'internal', 'Something broke; the log of the balancer says more.').response();
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
  addBackendLogRoutes(app, deps.roster, log);
  addCheckRoute(app, deps);
  addSessionRoutes(app, access);
  addProbeRoutes(app, deps);
  addDashboard(app, deps);
  return app;
}

function problemOf({ status, code, detail }: RosterError): ProblemError {
  return new ProblemError(status, code, detail, status === 503 ? { headers: { 'retry-after': '1' } } : {});
}

/** Sets what every answer carries. False where the request was not meant for this server, and is answered. */
function prepare(request: IncomingMessage, response: ServerResponse, hosts: OwnHosts): boolean {
  for (const [name, value] of SECURITY_FIELDS) response.setHeader(name, value);
  // Unless a handler says otherwise.
  response.setHeader('cache-control', 'no-store');
  try {
    checkHost(request, hosts);
    return true;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    response.writeHead(error.status, { 'content-type': PROBLEM_TYPE, connection: 'close' });
    response.end(JSON.stringify(error.document()));
    return false;
  }
}

/** Everything but the page itself, the way to sign in, and what a supervisor of processes asks. */
function needsToken(method: string, path: string): boolean {
  if (path === '/metrics') return true;
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

function addProbeRoutes(app: AdminApp, deps: AdminDeps): void {
  addPath(app, '/livez', { GET: (c) => c.text('live\n') });
  addPath(app, '/readyz', {
    GET: (c) => {
      if (deps.isDraining()) return c.text('draining\n', 503);
      const isServing = deps.supervisor.workers().some(({ state }) => state === 'running');
      return isServing ? c.text('ready\n') : c.text('no worker is running\n', 503);
    },
  });
  addPath(app, '/metrics', {
    GET: async (c) => {
      const text = writeMetrics(deps);
      const fields = { 'content-type': METRICS_CONTENT_TYPE, vary: 'accept-encoding' };
      if (!acceptsGzip(c.req.header('accept-encoding') ?? null)) return c.body(text, 200, fields);
      const packed = new Uint8Array(await gzipAsync(text, { level: 1 }));
      return c.body(packed, 200, { ...fields, 'content-encoding': 'gzip' });
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

/** `fd`: the socket that an old process has left; null opens one. */
function listen(server: Server, host: string, port: number, fd: number | null): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error: NodeJS.ErrnoException) => {
    const reason = error.code === 'EADDRINUSE' ? 'the port is taken' : error.message;
    reject(new Error(`admin: cannot listen on ${formatAddress({ host, port })}: ${reason}`, { cause: error }));
  });
  server.listen(fd === null ? { host, port } : { fd }, resolve);
  return promise;
}

async function closeServer(
  server: Server,
  stream: LiveStream,
  timeoutMs: number,
  isHandedOver: boolean,
): Promise<void> {
  const closed = new Promise<unknown>((resolve) => {
    // The one of `http` closes idle connections as well, also those whose first request is on its way.
    if (isHandedOver) NetServer.prototype.close.call(server, resolve);
    else server.close(resolve);
  });
  const timer = setTimeout(() => {
    stream.terminate();
    server.closeAllConnections();
  }, timeoutMs);
  await closed;
  clearTimeout(timer);
}
