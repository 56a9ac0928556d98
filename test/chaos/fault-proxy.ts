/**
 * A proxy of bytes that does to each connection what its fault says: it stands between Ballast and
 * a backend, or between a client and Ballast. It knows no HTTP, but for the one answer of
 * `early-answer`. Which fault a connection gets is asked when it comes, so that it can be changed
 * at any time; a seeded source gives the n-th connection the same fault in every run.
 */
import { once } from 'node:events';
import net from 'node:net';
import type { Cleanup } from '../harness/cleanup.ts';
import { type Fault, type FaultKind, NO_FAULT } from './faults.ts';
import { FaultyLink } from './faulty-link.ts';

export class FaultProxy {
  readonly target: number;
  /** Asked for every connection. */
  draw: () => Fault = () => NO_FAULT;
  /** Connections by the fault that they got. */
  readonly counts = new Map<FaultKind, number>();
  readonly #links = new Set<FaultyLink>();
  #server: net.Server | null = null;
  #port = 0;

  constructor(target: number) {
    this.target = target;
  }

  get port(): number {
    return this.#port;
  }

  /** Accepts, again on the same port after `refuse`. */
  async accept(): Promise<void> {
    if (this.#server !== null) return;
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
      const fault = this.draw();
      this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1);
      const link = new FaultyLink(socket, this.target, fault);
      this.#links.add(link);
      void link.ended.then(() => this.#links.delete(link));
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as net.AddressInfo).port;
  }

  /** Closes the listener: new connections are refused, those that are there go on. */
  refuse(): void {
    this.#server?.close();
    this.#server = null;
  }

  /** Resets every connection that is there. */
  cut(): void {
    for (const link of this.#links) link.reset();
  }

  /** Connections that are there. */
  get openCount(): number {
    return this.#links.size;
  }

  close(): void {
    this.refuse();
    this.cut();
  }
}

/** Starts one in front of `target` on 127.0.0.1, without faults until it is told otherwise. */
export async function startFaultProxy(cleanup: Cleanup, target: number): Promise<FaultProxy> {
  const proxy = new FaultProxy(target);
  await proxy.accept();
  cleanup.after(() => proxy.close());
  return proxy;
}
