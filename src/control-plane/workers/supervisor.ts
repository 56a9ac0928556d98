/**
 * The supervisor: starts the workers, keeps them at work, hands them plans, stops them.
 *
 * The only file that names `Worker`. A worker that dies costs the requests that it had and
 * nothing else: the others go on, it is replaced at once, and its share of the in-flight words is
 * taken back, or least-connections would avoid its backends for ever. One that dies again and
 * again within its first second is replaced ever more slowly, up to once a second, and loudly.
 * One whose event loop stands still is told, and in the end ended and replaced: see `beat-watch.ts`.
 */
import { Worker } from 'node:worker_threads';
import type { WorkerStatus } from '../../protocol/admin-api.ts';
import type { FailureCode } from '../../protocol/failures.ts';
import type { ListeningSocket } from '../../protocol/handover.ts';
import type { FromWorker, Plan, PlanListener, TapReport, WorkerStart, WorkerTap } from '../../protocol/worker.ts';
import type { State } from '../../state/layout.ts';
import { type Clock, SYSTEM_CLOCK, type Timer } from '../clock.ts';
import type { Journal } from '../journal.ts';
import type { ListeningSeat } from './listener-status.ts';
import { ShareSettler } from './share-settler.ts';
import { type Thread, type ThreadEvents, WorkerSeat } from './worker-seat.ts';

const BEAT_CHECK_MS = 1_000;
/** Beyond the drain time that the workers keep themselves. */
const DRAIN_GRACE_MS = 1_000;
const DEFAULT_HEAP_MIB = 1_024;
const MIB = 1024 * 1024;
const WORKER_URL = new URL('../../data-plane/worker.ts', import.meta.url);

export interface SupervisorOptions {
  readonly state: State;
  /** How many threads; at most the state's capacity. */
  readonly workers: number;
  /** The latest plan: see `Roster.plan`. */
  readonly plan: () => Plan;
  readonly journal: Journal;
  /** A worker reports a backend: see `Roster.reportFailing`. */
  readonly onFailing: (slot: number, code: FailureCode | null, detail: string) => void;
  /** A worker shows requests to taps: see `Taps.take`. */
  readonly onTapped?: (worker: number, report: TapReport) => void;
  /** A worker has thrown: a bug, whose whole stack belongs into the log. */
  readonly onThrow?: (worker: number, error: unknown) => void;
  /** The most JavaScript heap that a worker may have: one that needs more is ended and replaced. */
  readonly heapMiB?: number;
  /** How many connections of each side a worker may have: see `WorkerStart`. Left out, without end. */
  readonly connectionCeiling?: number;
  /** Of an old process, by worker. Left out, the workers open their own. */
  readonly inherited?: readonly (readonly ListeningSocket[])[];
  /** The entry of a worker thread; another one in tests. */
  readonly workerUrl?: URL;
  readonly clock?: Clock;
}

/** How a drain has ended. */
export interface Drained {
  /** Exchanges that were cut because the time was used up. */
  readonly cutExchanges: number;
}

