/**
 * Lets a WebSocket in, or answers why not, before the 101.
 *
 * Attached by `server.ts` to the HTTP server's upgrades. The checks are ours and the same as for
 * a write: host, origin, then the token or a session. A refusal is a plain HTTP answer on a
 * connection that is closed after it. No compression: it costs memory by the page, and has been
 * the way in for several attacks.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Access } from './auth.ts';
import type { LiveStream } from './live/live-stream.ts';
import { checkHost, checkOrigin, type OwnHosts } from './origin.ts';
import { ProblemError } from './problems.ts';

export const LIVE_PATH = '/api/v1/live';
const MAX_PAYLOAD_BYTES = 64 * 1024;

export interface UpgradeOptions {
  readonly access: Access;
  readonly hosts: OwnHosts;
  readonly stream: LiveStream;
  readonly isClosing: () => boolean;
}

export function attachUpgrades(server: Server, options: UpgradeOptions): void {
  const { access, hosts, stream, isClosing } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD_BYTES,
  });

  function check(request: IncomingMessage): void {
    checkHost(request, hosts);
    checkOrigin(request, hosts);
    if ((request.url ?? '').split('?')[0]?.replace(/\/$/, '') !== LIVE_PATH) {
      throw new ProblemError(404, 'not-found', `There is no WebSocket here; it is at ${LIVE_PATH}.`);
    }
    access.check(request);
    if (isClosing()) throw new ProblemError(503, 'closing', 'The balancer stops.');
    if (stream.isFull) {
      throw new ProblemError(503, 'too-many-pages', 'Too many pages are open.', { headers: { 'retry-after': '10' } });
    }
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const ignoreReset = (): void => void socket.destroy();
    socket.on('error', ignoreReset);
    try {
      check(request);
    } catch (error) {
      const problem = error instanceof ProblemError ? error : new ProblemError(500, 'internal', 'Something broke.');
      socket.end(problem.bytes(), () => socket.destroy());
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      socket.off('error', ignoreReset);
      stream.add(webSocket);
    });
  });
}
