/**
 * Lets a WebSocket in, or answers why not, before the 101.
 *
 * Attached by `server.ts` to the HTTP server's upgrades. The checks are ours and the same as for
 * a write: host, origin, then the token or a session. A refusal is a plain HTTP answer on a
 * connection that is closed after it.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Access } from './auth.ts';
import type { LateApp } from './late-app.ts';
import { checkHost, checkOrigin, type OwnHosts } from './origin.ts';
import { ProblemError } from './problems.ts';

export const LIVE_PATH = '/api/v1/live';

export interface UpgradeOptions {
  readonly access: Access;
  readonly hosts: OwnHosts;
  readonly app: LateApp;
  readonly isClosing: () => boolean;
}

export function attachUpgrades(server: Server, { access, hosts, app, isClosing }: UpgradeOptions): void {
  function check(request: IncomingMessage): void {
    checkHost(request, hosts);
    checkOrigin(request, hosts);
    if ((request.url ?? '').split('?')[0]?.replace(/\/$/, '') !== LIVE_PATH) {
      throw new ProblemError(404, 'not-found', `There is no WebSocket here; it is at ${LIVE_PATH}.`);
    }
    access.check(request);
  }

  async function admit(request: IncomingMessage, socket: Duplex, head: Buffer, onOpen: () => void): Promise<void> {
    check(request);
    const loaded = await app.load();
    if (isClosing()) throw new ProblemError(503, 'closing', 'The balancer stops.');
    if (loaded.isFull) {
      throw new ProblemError(503, 'too-many-pages', 'Too many pages are open.', { headers: { 'retry-after': '10' } });
    }
    loaded.upgrade(request, socket, head, onOpen);
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const ignoreReset = (): void => void socket.destroy();
    socket.on('error', ignoreReset);
    admit(request, socket, head, () => socket.off('error', ignoreReset)).catch((error: unknown) => {
      const problem = error instanceof ProblemError ? error : new ProblemError(500, 'internal', 'Something broke.');
      socket.end(problem.bytes(), () => socket.destroy());
    });
  });
}
