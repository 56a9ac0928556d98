/**
 * One worker's share of the data plane: the plan in force and everything alive under it.
 *
 * A new plan is taken over in one step. Exchanges that have begun end under the pool they began
 * with; backends that stay keep their connections.
 */

import type { Socket } from 'node:net';
import type { HeadLimits } from '../http1/parse-head.ts';
import type { Failure } from '../protocol/failures.ts';
import type { FromWorker, Plan, PlanBackend } from '../protocol/worker.ts';
import { type State, WORKER_COUNTERS, WORKER_GAUGES } from '../state/layout.ts';
import type { Clock } from './clock.ts';
import { Deadlines } from './deadlines.ts';
import { Downstream } from './downstream.ts';
import { Backend, Pool } from './pool.ts';
import { RouteTable } from './route.ts';
import { Wire } from './wire.ts';

export class DataPlane {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Tells the control plane something. */
  readonly report: (message: FromWorker) => void;
  routes: RouteTable;
  viaName: string;
  client: Plan['client'];
  limits: Plan['limits'];
  headLimits: HeadLimits;
  isDraining = false;
  readonly #state: State;
  readonly #worker: number;
  readonly #counters: number;
  readonly #gauges: number;
  readonly #downstreams = new Set<Downstream>();
  #pools = new Map<number, Pool>();
  #backends = new Map<number, Backend>();
  #onEmpty: (() => void) | null = null;

  constructor(state: State, worker: number, plan: Plan, clock: Clock, report: (message: FromWorker) => void) {
    this.clock = clock;
    this.deadlines = new Deadlines(clock);
    this.report = report;
    this.#state = state;
    this.#worker = worker;
    this.#counters = state.workerCounters(worker);
    this.#gauges = state.workerGauges(worker);
    this.routes = new RouteTable(plan.routes);
    this.viaName = plan.viaName;
    this.client = plan.client;
    this.limits = plan.limits;
    this.headLimits = plan.limits;
    this.apply(plan);
  }

  /** Requests that begin after this follow `plan`. */
  apply(plan: Plan): void {
    const before = this.#backends;
    const backends = new Map<number, Backend>();
    const pools = new Map<number, Pool>();
    for (const poolPlan of plan.pools) {
      const own = poolPlan.backends.map((backendPlan) => this.#backend(backendPlan, before));
      for (const backend of own) backends.set(backend.slot, backend);
      pools.set(poolPlan.slot, new Pool(this.#state, this.#worker, poolPlan, own));
    }
    for (const [slot, backend] of before) if (backends.get(slot) !== backend) backend.idle.closeAll();
    this.#backends = backends;
    this.#pools = pools;
    this.routes = new RouteTable(plan.routes);
    this.viaName = plan.viaName;
    this.client = plan.client;
    this.limits = plan.limits;
    this.headLimits = plan.limits;
  }

  #backend(plan: PlanBackend, before: ReadonlyMap<number, Backend>): Backend {
    const backend = before.get(plan.slot);
    if (backend === undefined || backend.plan.address !== plan.address || backend.plan.port !== plan.port) {
      return new Backend(this.#state, this.#worker, plan);
    }
    backend.plan = plan;
    return backend;
  }

  /** The pool in a slot; null where the plan has none. */
  pool(slot: number): Pool | null {
    return this.#pools.get(slot) ?? null;
  }

  /** Takes a new client in. */
  accept(socket: Socket): void {
    this.#count(WORKER_COUNTERS.CONNECTIONS_ACCEPTED);
    Wire.accept(socket, (wire) => {
      const downstream = new Downstream(this, wire);
      this.#downstreams.add(downstream);
      return downstream;
    });
    this.#showConnections();
  }

  downstreamClosed(downstream: Downstream): void {
    this.#downstreams.delete(downstream);
    this.#showConnections();
    if (this.#downstreams.size === 0) this.#onEmpty?.();
  }

  exchangeBegan(): void {
    this.#addToGauge(WORKER_GAUGES.EXCHANGES, 1);
  }

  exchangeEnded(): void {
    this.#addToGauge(WORKER_GAUGES.EXCHANGES, -1);
  }

  /** Counts a request that never reached a pool. */
  finishWithoutPool(failure: Failure | null): void {
    this.#count(WORKER_COUNTERS.REQUESTS_WITHOUT_POOL);
    if (failure !== null) this.#count(WORKER_COUNTERS.FIRST_FAILURE + failure.index);
  }

  /**
   * Lets what is under way come to its end, for at most `timeoutMs`.
   * @param onDone called once, with the number of exchanges that had to be cut
   */
  drain(timeoutMs: number, onDone: (cutExchanges: number) => void): void {
    this.isDraining = true;
    let cutExchanges = 0;
    const finish = (): void => {
      this.#onEmpty = null;
      clearTimeout(timer);
      for (const backend of this.#backends.values()) backend.idle.closeAll();
      onDone(cutExchanges);
    };
    const timer = setTimeout(() => {
      this.#onEmpty = null;
      cutExchanges = this.#state.gauges[this.#gauges + WORKER_GAUGES.EXCHANGES] ?? 0;
      for (const downstream of [...this.#downstreams]) downstream.abort();
      finish();
    }, timeoutMs);
    this.#onEmpty = finish;
    for (const downstream of this.#downstreams) downstream.drain();
    if (this.#downstreams.size === 0) finish();
  }

  #showConnections(): void {
    this.#state.gauges[this.#gauges + WORKER_GAUGES.CLIENT_CONNECTIONS] = this.#downstreams.size;
  }

  #addToGauge(index: number, by: number): void {
    const { gauges } = this.#state;
    gauges[this.#gauges + index] = (gauges[this.#gauges + index] ?? 0) + by;
  }

  #count(index: number): void {
    const { counters } = this.#state;
    const cell = this.#counters + index;
    counters[cell] = (counters[cell] ?? 0) + 1;
  }
}