interface Waiting {
  readonly isDone: () => boolean;
  readonly resolve: () => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  readonly #seats: readonly WorkerSeat[];
  readonly #shares: ShareSettler;
  #waiting: Waiting[] = [];
  #taps: readonly WorkerTap[] = [];
  /** Set while the first start is under way. */
  #failStart: ((error: Error) => void) | null = null;
  #beatTimer: Timer | null = null;
  #isSendingDue = false;
  #isStopping = false;
  /** No worker accepts yet: what fails now costs no client anything, since an old process serves. */
  #isHeld: boolean;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#isHeld = options.inherited !== undefined;
    const { state, workers, plan, journal, onFailing } = options;
    const host = {
      state,
      clock: this.#clock,
      plan,
      connectionCeiling: options.connectionCeiling ?? Number.POSITIVE_INFINITY,
      heapBytes: (options.heapMiB ?? DEFAULT_HEAP_MIB) * MIB,
      startThread: (worker: number, first: Plan, events: ThreadEvents) => this.#startThread(worker, first, events),
      isStopping: () => this.#isStopping,
      takeStartFailure: (text: string) => this.#takeStartFailure(text),
      onFailing,
      onTapped: options.onTapped ?? (() => {}),
      taps: () => this.#taps,
      onChange: () => this.#settle(),
      tell: (level: 'info' | 'bad' | 'warning' | 'good', kind: string, worker: number, text: string) => {
        journal.add({ level, kind, subject: `worker ${worker}`, text, origin: 'supervisor' });
      },
    };
    this.#shares = new ShareSettler(state);
    this.#seats = Array.from({ length: workers }, (_, worker) => new WorkerSeat(worker, host));
  }

  /**
   * Starts all workers; resolves when all of them accept clients. Rejects, with every thread
   * ended, when one cannot listen or dies before it does. With inherited sockets none accepts
   * before all have started.
   */
  async start(): Promise<void> {
    const { promise: failed, reject } = Promise.withResolvers<never>();
    this.#failStart = reject;
    try {
      for (const seat of this.#seats) seat.start();
      await Promise.race([failed, this.#until(() => this.#seats.every(({ state }) => state === 'running'))]);
      if (this.#isHeld) await Promise.race([failed, this.#release()]);
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      this.#failStart = null;
    }
    this.#scheduleBeatCheck();
  }

  /** Sends the latest plan to all workers: once for all changes of this turn of the event loop. */
  planChanged(): void {
    if (this.#isSendingDue) return;
    this.#isSendingDue = true;
    setImmediate(() => {
      this.#isSendingDue = false;
      this.#sendPlan();
    });
  }

  /** Resolves when every live worker follows the plan that is the latest at the call. */
  applied(): Promise<void> {
    const { revision } = this.#options.plan();
    this.#sendPlan();
    return this.#until(() => this.appliedRevision() >= revision);
  }

  /**
   * Lets every worker listen on exactly these until it is given the next plan. Resolves when all
   * live workers have tried, with what could not be opened: one sentence each, none where all is
   * well. To be called again only after that.
   */
  async listen(listeners: readonly PlanListener[]): Promise<string[]> {
    for (const seat of this.#seats) seat.listen(listeners);
    await this.#until(() => this.#seats.every(({ listenFailures }) => listenFailures !== null));
    const failures = this.#seats.flatMap(({ listenFailures }) => listenFailures ?? []);
    return [...new Set(failures.map(({ listener, error }) => `listener ${listener} cannot listen: ${error}`))];
  }

  /** Every socket that a live worker accepts from. */
  sockets(): ListeningSocket[] {
    return this.#seats.flatMap(({ sockets }) => sockets);
  }

  /** Where each worker accepts, and how it is. */
  listeners(): ListeningSeat[] {
    return this.#seats.map(({ state, listeners }) => ({ state, ...listeners }));
  }

  /** Lets every worker show requests to exactly these, also one that is started later. */
  tap(taps: readonly WorkerTap[]): void {
    this.#taps = taps;
    for (const seat of this.#seats) seat.tap(taps);
  }

  /** Lets every worker cut what it has in flight on the backend in this slot. */
  cut(backend: number): void {
    for (const seat of this.#seats) seat.cut(backend);
  }

  /** The oldest plan that any live worker may follow; infinite where none is alive. */
  appliedRevision(): number {
    return Math.min(...this.#seats.map((seat) => seat.appliedRevision));
  }

  /** How every worker is now. */
  workers(): WorkerStatus[] {
    return this.#seats.map((seat) => seat.status());
  }

  /**
   * No worker accepts any more; each finishes what it has, within `timeoutMs`, and exits. A thread
   * that is still there a second later is ended. `isHandedOver`: another process accepts.
   */
  async drain(timeoutMs: number, isHandedOver = false): Promise<Drained> {
    this.#stopKeeping();
    for (const seat of this.#seats) seat.drain(timeoutMs, isHandedOver);
    const deadline = this.#clock.after(timeoutMs + DRAIN_GRACE_MS, () => void this.kill());
    await this.#until(() => this.#seats.every(({ isEmpty }) => isEmpty));
    deadline.clear();
    return { cutExchanges: this.#seats.reduce((sum, { cutExchanges }) => sum + cutExchanges, 0) };
  }

  /** Ends all threads at once, with what they have. */
  async kill(): Promise<void> {
    this.#stopKeeping();
    for (const seat of this.#seats) seat.end();
    await this.#until(() => this.#seats.every(({ isEmpty }) => isEmpty));
  }

  /** Lets the workers accept, all at once. */
  async #release(): Promise<void> {
    const problems = await this.listen(this.#options.plan().listeners);
    if (problems.length > 0) throw new Error(problems.join('; '));
    this.#isHeld = false;
    this.#sendPlan();
  }

  /** What a thread finds that starts while the workers are held, and only then. */
  #heldStart(worker: number, plan: Plan): Pick<WorkerStart, 'plan' | 'inherited'> {
    if (!this.#isHeld) return { plan };
    return { plan: { ...plan, listeners: [] }, inherited: this.#options.inherited?.[worker] ?? [] };
  }

  #startThread(worker: number, plan: Plan, events: ThreadEvents): Thread {
    const {
      state,
      workerUrl,
      connectionCeiling = Number.POSITIVE_INFINITY,
      heapMiB = DEFAULT_HEAP_MIB,
    } = this.#options;
    const { buffer: memory, capacity } = state;
    const workerData: WorkerStart = { worker, memory, capacity, plan, connectionCeiling };
    const thread = new Worker(workerUrl ?? WORKER_URL, {
      name: `worker ${worker}`,
      workerData: { ...workerData, ...this.#heldStart(worker, plan) } satisfies WorkerStart,
      resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    });
    let error: unknown = null;
    thread.on('message', (message: FromWorker) => events.onMessage(message));
    thread.on('error', (thrown) => {
      error = thrown;
      this.#options.onThrow?.(worker, thrown);
    });
    thread.on('exit', (code) => {
      events.onExit(error === null ? `exit code ${code}` : describe(error, heapMiB));
      this.#shares.workerDied();
    });
    return {
      post: (message) => thread.postMessage(message),
      end: () => void thread.terminate(),
      cpuMs: () => cpuMsOf(thread),
    };
  }

  #takeStartFailure(text: string): boolean {
    this.#failStart?.(new Error(text));
    return this.#failStart !== null;
  }

  #scheduleBeatCheck(): void {
    this.#beatTimer = this.#clock.after(BEAT_CHECK_MS, () => {
      for (const seat of this.#seats) seat.checkBeat();
      if (this.#seats.every(({ state }) => state !== 'blocked')) this.#shares.look();
      this.#scheduleBeatCheck();
    });
  }

  #sendPlan(): void {
    if (this.#isHeld) return;
    const plan = this.#options.plan();
    for (const seat of this.#seats) seat.send(plan);
  }

  #stopKeeping(): void {
    this.#isStopping = true;
    this.#beatTimer?.clear();
    for (const seat of this.#seats) seat.stopReplacing();
  }

  #until(isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ isDone, resolve });
    });
  }

  #settle(): void {
    const done = this.#waiting.filter(({ isDone }) => isDone());
    this.#waiting = this.#waiting.filter((waiting) => !done.includes(waiting));
    for (const { resolve } of done) resolve();
  }
}

/** Also of a thread whose event loop stands still; not of one that waits for the system. */
async function cpuMsOf(thread: Worker): Promise<number | null> {
  try {
    const { user, system } = await thread.cpuUsage();
    return (user + system) / 1_000;
  } catch {
    // It has ended meanwhile.
    return null;
  }
}

/** The error and where it was thrown. */
function describe(error: unknown, heapMiB: number): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : null;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return `out of memory, with ${heapMiB} MiB of heap (${code})`;
  const place = error.stack?.split('\n').find((line) => line.startsWith('    at '));
  return place === undefined ? String(error) : `${String(error)} ${place.trim()}`;
}
