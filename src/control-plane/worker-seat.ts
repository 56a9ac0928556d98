/**
 * One worker's place: the thread that has it now, and what becomes of it when that thread dies.
 *
 * Made and called by the supervisor only. A seat keeps its rows of shared memory for the life of
 * the process; threads come and go in it.
 */
import type { WorkerStatus } from '../protocol/admin-api.ts';
import type { EventLevel } from '../protocol/dashboard.ts';
import type { FailureCode } from '../protocol/failures.ts';
import type { ListeningSocket } from '../protocol/handover.ts';
import type { FromWorker, ListenFailure, Plan, PlanListener, ToWorker } from '../protocol/worker.ts';
import { type State, WORKER_GAUGES } from '../state/layout.ts';
import type { Clock, Timer } from './clock.ts';
import { takeBackShare } from './dead-share.ts';
import { afterDeath, type Deaths, NO_DEATHS } from './restart-pace.ts';

/** A beat that stands still for so many checks, one a second, means a stuck thread. */
const STUCK_CHECKS = 10;

/** A running thread. */
export interface Thread {
  post(message: ToWorker): void;
  /** Ends it at once; `onExit` follows. */
  end(): void;
}

export interface ThreadEvents {
  readonly onMessage: (message: FromWorker) => void;
  /** The thread is gone for certain; `cause` is for people. */
  readonly onExit: (cause: string) => void;
}

/** What a seat needs of its supervisor. */
export interface SeatHost {
  readonly state: State;
  readonly clock: Clock;
  readonly plan: () => Plan;
  readonly startThread: (worker: number, plan: Plan, events: ThreadEvents) => Thread;
  readonly isStopping: () => boolean;
  /** Takes a failure of the first start; false when that is over, and the seat must see to it itself. */
  readonly takeStartFailure: (text: string) => boolean;
  readonly onFailing: (slot: number, code: FailureCode | null, detail: string) => void;
  /** Something that somebody may be waiting for has changed. */
  readonly onChange: () => void;
  readonly tell: (level: EventLevel, kind: string, worker: number, text: string) => void;
}

export class WorkerSeat {
  readonly worker: number;
  state: WorkerStatus['state'] = 'starting';
  /** The oldest plan that its thread may follow; infinite while it has none. */
  appliedRevision = Number.POSITIVE_INFINITY;
  /** What its thread accepts from. */
  sockets: readonly ListeningSocket[] = [];
  /** What its thread could not listen on when it was last asked to; null while the answer is due. */
  listenFailures: readonly ListenFailure[] | null = [];
  /** Exchanges that its thread has cut in a drain. */
  cutExchanges = 0;
  readonly #host: SeatHost;
  #thread: Thread | null = null;
  #startedAtMs = 0;
  #startedMonotonicMs = 0;
  #restarts = 0;
  #deaths: Deaths = NO_DEATHS;
  #sentRevision = 0;
  #lastBeat = 0;
  #stillChecks = 0;
  #isDrained = false;
  #restartTimer: Timer | null = null;

  constructor(worker: number, host: SeatHost) {
    this.worker = worker;
    this.#host = host;
  }

  get isEmpty(): boolean {
    return this.#thread === null;
  }

