/**
 * The ports that a worker accepts on.
 *
 * Every worker listens on the same ports (`reusePort`): the kernel spreads new connections over
 * them, and the death of one leaves the others' queues alone. Where the system has no such
 * thing, there is one worker, and it listens alone.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { ListenFailure, PlanListener } from '../protocol/worker.ts';
import type { Clock } from './clock.ts';

/** Connections that wait in the kernel to be accepted; the kernel's own limit cuts it down. */
const BACKLOG = 4096;

/**
 * How long a leaving listener goes on accepting where connections come as fast as they are
 * accepted: what waits longer than that waits for a worker that is overloaded.
 */
const LEAVE_MS = 1_000;

const HAS_REUSE_PORT = ['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'].includes(process.platform);

/** An open port. */
interface Listener {
  readonly server: Server;
  accepted: number;
}

export class Listeners {
  readonly #accept: (socket: Socket) => void;
  readonly #clock: Clock;
  readonly #open = new Map<string, Listener>();
  #isClosed = false;

  constructor(accept: (socket: Socket) => void, clock: Clock) {
    this.#accept = accept;
    this.#clock = clock;
  }

  /**
   * Opens the listeners that are new, then closes those that are gone, in this order so that a
   * port whose address changes is never without one. Connections accepted before live on. After
   * `close` nothing is opened any more.
   */
  async apply(plans: readonly PlanListener[]): Promise<ListenFailure[]> {
    const wanted = new Map(plans.map((plan) => [keyOf(plan), plan]));
    const failed: ListenFailure[] = [];
    for (const [key, plan] of wanted) {
      if (this.#isClosed || this.#open.has(key)) continue;
      const listener = this.#newListener();
      const error = await listening(listener.server, plan);
      if (error !== null) failed.push({ listener: plan.name, error });
      else if (this.#isClosed) listener.server.close();
      else this.#open.set(key, listener);
    }
    await this.#closeAll([...this.#open].filter(([key]) => !wanted.has(key)));
    return failed;
  }

  /** Accepts what the kernel holds for this worker, and then no more. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#closeAll([...this.#open]);
  }

  #newListener(): Listener {
    const options = { pauseOnConnect: true, allowHalfOpen: true, noDelay: true };
    const listener: Listener = {
      accepted: 0,
      server: createServer(options, (socket) => {
        listener.accepted++;
        this.#accept(socket);
      }),
    };
    return listener;
  }

  /**
   * Closing resets the connections that the kernel holds for us to accept, so they are accepted
   * first. A turn of the event loop accepts no more than one of them, so it takes turns until one
   * has brought none, and nothing between that turn and the closing.
   */
  async #closeAll(leaving: readonly (readonly [key: string, listener: Listener])[]): Promise<void> {
    if (leaving.length === 0) return;
    const endMs = this.#clock.now() + LEAVE_MS;
    const accepted = (): number => leaving.reduce((sum, [, listener]) => sum + listener.accepted, 0);
    await turn();
    for (let before = -1; before !== accepted() && this.#clock.now() < endMs; await turn()) before = accepted();
    for (const [key, { server }] of leaving) {
      this.#open.delete(key);
      server.close();
    }
  }
}

/** The rest of this turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
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
