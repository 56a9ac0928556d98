/**
 * One worker's place: the thread that has it now, and what becomes of it when that thread dies.
 *
 * Made and called by the supervisor only. A seat keeps its rows of shared memory for the life of
 * the process; threads come and go in it.
 */
import type { WorkerStatus } from '../../protocol/admin-api.ts';
import type { EventLevel } from '../../protocol/dashboard.ts';
import type { FailureCode } from '../../protocol/failures.ts';
import type { ListeningSocket } from '../../protocol/handover.ts';
import type {
  FromWorker,
  ListenFailure,
  Plan,
  PlanListener,
  TapReport,
  ToWorker,
  WorkerListeners,
  WorkerTap,
} from '../../protocol/worker.ts';
import { SOCKETS, type State, WORKER_GAUGES } from '../../state/layout.ts';
import type { Clock, Timer } from '../clock.ts';
import { readUpstreamConnections } from '../metrics/sampler-status.ts';
import { BeatWatch } from './beat-watch.ts';
import { takeBackShare } from './dead-share.ts';
import { afterDeath, type Deaths, NO_DEATHS, RECOVERED_MS } from './restart-pace.ts';

/** A thread that is still there so many checks after it was ended will not go. */
const UNENDED_CHECKS = 5;

const SOCKETS_WORDS: Readonly<Record<number, WorkerStatus['sockets']>> = {
  [SOCKETS.HANDLES]: 'handles',
  [SOCKETS.PLAIN]: 'plain',
};

/** Of a seat whose thread has said nothing. */
const NO_LISTENERS: WorkerListeners = { open: [], failed: [] };

