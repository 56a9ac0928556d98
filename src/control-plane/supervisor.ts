/**
 * The supervisor: starts the workers, keeps them at work, hands them plans, stops them.
 *
 * The only file that names `Worker`. A worker that dies costs the requests that it had and
 * nothing else: the others go on, it is replaced at once, and its share of the in-flight words is
 * taken back, or least-connections would avoid its backends for ever. One that dies again and
 * again within its first second is replaced ever more slowly, up to once a second, and loudly.
 * One whose beat stands still for ten seconds is stuck in a loop: it is ended and replaced.
 */
import { Worker } from 'node:worker_threads';
import type { WorkerStatus } from '../protocol/admin-api.ts';
import type { EventLevel } from '../protocol/dashboard.ts';
import type { FailureCode } from '../protocol/failures.ts';
import type { FromWorker, Plan, ToWorker, WorkerStart } from '../protocol/worker.ts';
import { type State, WORKER_GAUGES } from '../state/layout.ts';
import { type Clock, SYSTEM_CLOCK, type Timer } from './clock.ts';
import { takeBackShare } from './dead-share.ts';
import type { Journal } from './journal.ts';
import { afterDeath, type Deaths, NO_DEATHS } from './restart-pace.ts';

/** A beat that stands still for so many checks, one a second, means a stuck thread. */
const STUCK_CHECKS = 10;
const CHECK_INTERVAL_MS = 1_000;
/** Beyond the drain time that the workers keep themselves. */
const DRAIN_GRACE_MS = 1_000;
/**
 * A worker holds buffers outside of this heap; inside are heads and small objects, 20 KiB a
 * connection at most. What needs more than this leaks, and is better replaced.
 */
const MAX_HEAP_MIB = 1_024;

export interface SupervisorOptions {
  readonly state: State;
  /** How many threads; at most the state's capacity. */
  readonly workers: number;
  /** The latest plan: see `Roster.plan`. */
  readonly plan: () => Plan;
  readonly journal: Journal;
  /** A worker reports a backend: see `Roster.reportFailing`. */
  readonly onFailing: (slot: number, code: FailureCode, detail: string) => void;
  /** The entry of a worker thread; another one in tests. */
  readonly workerUrl?: URL;
  readonly clock?: Clock;
}

/** How a drain has ended. */
export interface Drained {
  /** Exchanges that were cut because the time was used up. */
  readonly cutExchanges: number;
}

interface Seat {
  readonly worker: number;
  thread: Worker | null;
  state: WorkerStatus['state'];
  startedAtMs: number;
  startedMonotonicMs: number;
  restarts: number;
  deaths: Deaths;
  /** The plan that this thread is known to follow. */
  appliedRevision: number;
  /** The latest plan that was sent to this thread. */
  sentRevision: number;
  lastBeat: number;
  stillChecks: number;
  lastError: Error | null;
  restartTimer: Timer | null;
}