  start(): void {
    const plan = this.#host.plan();
    this.state = 'starting';
    this.#startedAtMs = this.#host.clock.wallMs();
    this.#startedMonotonicMs = this.#host.clock.monotonicMs();
    // It will serve by this plan or a later one, never by an older one.
    this.appliedRevision = plan.revision;
    this.#sentRevision = plan.revision;
    this.#stillChecks = 0;
    const thread: Thread = this.#host.startThread(this.worker, plan, {
      onMessage: (message) => this.#thread === thread && this.#onMessage(message),
      onExit: (cause) => this.#thread === thread && this.#onExit(cause),
    });
    this.#thread = thread;
  }

  send(plan: Plan): void {
    if (this.#thread === null || this.#sentRevision >= plan.revision) return;
    this.#sentRevision = plan.revision;
    this.#thread.post({ type: 'apply', plan });
  }

  /** Lets its thread listen on exactly these until the next plan: see `listenFailures`. */
  listen(listeners: readonly PlanListener[]): void {
    this.listenFailures = this.#thread === null ? [] : null;
    this.#thread?.post({ type: 'listen', listeners });
  }

  /** Lets its thread cut what it has in flight on the backend in this slot. */
  cut(backend: number): void {
    this.#thread?.post({ type: 'cut', backend });
  }

  drain(timeoutMs: number, isHandedOver = false): void {
    this.stopReplacing();
    if (this.#thread === null) return;
    this.state = 'draining';
    this.#thread.post({ type: 'drain', timeoutMs, isHandedOver });
  }

  stopReplacing(): void {
    this.#restartTimer?.clear();
    this.#restartTimer = null;
  }

  end(): void {
    this.#thread?.end();
  }

  /** Once a second. Counts checks and not time: after a pause of the whole process nothing is stuck. */
  checkBeat(): void {
    const beat = this.#gauge(WORKER_GAUGES.BEAT);
    this.#stillChecks = beat === this.#lastBeat && this.#thread !== null ? this.#stillChecks + 1 : 0;
    this.#lastBeat = beat;
    if (this.#stillChecks < STUCK_CHECKS) return;
    this.#stillChecks = 0;
    this.#tell('bad', 'worker-stuck', `its event loop has stood still for ${STUCK_CHECKS} s; it is ended and replaced`);
    this.end();
  }

  status(): WorkerStatus {
    return {
      worker: this.worker,
      state: this.state,
      startedAtMs: this.#startedAtMs,
      restarts: this.#restarts,
      clientConnections: this.#gauge(WORKER_GAUGES.CLIENT_CONNECTIONS),
      exchanges: this.#gauge(WORKER_GAUGES.EXCHANGES),
      loopDelayMs: this.#gauge(WORKER_GAUGES.LOOP_DELAY_MICROS) / 1_000,
      loopBusy: this.#gauge(WORKER_GAUGES.LOOP_BUSY) / 10_000,
      heapBytes: this.#gauge(WORKER_GAUGES.HEAP_KIB) * 1_024,
    };
  }

  #onMessage(message: FromWorker): void {
    switch (message.type) {
      case 'listening':
        if (this.state === 'starting') this.state = 'running';
        break;
      case 'applied':
        this.appliedRevision = Math.max(this.appliedRevision, message.revision);
        break;
      case 'listen-failed':
        this.#onListenFailed(message.listener, message.error);
        break;
      case 'sockets':
        this.sockets = message.sockets;
        break;
      case 'listens':
        this.listenFailures = message.failed;
        break;
      case 'log-failed':
        this.#tell('bad', 'access-log-failed', `access log ${message.path} cannot be opened: ${message.error}`);
        break;
      case 'failing':
        this.#host.onFailing(message.backend, message.code, message.detail);
        break;
      case 'drained':
        this.#isDrained = true;
        this.cutExchanges += message.cutExchanges;
        break;
    }
    this.#host.onChange();
  }

  #onListenFailed(listener: string, error: string): void {
    const address = this.#host.plan().listeners.find(({ name }) => name === listener);
    const at = address === undefined ? '' : ` on ${address.host} port ${address.port}`;
    const text = `listener ${listener} cannot listen${at}: ${error}`;
    if (this.#host.takeStartFailure(text)) return;
    this.#tell('bad', 'listen-failed', text);
    // A new thread without its listener would never be asked anything; one that serves others stays.
    if (this.state === 'starting') this.end();
  }

  #onExit(cause: string): void {
    this.#thread = null;
    // Ended in a drain, it could not say what it cut; its gauges still do.
    if (this.state === 'draining' && !this.#isDrained) this.cutExchanges += this.#gauge(WORKER_GAUGES.EXCHANGES);
    this.state = 'dead';
    this.appliedRevision = Number.POSITIVE_INFINITY;
    this.sockets = [];
    this.listenFailures = [];
    takeBackShare(this.#host.state, this.worker);
    const isFirstStart = this.#host.takeStartFailure(`worker ${this.worker} died at start: ${cause}`);
    if (!isFirstStart && !this.#host.isStopping()) this.#replace(cause);
    this.#host.onChange();
  }

  #replace(cause: string): void {
    const livedMs = this.#host.clock.monotonicMs() - this.#startedMonotonicMs;
    const { deaths, delayMs, isLoop } = afterDeath(this.#deaths, livedMs);
    this.#deaths = deaths;
    const next = delayMs === 0 ? 'replaced at once' : `the next one comes in ${delayMs} ms`;
    this.#tell('bad', 'worker-died', `died: ${cause}; ${next}`);
    if (isLoop) {
      const text = `has died ${deaths.inRow} times in a row within its first second; the other workers go on without it`;
      this.#tell('bad', 'worker-crash-loop', text);
    }
    this.#restartTimer = this.#host.clock.after(delayMs, () => {
      this.#restartTimer = null;
      this.#restarts++;
      this.start();
      this.#tell('info', 'worker-replaced', `a new thread has taken its place (number ${this.#restarts + 1})`);
    });
  }

  #gauge(index: number): number {
    const { state } = this.#host;
    return Atomics.load(state.gauges, state.workerGauges(this.worker) + index);
  }

  #tell(level: EventLevel, kind: string, text: string): void {
    this.#host.tell(level, kind, this.worker, text);
  }
}
