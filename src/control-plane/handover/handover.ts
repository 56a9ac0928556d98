/**
 * Handing the ports over to a new process, as the old one sees it. Called by the balancer.
 *
 * Why in this way. A connection is the kernel's before it is ours: it waits in the accept queue of
 * a listening socket, and closing that socket resets what waits there. With `reusePort` each
 * worker's socket has a queue of its own, so a second process that opens the port for itself helps
 * nothing: the queues of the first are lost all the same. So nothing is closed. The new process is
 * a child and inherits the very sockets; for a moment both accept from the same queues, and when
 * the old process closes its numbers the queues live on. No moment is without somebody who accepts.
 *
 * Two things only one process may write, the state file and the pid file. The old process stops
 * writing before it tells what it leaves (`take`), the new one begins after `go`. Until `serving`
 * everything can be taken back: the new process is then ended for certain before the old one goes
 * on as if nothing had been. What the new one has accepted by then is lost with it, so its workers
 * accept last, when nothing is left that could fail.
 */
import type { Carried, FromSuccessor, InheritedSocket, ToSuccessor } from '../../protocol/handover.ts';
import { type Clock, SYSTEM_CLOCK } from '../clock.ts';

/** How long a new process has from its start until it accepts. Nothing is lost while we wait. */
export const READY_LIMIT_MS = 60_000;
/** How long it then has to say that it serves: it has one small file to write. */
const SERVING_LIMIT_MS = 5_000;

/** A new process of this program, started by `Launch`. */
export interface Successor {
  readonly pid: number;
  /** Does nothing where the process is gone: `onEnd` says so. */
  send(message: ToSuccessor): void;
  /** Ends it at once; `onEnd` follows. */
  kill(): void;
  /** Lets it live on by itself: no channel, and nobody waits for it. */
  release(): void;
}

export interface SuccessorEvents {
  readonly onMessage: (message: FromSuccessor) => void;
  /** It is gone for certain, or was never there; `cause` is for people. */
  readonly onEnd: (cause: string) => void;
}

/** Starts a new process that inherits these sockets. Throws, with one sentence, where there can be none. */
export type Launch = (sockets: readonly InheritedSocket[], events: SuccessorEvents) => Successor;

export interface HandoverOptions {
  readonly launch: Launch;
  /** The sockets of this process now. */
  readonly sockets: () => readonly InheritedSocket[];
  /** From here on nothing of this is changed or written; resolves when what was is on disk. */
  readonly freeze: () => Promise<Carried>;
  readonly thaw: () => void;
  /** Breaks the handover off, with the reason. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

export type HandoverOutcome =
  | { readonly isHandedOver: true; readonly pid: number }
  /** The new process is gone, and this one serves as before. */
  | { readonly isHandedOver: false; readonly problem: string };

/** Never rejects: what goes wrong is an outcome. */
export async function handOver(options: HandoverOptions): Promise<HandoverOutcome> {
  const { launch, signal } = options;
  const clock = options.clock ?? SYSTEM_CLOCK;
  const sockets = options.sockets();
  const ended = Promise.withResolvers<string>();
  const said = new Map<FromSuccessor['type'], () => void>();
  const failed = Promise.withResolvers<never>();
  // Rejected while nobody waits for it: the next wait tells.
  failed.promise.catch(() => {});
  const onMessage = (message: FromSuccessor): void => {
    if (message.type === 'failed') failed.reject(new Error(message.problem));
    else said.get(message.type)?.();
  };
  const onEnd = (cause: string): void => {
    ended.resolve(cause);
    failed.reject(new Error(cause));
  };
  const onAbort = (): void => failed.reject(new Error(String(signal.reason)));
  const until = async (type: FromSuccessor['type'], endMs: number, what: string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    said.set(type, resolve);
    const late = new Error(`it ${what} in time; it is ended`);
    const timer = clock.after(endMs - clock.monotonicMs(), () => failed.reject(late));
    await Promise.race([promise, failed.promise]).finally(() => timer.clear());
  };

  let successor: Successor;
  try {
    if (sockets.length === 0) throw new Error('there is no socket to hand over');
    successor = launch(sockets, { onMessage, onEnd });
  } catch (error) {
    return { isHandedOver: false, problem: messageOf(error) };
  }
  signal.addEventListener('abort', onAbort);
  let isFrozen = false;
  try {
    if (signal.aborted) onAbort();
    const readyMs = clock.monotonicMs() + READY_LIMIT_MS;
    await until('prepared', readyMs, 'did not start');
    // A worker that was replaced meanwhile has a socket that was not handed over. From here on that
    // is no reason any more: to close one socket costs less than to end a process that accepts.
    if (!isSame(sockets, options.sockets())) throw new Error('a worker was replaced in the middle of it');
    isFrozen = true;
    const carried = await options.freeze();
    successor.send({ type: 'take', ...carried });
    await until('ready', readyMs, 'did not accept clients');
    successor.send({ type: 'go' });
    await until('serving', clock.monotonicMs() + SERVING_LIMIT_MS, 'did not take over');
  } catch (error) {
    successor.kill();
    await ended.promise;
    if (isFrozen) options.thaw();
    return { isHandedOver: false, problem: messageOf(error) };
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  successor.release();
  return { isHandedOver: true, pid: successor.pid };
}

function isSame(some: readonly InheritedSocket[], others: readonly InheritedSocket[]): boolean {
  const textOf = (sockets: readonly InheritedSocket[]): string =>
    JSON.stringify(sockets.map(({ fd, host, port }) => `${fd} ${host} ${port}`).sort());
  return textOf(some) === textOf(others);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
