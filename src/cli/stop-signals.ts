/**
 * The signals of a running balancer: the first SIGTERM or SIGINT asks for a graceful end, a second
 * one ends the process at once, SIGHUP asks for a reload, SIGUSR2 for a restart without loss.
 */
import { EXIT } from './exit-codes.ts';

/**
 * The same signal again within that time is an echo of the first and not a second wish: `timeout`
 * signals the process and then its whole group, microseconds apart. Nobody wishes that fast.
 */
const ECHO_MS = 5;

export interface StopSignals {
  /** Resolves with the signal's name when the process is asked to end. */
  readonly stop: Promise<NodeJS.Signals>;
}

/** What the other signals lead to. */
export interface SignalHandlers {
  readonly onReload: () => void;
  readonly onRestart: () => void;
}

/** Listens from now on. Null makes SIGHUP a wish to end, and leaves SIGUSR2 to the system. */
export function listenForSignals(handlers: SignalHandlers | null): StopSignals {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let first: { readonly name: NodeJS.Signals; readonly atMs: number } | null = null;
  const ask = (name: NodeJS.Signals): void => {
    const atMs = performance.now();
    if (first === null) {
      first = { name, atMs };
      resolve(name);
    } else if (name !== first.name || atMs - first.atMs > ECHO_MS) {
      process.stderr.write(`ballast: ${name} again, ending at once\n`);
      process.exit(EXIT.FAILED);
    }
  };
  process.on('SIGTERM', ask);
  process.on('SIGINT', ask);
  process.on('SIGHUP', handlers?.onReload ?? ask);
  if (handlers !== null) process.on('SIGUSR2', handlers.onRestart);
  return { stop: promise };
}
