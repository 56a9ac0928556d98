/**
 * The ports that a worker accepts on.
 *
 * Every worker listens on the same ports (`reusePort`): the kernel spreads new connections over
 * them, and the death of one leaves the others' queues alone. Where the system has no such
 * thing, there is one worker, and it listens alone.
 *
 * After a restart without loss a worker accepts from the sockets that the old process has left to
 * it, of which there may be several for one port. They are its own from then on: if it dies, they
 * die with it, and the thread that follows opens new ones.
 */
import { createServer, type ListenOptions, type Server } from 'node:net';
import type { ListeningSocket } from '../protocol/handover.ts';
import { listeningDescriptor } from '../protocol/listening-descriptor.ts';
import type { ListenFailure, OpenListener, PlanListener } from '../protocol/worker.ts';
import type { Clock } from './clock.ts';
import type { Incoming } from './open-wire.ts';
import { takeHandles } from './tcp-handles.ts';

/** Connections that wait in the kernel to be accepted; the kernel's own limit cuts it down. */
const BACKLOG = 4096;

/**
 * How long a leaving listener goes on accepting where connections come as fast as they are
 * accepted: what waits longer than that waits for a worker that is overloaded.
 */
const LEAVE_MS = 1_000;

/**
 * Sockets of a worker for each port. A turn of the event loop accepts one connection from each, so
 * that with a single one every new client costs a turn of its own: with eight, a request on a new
 * connection costs 0.87 to 0.91 of that.
 */
const SOCKETS_A_PORT = 8;

const HAS_REUSE_PORT = ['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'].includes(process.platform);

/** An address of its own, or the number of an open socket. */
type Way = ListenOptions & { readonly fd?: number };

/** What a connection came in by, as long as it is open. */
export interface Door {
  /** Connections that came in by it and are open, whether or not it still accepts. */
  open: number;
}

/** An open port. */
interface Listener extends Door {
  readonly plan: PlanListener;
  readonly servers: Server[];
  accepted: number;
}

export class Listeners {
  readonly #accept: (incoming: Incoming, door: Door) => void;
  readonly #clock: Clock;
  readonly #open = new Map<string, Listener>();
  #inherited: readonly ListeningSocket[];
  #isClosed = false;

  /** `accept` counts what it takes in at the door. */
  constructor(
    accept: (incoming: Incoming, door: Door) => void,
    clock: Clock,
    inherited: readonly ListeningSocket[] = [],
  ) {
    this.#accept = accept;
    this.#clock = clock;
    this.#inherited = inherited;
  }

  /** Every socket that it accepts from. */
  get sockets(): ListeningSocket[] {
    return [...this.#open.values()].flatMap(({ plan: { name, host, port }, servers }) =>
      servers.flatMap((server) => {
        const fd = listeningDescriptor(server);
        return fd === null ? [] : [{ name, host, port, fd }];
      }),
    );
  }

  /** Every address that it accepts at, and how many connections each has. */
  get open(): OpenListener[] {
    return [...this.#open.values()].map(({ plan: { host, port }, open }) => ({ host, port, connections: open }));
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
      const listener: Listener = { plan, servers: [], accepted: 0, open: 0 };
      const error = await this.#listen(listener);
      if (error !== null) failed.push({ listener: plan.name, error });
      if (error === null && !this.#isClosed) this.#open.set(key, listener);
      else closeServers(listener);
    }
    await this.#closeAll([...this.#open].filter(([key]) => !wanted.has(key)));
    return failed;
  }

  /** Accepts what the kernel holds for this worker, and then no more. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#closeAll([...this.#open]);
  }

  /** Closes at once, with what the kernel holds: for a thread that is about to end. */
  closeNow(): void {
    this.#isClosed = true;
    for (const listener of this.#open.values()) closeServers(listener);
    this.#open.clear();
  }

  /** Takes the inherited sockets of this port, or opens one. Answers what is in the way, null for nothing. */
  async #listen(listener: Listener): Promise<string | null> {
    const { host, port } = listener.plan;
    const isOwn = (socket: ListeningSocket): boolean => socket.host === host && socket.port === port;
    const inherited = this.#inherited.filter(isOwn);
    this.#inherited = this.#inherited.filter((socket) => !isOwn(socket));
    // Port 0 would be another port for each.
    const count = HAS_REUSE_PORT && port !== 0 ? SOCKETS_A_PORT : 1;
    const own: Way = { host, port, reusePort: HAS_REUSE_PORT };
    const ways = inherited.length > 0 ? inherited.map(({ fd }): Way => ({ fd })) : new Array<Way>(count).fill(own);
    for (const way of ways) {
      const server = this.#newServer(listener);
      const error = await listening(server, way);
      if (error !== null) return error;
      listener.servers.push(server);
      // Whatever went wrong with its number: clients of another port must not end up here.
      if (!isAt(server, port)) return `an inherited socket is not one of port ${port}`;
    }
    return null;
  }

  #newServer(listener: Listener): Server {
    const take = (incoming: Incoming): void => {
      listener.accepted++;
      this.#accept(incoming, listener);
    };
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, take);
    server.once('listening', () => takeHandles(server, take));
    return server;
  }

  /**
   * Closing resets the connections that the kernel holds for us to accept, so they are accepted
   * first. A turn of the event loop accepts no more than one from each socket, so it takes turns until one
   * has brought none, and nothing between that turn and the closing.
   */
  async #closeAll(leaving: readonly (readonly [key: string, listener: Listener])[]): Promise<void> {
    if (leaving.length === 0) return;
    const endMs = this.#clock.now() + LEAVE_MS;
    const accepted = (): number => leaving.reduce((sum, [, listener]) => sum + listener.accepted, 0);
    await turn();
    for (let before = -1; before !== accepted() && this.#clock.now() < endMs; await turn()) before = accepted();
    for (const [key, listener] of leaving) {
      this.#open.delete(key);
      closeServers(listener);
    }
  }
}

/** The rest of this turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function closeServers({ servers }: Listener): void {
  for (const server of servers) server.close();
}

const keyOf = (plan: PlanListener): string => `${plan.host} ${plan.port}`;

function isAt(server: Server, port: number): boolean {
  const address = server.address();
  return typeof address === 'object' && address?.port === port;
}

function listening(server: Server, way: Way): Promise<string | null> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(error.message));
    server.listen({ ...way, backlog: BACKLOG }, () => {
      server.removeAllListeners('error');
      // Out of file descriptors: the connection waits in the kernel, and the next one is tried.
      server.on('error', () => undefined);
      resolve(null);
    });
  });
}