/** A running thread. */
export interface Thread {
  post(message: ToWorker): void;
  /** Ends it at once; `onExit` follows. */
  end(): void;
  /** Processor time that it has used so far; null where that cannot be had. Never rejects. */
  cpuMs(): Promise<number | null>;
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
  /** What each thread may have at most: connections of either side by the descriptors, and heap. */
  readonly connectionCeiling: number;
  readonly heapBytes: number;
  readonly startThread: (worker: number, plan: Plan, events: ThreadEvents) => Thread;
  readonly isStopping: () => boolean;
  /** Takes a failure of the first start; false when that is over, and the seat must see to it itself. */
  readonly takeStartFailure: (text: string) => boolean;
  readonly onFailing: (slot: number, code: FailureCode | null, detail: string) => void;
  readonly onTapped: (worker: number, report: TapReport) => void;
  /** Whom a thread that starts shows requests to. */
  readonly taps: () => readonly WorkerTap[];
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
  /** Where its thread accepts, as it said last. */
  listeners: WorkerListeners = NO_LISTENERS;
  /** What its thread could not listen on when it was last asked to; null while the answer is due. */
  listenFailures: readonly ListenFailure[] | null = [];
  /** Exchanges that its thread has cut in a drain. */
  cutExchanges = 0;
  readonly #host: SeatHost;
  #thread: Thread | null = null;
  #startedAtMs = 0;
  /** Since when its thread accepts clients; null before it does. */
  #workingSinceMs: number | null = null;
  #restarts = 0;
  #deaths: Deaths = NO_DEATHS;
  #lastDeath: WorkerStatus['lastDeath'] = null;
  #sentRevision = 0;
  readonly #beat = new BeatWatch();
  /** Checks since its thread was ended for being stuck; null where it was not. */
  #checksSinceEnd: number | null = null;
  /** What the beat has shown, and why its thread was ended. */
  #endedFor = '';
  #isDrained = false;
  #restartTimer: Timer | null = null;
  #restartAtMs: number | null = null;
  #lastBeatMs: number | null = null;
  /** Runs while its thread has still to show that it has got over a crash loop. */
  #recoveryTimer: Timer | null = null;

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
    this.#workingSinceMs = null;
    // It will serve by this plan or a later one, never by an older one.
    this.appliedRevision = plan.revision;
    this.#sentRevision = plan.revision;
    this.#beat.reset();
    this.#checksSinceEnd = null;
    this.#endedFor = '';
    this.#lastBeatMs = null;
    const thread: Thread = this.#host.startThread(this.worker, plan, {
      onMessage: (message) => this.#thread === thread && this.#onMessage(message),
      onExit: (cause) => this.#thread === thread && this.#onExit(cause),
    });
    this.#thread = thread;
    const taps = this.#host.taps();
    if (taps.length > 0) this.tap(taps);
  }

  /** Lets its thread show requests to exactly these. */
  tap(taps: readonly WorkerTap[]): void {
    this.#thread?.post({ type: 'tap', taps });
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
    this.#restartAtMs = null;
    this.#recoveryTimer?.clear();
    this.#recoveryTimer = null;
  }

  end(): void {
    this.#thread?.end();
  }

  /** Once a second: see `BeatWatch`. */
  checkBeat(): void {
    const thread = this.#thread;
    if (thread === null) return;
    if (this.#checksSinceEnd !== null) return this.#awaitEnd();
    const finding = this.#beat.look(this.#gauge(WORKER_GAUGES.BEAT), this.state === 'starting');
    const { stillLooks, blockedLooks } = this.#beat;
    if (stillLooks === 0) this.#lastBeatMs = this.#host.clock.wallMs();
    switch (finding) {
      case 'moving':
        return;
      case 'recovered':
        if (this.state === 'blocked') this.state = 'running';
        this.#tell('good', 'worker-unblocked', `its event loop turns again; it had stood still for ${blockedLooks} s`);
        return;
      case 'blocked':
        if (this.state === 'running') this.state = 'blocked';
        this.#tell('warning', 'worker-blocked', `its event loop has stood still for ${stillLooks} s; its clients wait`);
        break;
      case 'spinning':
        return this.#endStuck(`its event loop was busy with one thing for ${stillLooks} s`);
      case 'stuck':
        return this.#endStuck(`its event loop stood still for ${stillLooks} s`);
      case 'still':
        break;
    }
    void thread.cpuMs().then((cpuMs) => {
      if (this.#thread === thread && cpuMs !== null) this.#beat.cpuIs(cpuMs);
    });
  }

  #endStuck(cause: string): void {
    this.#tell('bad', 'worker-stuck', `${cause}; it is ended and replaced`);
    this.#endedFor = cause;
    this.#checksSinceEnd = 0;
    this.end();
  }

  /** A thread that waits for the system, such as for a disk that is gone, cannot be ended by anyone. */
  #awaitEnd(): void {
    this.#checksSinceEnd = (this.#checksSinceEnd ?? 0) + 1;
    if (this.#checksSinceEnd !== UNENDED_CHECKS) return;
    const text = 'cannot be ended: it waits for the system; the others go on without it until the process is restarted';
    this.#tell('bad', 'worker-unending', text);
  }

  status(): WorkerStatus {
    const { state, plan, connectionCeiling, heapBytes } = this.#host;
    const { connections } = plan().limits;
    const connectionLimit = Math.min(connectionCeiling, connections > 0 ? connections : Number.POSITIVE_INFINITY);
    return {
      worker: this.worker,
      state: this.state,
      startedAtMs: this.#startedAtMs,
      restarts: this.#restarts,
      isCrashLoop: this.#deaths.isLoop,
      lastDeath: this.#lastDeath,
      restartAtMs: this.#restartAtMs,
      lastBeatMs: this.#lastBeatMs,
      clientConnections: this.#gauge(WORKER_GAUGES.CLIENT_CONNECTIONS),
      connectionLimit: Number.isFinite(connectionLimit) ? connectionLimit : null,
      upstreamConnections: readUpstreamConnections(state, this.worker),
      exchanges: this.#gauge(WORKER_GAUGES.EXCHANGES),
      cpuShare: this.#gauge(WORKER_GAUGES.CPU_SHARE) / 10_000,
      loopBusy: this.#gauge(WORKER_GAUGES.LOOP_BUSY) / 10_000,
      loopDelayMs: this.#gauge(WORKER_GAUGES.LOOP_DELAY_MICROS) / 1_000,
      loopDelayP99Ms: this.#gauge(WORKER_GAUGES.LOOP_DELAY_P99_MICROS) / 1_000,
      heapBytes: this.#gauge(WORKER_GAUGES.HEAP_KIB) * 1_024,
      heapLimitBytes: heapBytes,
      gcShare: this.#gauge(WORKER_GAUGES.GC_SHARE) / 10_000,
      sockets: SOCKETS_WORDS[this.#gauge(WORKER_GAUGES.SOCKETS)] ?? null,
    };
  }

  #onMessage(message: FromWorker): void {
    switch (message.type) {
      case 'listening':
        if (this.state === 'starting') this.#work();
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
      case 'listeners':
        this.listeners = message;
        return;
      case 'listens':
        this.listenFailures = message.failed;
        break;
      case 'log-failed':
        this.#tell('bad', 'access-log-failed', `access log ${message.path} cannot be opened: ${message.error}`);
        break;
      case 'failing':
        this.#host.onFailing(message.backend, message.code, message.detail);
        break;
      case 'tapped':
        this.#host.onTapped(this.worker, message);
        return;
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

  #work(): void {
    this.state = 'running';
    this.#workingSinceMs = this.#host.clock.monotonicMs();
    // Its start may have been slow: what counts is the beat from here on.
    this.#beat.reset();
    if (!this.#deaths.isLoop) return;
    this.#recoveryTimer = this.#host.clock.after(RECOVERED_MS, () => {
      this.#recoveryTimer = null;
      this.#deaths = NO_DEATHS;
      const text = `has lived for ${RECOVERED_MS / 1_000} s, as thread number ${this.#restarts + 1}`;
      this.#tell('good', 'worker-crash-loop-over', text);
    });
  }

  #onExit(exit: string): void {
    this.#thread = null;
    this.#recoveryTimer?.clear();
    this.#recoveryTimer = null;
    const cause = this.#endedFor === '' ? exit : this.#endedFor;
    const exchanges = this.#gauge(WORKER_GAUGES.EXCHANGES);
    // Ended in a drain, it could not say what it cut; its gauges still do.
    if (this.state === 'draining' && !this.#isDrained) this.cutExchanges += exchanges;
    this.state = 'dead';
    this.appliedRevision = Number.POSITIVE_INFINITY;
    this.sockets = [];
    this.listeners = NO_LISTENERS;
    this.listenFailures = [];
    takeBackShare(this.#host.state, this.worker);
    const isFirstStart = this.#host.takeStartFailure(`worker ${this.worker} died at start: ${cause}`);
    if (!isFirstStart && !this.#host.isStopping()) this.#replace(cause, exchanges);
    this.#host.onChange();
  }

  #replace(cause: string, exchanges: number): void {
    const nowMs = this.#host.clock.monotonicMs();
    const workedMs = this.#workingSinceMs === null ? 0 : nowMs - this.#workingSinceMs;
    const { deaths, delayMs, isLoopNew } = afterDeath(this.#deaths, workedMs, nowMs);
    this.#deaths = deaths;
    this.#lastDeath = { atMs: this.#host.clock.wallMs(), cause, exchanges };
    const cut = exchanges === 1 ? '1 request was cut' : `${exchanges} requests were cut`;
    const next = `${cut}; ${delayMs === 0 ? 'replaced at once' : `the next one comes in ${delayMs} ms`}`;
    // A loop is told once; what each of its threads dies of is in the status.
    if (!deaths.isLoop || isLoopNew) this.#tell('bad', 'worker-died', `died: ${cause}; ${next}`);
    if (isLoopNew) {
      const seconds = Math.ceil((nowMs - (deaths.timesMs[0] ?? nowMs)) / 1_000);
      const text = `dies again and again: ${deaths.timesMs.length} times within ${seconds} s; it is replaced each time, and the others go on`;
      this.#tell('bad', 'worker-crash-loop', text);
    }
    this.#restartAtMs = this.#host.clock.wallMs() + delayMs;
    this.#restartTimer = this.#host.clock.after(delayMs, () => {
      this.#restartTimer = null;
      this.#restartAtMs = null;
      this.#restarts++;
      this.start();
      if (deaths.isLoop) return;
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
