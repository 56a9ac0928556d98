/** Backends on `node:http`, named in `X-Backend`, that count what they are asked. */
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import type { Cleanup } from './cleanup.ts';

export interface HttpBackendOptions {
  /** Answers the request; without it: 200 with the name as body. */
  readonly handle?: (request: http.IncomingMessage, response: http.ServerResponse, backend: HttpBackend) => void;
  readonly server?: http.ServerOptions;
  /** Sets up the server before it listens: `upgrade`, time-outs. */
  readonly prepare?: (server: http.Server) => void;
  readonly port?: number;
  /** 127.0.0.1 by default. */
  readonly host?: string;
}

export interface HttpBackend {
  readonly name: string;
  readonly port: number;
  readonly server: http.Server;
  /** Requests whose head has arrived. */
  requests: number;
  /** Requests begun and neither answered nor aborted. */
  inFlight: number;
  maxInFlight: number;
  connections: number;
  /** Requests whose connection closed before the answer was complete. */
  aborted: number;
  /** How often each `X-Id` came. */
  readonly ids: Map<string, number>;
  close(): Promise<void>;
}

/** Starts one. */
export async function startHttpBackend(
  cleanup: Cleanup,
  name: string,
  options: HttpBackendOptions = {},
): Promise<HttpBackend> {
  const handle = options.handle ?? ((_request, response) => response.end(name));
  const server = http.createServer({ keepAliveTimeout: 60_000, ...options.server }, (request, response) => {
    const id = request.headers['x-id'];
    if (typeof id === 'string') backend.ids.set(id, (backend.ids.get(id) ?? 0) + 1);
    backend.requests++;
    backend.inFlight++;
    backend.maxInFlight = Math.max(backend.maxInFlight, backend.inFlight);
    response.on('close', () => {
      backend.inFlight--;
      if (!response.writableFinished) backend.aborted++;
    });
    request.on('error', () => {});
    response.on('error', () => {});
    response.setHeader('X-Backend', name);
    handle(request, response, backend);
  });
  server.on('connection', () => backend.connections++);
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  options.prepare?.(server);
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const backend: HttpBackend = {
    name,
    port: (server.address() as net.AddressInfo).port,
    server,
    requests: 0,
    inFlight: 0,
    maxInFlight: 0,
    connections: 0,
    aborted: 0,
    ids: new Map(),
    async close() {
      if (server.listening) {
        server.close();
        for (const socket of sockets) socket.destroy();
        await once(server, 'close');
      }
    },
  };
  cleanup.after(() => backend.close());
  return backend;
}

/** Starts one for each name. */
export function startHttpBackends(
  cleanup: Cleanup,
  names: readonly string[],
  options: HttpBackendOptions = {},
): Promise<HttpBackend[]> {
  return Promise.all(names.map((name) => startHttpBackend(cleanup, name, options)));
}
