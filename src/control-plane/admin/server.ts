/**
 * The admin server: probes, metrics, API, live channel and dashboard on one port of the main thread.
 *
 * Started and closed by the balancer. It never touches a proxied byte, and nothing that it does
 * may take the process down: a handler that throws is answered 500 and logged. The order for
 * every request: is it meant for this server (`Host`), does a foreign page send it (`Origin`), who
 * sends it (token or session), and only then what it wants.
 *
 * All but the probes is `app.ts`, which is loaded when it is first asked for.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { formatAddress } from '../../config/addresses.ts';
import { isWildcardAddress } from '../../config/hosts.ts';
import type { CarriedSessions } from '../../protocol/handover.ts';
import { listeningDescriptor } from '../../protocol/listening-descriptor.ts';
import { BackendLog } from '../health/backend-log.ts';
import { http } from '../node-http.ts';
import { Access } from './auth.ts';
import type { AdminDeps } from './deps.ts';
import { exposureProblem } from './exposure.ts';
import { LateApp } from './late-app.ts';
import { checkHost, type OwnHosts, ownHostsOf } from './origin.ts';
import { answerProbe, probeAt } from './probes.ts';
import { internalProblem, ProblemError } from './problems.ts';
import { attachUpgrades } from './upgrade.ts';

const MAX_CONNECTIONS = 1024;

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
  const backendLog = new BackendLog(deps.roster);
  const app = new LateApp(async () => {
    const { createApp } = await import('./app.ts');
    return createApp({ deps, access, hosts, backendLog, monotonicMs });
  });
  let isClosing = false;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const probe = probeAt(request.url ?? '');
    if (probe === null) (await app.load()).respond(request, response);
    else await answerProbe(probe, { access, hosts }, deps, request, response);
  };
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
      if (!prepare(request, response, hosts)) return;
      answer(request, response).catch((error: unknown) => refuse(response, error, deps.log));
    },
  );
  server.maxConnections = deps.maxConnections ?? MAX_CONNECTIONS;
  attachUpgrades(server, { access, hosts, app, isClosing: () => isClosing });
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
      app.close();
      return closeServer(server, app, timeoutMs, isHandedOver);
    },
  };
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
    response.setHeader('connection', 'close');
    error.send(response);
    return false;
  }
}

/** Answers what no handler has. */
function refuse(response: ServerResponse, error: unknown, log: AdminDeps['log']): void {
  if (error instanceof ProblemError) {
    error.send(response);
    return;
  }
  log.error({ err: error }, 'the admin API failed to answer a request');
  if (response.headersSent) response.destroy();
  else internalProblem().send(response);
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

async function closeServer(server: Server, app: LateApp, timeoutMs: number, isHandedOver: boolean): Promise<void> {
  const closed = new Promise<unknown>((resolve) => {
    // The one of `http` closes idle connections as well, also those whose first request is on its way.
    if (isHandedOver) NetServer.prototype.close.call(server, resolve);
    else server.close(resolve);
  });
  const timer = setTimeout(() => {
    app.terminate();
    server.closeAllConnections();
  }, timeoutMs);
  await closed;
  clearTimeout(timer);
}
