/**
 * The ports that a worker accepts on.
 *
 * Every worker listens on the same ports (`reusePort`): the kernel spreads new connections over
 * them, and the death of one leaves the others' queues alone. Where the system has no such
 * thing, there is one worker, and it listens alone.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { PlanListener } from '../protocol/worker.ts';

/** Connections that wait in the kernel to be accepted; the kernel's own limit cuts it down. */
const BACKLOG = 4096;

const HAS_REUSE_PORT = ['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'].includes(process.platform);

export class Listeners {
  readonly #accept: (socket: Socket) => void;
  readonly #servers = new Map<string, { readonly plan: PlanListener; readonly server: Server }>();

  constructor(accept: (socket: Socket) => void) {
    this.#accept = accept;
  }

  /**
   * Opens the listeners that are new and closes those that are gone. Connections accepted before
   * live on.
   * @returns name and error of each one that could not be opened
   */
  async apply(plans: readonly PlanListener[]): Promise<{ listener: string; error: string }[]> {
    const wanted = new Map(plans.map((plan) => [keyOf(plan), plan]));
    for (const [key, { server }] of this.#servers) {
      if (wanted.has(key)) continue;
      this.#servers.delete(key);
      server.close();
    }
    const failed: { listener: string; error: string }[] = [];
    for (const [key, plan] of wanted) {
      if (this.#servers.has(key)) continue;
      const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, this.#accept);
      const error = await listening(server, plan);
      if (error === null) this.#servers.set(key, { plan, server });
      else failed.push({ listener: plan.name, error });
    }
    return failed;
  }

  /** Accepts no more. */
  close(): void {
    for (const { server } of this.#servers.values()) server.close();
    this.#servers.clear();
  }
}

const keyOf = (plan: PlanListener): string => `${plan.host} ${plan.port}`;

function listening(server: Server, plan: PlanListener): Promise<string | null> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(error.message));
    server.listen({ host: plan.host, port: plan.port, backlog: BACKLOG, reusePort: HAS_REUSE_PORT }, () => {
      server.removeAllListeners('error');
      // Out of file descriptors: the connection waits in the kernel, and the next one is tried.
      server.on('error', () => undefined);
      resolve(null);
    });
  });
}
