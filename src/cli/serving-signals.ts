/**
 * The signals of a balancer that serves: what SIGHUP and SIGUSR2 ask for, at a moment when it can
 * be done. Used by `serve`.
 *
 * While the program starts or restarts they wait. Where another process has taken over, they are
 * passed on to it: whoever sent them means the one that serves, and may not know its number yet.
 */
import type { Balancer } from '../control-plane/balancer.ts';
import { listenForSignals } from './stop-signals.ts';
import { launchSuccessor } from './successor.ts';

type Asking = 'SIGHUP' | 'SIGUSR2';

export class ServingSignals {
  readonly #stop: Promise<NodeJS.Signals>;
  readonly #due = new Set<Asking>();
  /** Null while nobody can carry anything out. */
  #carryOut: ((signal: Asking) => void) | null = null;

  /** Listens from now on. */
  constructor() {
    const take = (signal: Asking): void => {
      if (this.#carryOut === null) this.#due.add(signal);
      else this.#carryOut(signal);
    };
    const handlers = { onReload: () => take('SIGHUP'), onRestart: () => take('SIGUSR2') };
    this.#stop = listenForSignals(handlers).stop;
  }

  /**
   * Carries out what was and what will be asked for. Resolves with the reason, in words, when this
   * process shall end. `onStays`: a restart has failed, and this process goes on.
   */
  carryOut(balancer: Balancer, onStays: () => void): Promise<string> {
    const handedOver = Promise.withResolvers<string>();
    const serve = (signal: Asking): void => {
      // What a reload came to is in the log.
      if (signal === 'SIGHUP') void balancer.reload('signal');
      else void restart();
    };
    const restart = async (): Promise<void> => {
      this.#carryOut = null;
      const outcome = await balancer.restart(launchSuccessor);
      if (outcome.isHandedOver) {
        const { pid } = outcome;
        this.#allow((signal) => passOn(pid, signal));
        handedOver.resolve(`process ${pid} serves`);
      } else {
        onStays();
        this.#allow(serve);
      }
    };
    this.#allow(serve);
    return Promise.race([this.#stop, handedOver.promise]);
  }

  #allow(carryOut: (signal: Asking) => void): void {
    this.#carryOut = carryOut;
    const due = [...this.#due];
    this.#due.clear();
    // The first of them may be a restart: the others wait again then.
    for (const signal of due) {
      if (this.#carryOut === null) this.#due.add(signal);
      else this.#carryOut(signal);
    }
  }
}

function passOn(pid: number, signal: Asking): void {
  try {
    process.kill(pid, signal);
  } catch {
    process.stderr.write(`ballast: ${signal}: process ${pid} is gone, and this one is ending\n`);
  }
}