interface Waiting {
  readonly isDone: () => boolean;
  readonly resolve: () => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  readonly #seats: Seat[];
  #waiting: Waiting[] = [];
  #startFailure: ((error: Error) => void) | null = null;
  #checkTimer: Timer | null = null;
  #isSendingDue = false;
  #isStopping = false;
  #cutExchanges = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#seats = Array.from({ length: options.workers }, (_, worker) => ({
      worker,
      thread: null,
      state: 'starting',
      startedAtMs: 0,
      startedMonotonicMs: 0,
      restarts: 0,
      deaths: NO_DEATHS,
      appliedRevision: 0,
      sentRevision: 0,
      lastBeat: 0,
      stillChecks: 0,
      lastError: null,
      restartTimer: null,
    }));
  }

  /**
   * Starts all workers; resolves when all of them accept clients. Rejects, with every thread
   * ended, when one cannot listen or dies before it does.
   */
  async start(): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#startFailure = reject;
    });
    for (const seat of this.#seats) this.#spawn(seat);
    this.#scheduleCheck();
    try {
      await Promise.race([failed, this.#until(() => this.#seats.every(({ state }) => state === 'running'))]);
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      this.#startFailure = null;
    }
  }

  /** Sends the latest plan to all workers, once for all changes of this turn of the event loop. */
  planChanged(): void {
    if (this.#isSendingDue) return;
    this.#isSendingDue = true;
    setImmediate(() => {
      this.#isSendingDue = false;
      this.#sendPlan();
    });
  }

  /** Resolves when every live worker follows the plan that is the latest now. */
  applied(): Promise<void> {
    const { revision } = this.#options.plan();
    this.#sendPlan();
    return this.#until(() => this.appliedRevision() >= revision);
  }

  /** The oldest plan that any live worker still follows; infinite where there is none alive. */
  appliedRevision(): number {
    return Math.min(...this.#seats.map((seat) => (seat.thread === null ? Infinity : seat.appliedRevision)));
  }

  /** How every worker is now. */
  workers(): WorkerStatus[] {
    return this.#seats.map((seat) => {
      const gauge = (index: number): number => this.#gauge(seat.worker, index);
      return {
        worker: seat.worker,
        state: seat.state,
        startedAtMs: seat.startedAtMs,
        restarts: seat.restarts,
        clientConnections: gauge(WORKER_GAUGES.CLIENT_CONNECTIONS),
        exchanges: gauge(WORKER_GAUGES.EXCHANGES),
        loopDelayMs: gauge(WORKER_GAUGES.LOOP_DELAY_MICROS) / 1_000,
        loopBusy: gauge(WORKER_GAUGES.LOOP_BUSY) / 10_000,
        heapBytes: gauge(WORKER_GAUGES.HEAP_KIB) * 1_024,
      };
    });
  }

  /**
   * No worker accepts any more, each finishes what it has within `timeoutMs`, and exits. A thread
   * that is still there a second later is ended.
   */
  async drain(timeoutMs: number): Promise<Drained> {
    this.#stopKeeping();
    for (const seat of this.#seats) {
      if (seat.thread === null) continue;
      seat.state = 'draining';
      this.#post(seat, { type: 'drain', timeoutMs });
    }
    const deadline = this.#clock.after(timeoutMs + DRAIN_GRACE_MS, () => void this.kill());
    await this.#until(() => this.#seats.every(({ thread }) => thread === null));
    deadline.clear();
    return { cutExchanges: this.#cutExchanges };
  }

  /** Ends all threads at once, with what they have. */
  async kill(): Promise<void> {
    this.#stopKeeping();
    await Promise.all(this.#seats.map(({ thread }) => thread?.terminate()));
    await this.#until(() => this.#seats.every(({ thread }) => thread === null));
  }

  #spawn(seat: Seat): void {
    const { state } = this.#options;
    const plan = this.#options.plan();
    const workerData: WorkerStart = { worker: seat.worker, memory: state.buffer, capacity: state.capacity, plan };
    const thread = new Worker(this.#options.workerUrl ?? new URL('../data-plane/worker.ts', import.meta.url), {
      name: `worker ${seat.worker}`,
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
    });
    seat.thread = thread;
    seat.state = 'starting';
    seat.startedAtMs = this.#clock.wallMs();
    seat.startedMonotonicMs = this.#clock.monotonicMs();
    // It serves by this plan or a later one, never by an older one.
    seat.appliedRevision = plan.revision;
    seat.sentRevision = plan.revision;
    seat.stillChecks = 0;
    seat.lastError = null;
    thread.on('message', (message: FromWorker) => this.#onMessage(seat, thread, message));
    thread.on('error', (error) => {
      seat.lastError = error instanceof Error ? error : new Error(String(error));
    });
    thread.on('exit', (code) => this.#onExit(seat, thread, code));
  }

  #onMessage(seat: Seat, thread: Worker, message: FromWorker): void {
    if (seat.thread !== thread) return;
    switch (message.type) {
      case 'listening':
        if (seat.state === 'starting') seat.state = 'running';
        break;
      case 'applied':
        seat.appliedRevision = Math.max(seat.appliedRevision, message.revision);
        break;
      case 'listen-failed':
        this.#onListenFailed(seat, message.listener, message.error);
        break;
      case 'failing':
        this.#options.onFailing(message.backend, message.code, message.detail);
        break;
      case 'drained':
        this.#cutExchanges += message.cutExchanges;
        break;
    }
    this.#settle();
  }

  #onListenFailed(seat: Seat, listener: string, error: string): void {
    const address = this.#options.plan().listeners.find(({ name }) => name === listener);
    const at = address === undefined ? '' : ` on port ${address.port}`;
    const text = `listener ${listener} cannot listen${at}: ${error}`;
    if (this.#startFailure !== null) {
      this.#startFailure(new Error(text));
      return;
    }
    this.#tell('bad', 'listen-failed', seat, text);
    // A new thread without its listeners is of no use; one that serves others stays.
    if (seat.state === 'starting') void seat.thread?.terminate();
  }

  #onExit(seat: Seat, thread: Worker, code: number): void {
    if (seat.thread !== thread) return;
    seat.thread = null;
    seat.state = 'dead';
    takeBackShare(this.#options.state, seat.worker);
    const cause = seat.lastError === null ? `exit code ${code}` : describe(seat.lastError);
    if (this.#startFailure !== null) this.#startFailure(new Error(`worker ${seat.worker} died at start: ${cause}`));
    if (!this.#isStopping) this.#replace(seat, cause);
    this.#settle();
  }

  #replace(seat: Seat, cause: string): void {
    const { deaths, delayMs, isLoop } = afterDeath(seat.deaths, this.#clock.monotonicMs() - seat.startedMonotonicMs);
    seat.deaths = deaths;
    this.#tell(
      'bad',
      'worker-died',
      seat,
      `died: ${cause}; ${delayMs === 0 ? 'replaced at once' : `next in ${delayMs} ms`}`,
    );
    if (isLoop) {
      const text = `has died ${deaths.inRow} times in a row within its first second; its share of the traffic goes to the others`;
      this.#tell('bad', 'worker-crash-loop', seat, text);
    }
    seat.restartTimer = this.#clock.after(delayMs, () => {
      seat.restartTimer = null;
      seat.restarts++;
      this.#spawn(seat);
      this.#tell('info', 'worker-replaced', seat, 'a new thread has taken its place');
    });
  }

  #scheduleCheck(): void {
    this.#checkTimer = this.#clock.after(CHECK_INTERVAL_MS, () => {
      for (const seat of this.#seats) this.#checkBeat(seat);
      this.#scheduleCheck();
    });
  }

  /** Counts checks and not time: after a suspension of the whole machine no thread is stuck. */
  #checkBeat(seat: Seat): void {
    const beat = this.#gauge(seat.worker, WORKER_GAUGES.BEAT);
    seat.stillChecks = beat === seat.lastBeat && seat.thread !== null ? seat.stillChecks + 1 : 0;
    seat.lastBeat = beat;
    if (seat.stillChecks < STUCK_CHECKS) return;
    seat.stillChecks = 0;
    this.#tell(
      'bad',
      'worker-stuck',
      seat,
      `its event loop has stood still for ${STUCK_CHECKS} s; it is ended and replaced`,
    );
    void seat.thread?.terminate();
  }

  #sendPlan(): void {
    const plan = this.#options.plan();
    for (const seat of this.#seats) {
      if (seat.thread === null || seat.sentRevision >= plan.revision) continue;
      seat.sentRevision = plan.revision;
      this.#post(seat, { type: 'apply', plan });
    }
  }

  #post(seat: Seat, message: ToWorker): void {
    seat.thread?.postMessage(message);
  }

  #gauge(worker: number, index: number): number {
    const { state } = this.#options;
    return Atomics.load(state.gauges, state.workerGauges(worker) + index);
  }

  #stopKeeping(): void {
    this.#isStopping = true;
    this.#checkTimer?.clear();
    for (const seat of this.#seats) seat.restartTimer?.clear();
  }

  #until(isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isDone, resolve }));
  }

  #settle(): void {
    const done = this.#waiting.filter(({ isDone }) => isDone());
    this.#waiting = this.#waiting.filter((waiting) => !done.includes(waiting));
    for (const { resolve } of done) resolve();
  }

  #tell(level: EventLevel, kind: string, seat: Seat, text: string): void {
    this.#options.journal.add({ level, kind, subject: `worker ${seat.worker}`, text, origin: 'supervisor' });
  }
}

/** The error and where it was thrown. */
function describe(error: Error): string {
  const place = error.stack?.split('\n').find((line) => line.startsWith('    at '));
  return place === undefined ? String(error) : `${String(error)} ${place.trim()}`;
}
