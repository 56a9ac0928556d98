/**
 * Starts worker threads of the data plane without a control plane: the test is the control plane.
 * It writes the board words, sends plans, and reads the counters where the workers put them.
 *
 * When the test ends it is checked that nothing is in flight any more and that no worker died by
 * itself.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { POLICIES } from '../../src/balancing/policies.ts';
import type { FromWorker, Plan, TappedStory, ToWorker, WorkerStart, WorkerTap } from '../../src/protocol/worker.ts';
import {
  BACKEND_BOARD,
  type Capacity,
  FULL_RAMP,
  HEALTH,
  MODE,
  POOL_BOARD,
  State,
  WORKER_GAUGES,
} from '../../src/state/layout.ts';
import { type BackendSpec, buildPlan, type PlanSpec, SlotBook } from './build-plan.ts';
import type { Cleanup } from './cleanup.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import {
  type BackendFigures,
  type PoolFigures,
  readBackend,
  readPool,
  readWorkers,
  type WorkerFigures,
} from './read-counters.ts';

const ENTRY = new URL('../../src/data-plane/worker.ts', import.meta.url);
const POOLS = 8;
const BACKENDS = 32;
const ROUTES = 16;

interface LiveWorker {
  readonly thread: Worker;
  readonly messages: FromWorker[];
  isGone: boolean;
}

export class DataPlane {
  readonly port: number;
  readonly state: State;
  plan: Plan;
  /** Of the workers started from now on. */
  connectionCeiling = Number.POSITIVE_INFINITY;
  readonly workers: LiveWorker[] = [];
  /** Errors that ended a worker. */
  readonly crashes: unknown[] = [];
  readonly #pools = new SlotBook();
  readonly #backends = new SlotBook();
  readonly #expectedEnds = new Set<number>();

  constructor(spec: PlanSpec, port: number, capacity: Capacity) {
    this.port = port;
    this.state = State.create(capacity);
    this.plan = buildPlan(spec, port, 1, this.#pools, this.#backends);
    this.#writeBoard(spec);
  }

  /** Starts worker `index` and resolves when it listens. */
  async startWorker(index: number): Promise<void> {
    const { buffer: memory, capacity } = this.state;
    const { connectionCeiling } = this;
    const workerData: WorkerStart = { worker: index, memory, capacity, plan: this.plan, connectionCeiling };
    const thread = new Worker(ENTRY, { workerData });
    const live: LiveWorker = { thread, messages: [], isGone: false };
    this.workers[index] = live;
    thread.on('message', (message: FromWorker) => live.messages.push(message));
    thread.on('error', (error) => this.crashes.push(error));
    thread.on('exit', (code) => {
      live.isGone = true;
      if (!this.#expectedEnds.has(index)) this.crashes.push(new Error(`worker ${index} exited with ${code}`));
    });
    await eventually(`worker ${index} to listen`, () => this.#hasBegun(live), 20_000);
    const failed = this.messages('listen-failed')[0];
    if (failed !== undefined) throw new Error(`listener ${failed.listener}: ${failed.error}`);
    if (this.crashes.length > 0) throw this.crashes[0];
  }

  #hasBegun(live: LiveWorker): boolean {
    return live.isGone || live.messages.some(({ type }) => type === 'listening' || type === 'listen-failed');
  }

  /** All messages of a type, from all workers. */
  messages<T extends FromWorker['type']>(type: T): Extract<FromWorker, { type: T }>[] {
    return this.workers.flatMap(({ messages }) =>
      messages.filter((message): message is Extract<FromWorker, { type: T }> => message.type === type),
    );
  }

  /** Gives the live workers another plan and waits until all have applied it. */
  async apply(spec: PlanSpec): Promise<void> {
    this.plan = buildPlan(spec, this.port, this.plan.revision + 1, this.#pools, this.#backends);
    this.#writeBoard(spec);
    const { revision } = this.plan;
    this.#sendAll({ type: 'apply', plan: this.plan });
    await eventually(`revision ${revision} applied`, () =>
      this.#live.every(({ messages }) => messages.some((m) => m.type === 'applied' && m.revision === revision)),
    );
  }

  /** Tells the workers to drain; `drained()` waits for the end. */
  drain(timeoutMs: number, isHandedOver = false): void {
    for (const index of this.workers.keys()) this.#expectedEnds.add(index);
    this.#sendAll({ type: 'drain', timeoutMs, isHandedOver });
  }

  async drained(limitMs = 30_000): Promise<number> {
    await eventually('all workers drained', () => this.messages('drained').length === this.workers.length, limitMs);
    await eventually('all workers exited', () => this.workers.every(({ isGone }) => isGone), limitMs);
    return this.messages('drained').reduce((sum, { cutExchanges }) => sum + cutExchanges, 0);
  }

  get #live(): LiveWorker[] {
    return this.workers.filter(({ isGone }) => !isGone);
  }

  #sendAll(message: ToWorker): void {
    for (const { thread } of this.#live) thread.postMessage(message);
  }

  /** Ends one worker at once, as a crash would. */
  async killWorker(index: number): Promise<void> {
    this.#expectedEnds.add(index);
    await this.workers[index]?.thread.terminate();
  }

  #raiseVersions(): void {
    for (const pool of this.plan.pools) {
      Atomics.add(this.state.board, this.state.poolBoard(pool.slot) + POOL_BOARD.VERSION, 1);
    }
  }

  #setBackend(name: string, word: number, value: number): void {
    Atomics.store(this.state.board, this.state.backendBoard(this.#backends.known(name)) + word, value);
    this.#raiseVersions();
  }

  #writeBoard(spec: PlanSpec): void {
    for (const pool of spec.pools) {
      this.setPolicy(pool.policy ?? 'round-robin', pool.name);
      for (const backend of pool.backends) this.#writeBackend(backend);
    }
  }

  #writeBackend({ name, weight = 1, health = 'HEALTHY' }: BackendSpec): void {
    this.setWeight(name, weight);
    this.setRamp(name, FULL_RAMP);
    this.setHealth(name, health);
  }

  setPolicy(policy: string, pool = 'web'): void {
    const index = POLICIES.findIndex(({ name }) => name === policy);
    if (index < 0) throw new Error(`no policy "${policy}"`);
    Atomics.store(this.state.board, this.state.poolBoard(this.#pools.known(pool)) + POOL_BOARD.POLICY, index);
    this.#raiseVersions();
  }

  setWeight(backend: string, weight: number): void {
    this.#setBackend(backend, BACKEND_BOARD.WEIGHT, weight);
  }

  /** @param tenths 1 to 10 */
  setRamp(backend: string, tenths: number): void {
    this.#setBackend(backend, BACKEND_BOARD.RAMP, tenths);
  }

  /** Cuts what is in flight on a backend. */
  cut(backend: string): void {
    this.#sendAll({ type: 'cut', backend: this.#backends.known(backend) });
  }

  /** Lets every worker show requests to exactly these. */
  tap(...taps: readonly WorkerTap[]): void {
    this.#sendAll({ type: 'tap', taps });
  }

  /** What the taps have been told so far, in the order of each worker. */
  get tapped(): readonly TappedStory[] {
    return this.messages('tapped').flatMap(({ requests }) => requests.map(({ request }) => request));
  }

  /** How many requests a tap's filter has let through. */
  matchedBy(tap: number): number {
    const counts = this.messages('tapped').flatMap((message) => message.counts);
    return counts.filter((count) => count.tap === tap).reduce((sum, { matched }) => sum + matched, 0);
  }

  setHealth(backend: string, health: keyof typeof HEALTH): void {
    this.#setBackend(backend, BACKEND_BOARD.HEALTH, HEALTH[health]);
  }

  setMode(backend: string, mode: keyof typeof MODE): void {
    this.#setBackend(backend, BACKEND_BOARD.MODE, MODE[mode]);
  }

  setEjected(backend: string, isEjected: boolean): void {
    this.#setBackend(backend, BACKEND_BOARD.IS_EJECTED, isEjected ? 1 : 0);
  }

  pool(name = 'web'): PoolFigures {
    return readPool(this.state, this.#pools.known(name));
  }

  backend(name: string): BackendFigures {
    return readBackend(this.state, this.#backends.known(name));
  }

  /** Open client connections of one worker. */
  clientConnectionsOf(worker: number): number {
    return this.state.gauges[this.state.workerGauges(worker) + WORKER_GAUGES.CLIENT_CONNECTIONS] ?? 0;
  }

  get totals(): WorkerFigures {
    return readWorkers(this.state);
  }

  /** Waits until no exchange and no attempt is under way, and none waits for a place. */
  async atRest(limitMs = 30_000): Promise<void> {
    const rows = this.plan.pools.flatMap(({ backends }) => backends.map(({ name }) => name));
    const inFlight = (): string =>
      rows
        .map((name) => ({ name, ...this.backend(name) }))
        .filter((row) => row.inFlight !== 0 || row.inFlightByWorkers !== 0)
        .map(({ name, inFlight, inFlightByWorkers }) => `${name} ${inFlight} (workers ${inFlightByWorkers})`)
        .join(', ');
    const waiting = (): number =>
      this.plan.pools.map(({ name }) => this.pool(name)).reduce((sum, p) => sum + p.waiting + p.waitingByWorkers, 0);
    await eventually(
      () => `all at rest: exchanges ${this.totals.exchanges}, waiting ${waiting()}, in flight ${inFlight()}`,
      () => this.totals.exchanges === 0 && waiting() === 0 && inFlight() === '',
      limitMs,
    );
  }

  async stop(): Promise<void> {
    const crashes = [...this.crashes];
    const wasKilled = this.#expectedEnds.size > 0;
    for (const index of this.workers.keys()) this.#expectedEnds.add(index);
    try {
      if (crashes.length > 0) throw crashes[0];
      // A killed worker leaves its share behind: taking it back is the supervisor's work.
      if (!wasKilled) await this.atRest();
    } finally {
      await Promise.all(this.#live.map(({ thread }) => thread.terminate()));
    }
  }
}

/** Starts `workers` threads (default 1) on one free port and waits until they listen. */
export async function startDataPlane(
  cleanup: Cleanup,
  spec: PlanSpec,
  workers = 1,
  { connectionCeiling = Number.POSITIVE_INFINITY }: { readonly connectionCeiling?: number } = {},
): Promise<DataPlane> {
  const plane = new DataPlane(spec, await freePort(), { workers, pools: POOLS, backends: BACKENDS, routes: ROUTES });
  plane.connectionCeiling = connectionCeiling;
  cleanup.after(() => plane.stop());
  for (let index = 0; index < workers; index++) await plane.startWorker(index);
  return plane;
}

/** The exit of a worker that ends by itself. */
export async function workerExit(plane: DataPlane, index: number): Promise<void> {
  const live = plane.workers[index];
  if (live !== undefined && !live.isGone) await once(live.thread, 'exit');
}
