/**
 * One worker's share of the data plane: the plan in force and everything alive under it.
 *
 * A new plan is taken over in one step. Exchanges that have begun end under the pool they began
 * with; backends that stay keep their connections.
 */

import { HeadReader } from '../http1/head-reader.ts';
import { HEAD } from '../http1/parse-head.ts';
import { type Failure, failureOf } from '../protocol/failures.ts';
import type { FromWorker, Plan, PlanBackend, WorkerTap } from '../protocol/worker.ts';
import { type State, WORKER_COUNTERS, WORKER_GAUGES } from '../state/layout.ts';
import { AccessLog } from './access-log.ts';
import type { Client } from './client.ts';
import type { Clock } from './clock.ts';
import { Deadlines } from './deadlines.ts';
import { Downstream } from './downstream.ts';
import { Exchange } from './exchange.ts';
import { HEAP_LEVEL, type HeapLevel } from './heap-guard.ts';
import type { Door } from './listener.ts';
import { acceptWire, type Incoming, peerOf, refuseIncoming } from './open-wire.ts';
import { PlaceQueue } from './place-queue.ts';
import { Backend, Pool, type PoolKeeps } from './pool.ts';
import { RetryBudget } from './retry-budget.ts';
import { RouteTable } from './route.ts';
import { Tap } from './tap.ts';
import { TrustedNetworks } from './trusted-networks.ts';
import { closeLongestIdle, UpstreamCount } from './upstream/upstream-count.ts';

/** While memory is short, so often idle connections of both sides are let go. */
const RELIEF_MS = 1_000;

/** Exchanges kept for the next requests; beyond them, they are made anew. */
const RESTING_EXCHANGES = 1024;

export class DataPlane {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Reads the heads of all requests that come whole. */
  headReader: HeadReader;
  /** The same for answers. */
  answerReader: HeadReader;
  /** Tells the control plane something. */
  readonly report: (message: FromWorker) => void;
  routes: RouteTable;
  viaName: string;
  client: Plan['client'];
  limits: Plan['limits'];
  trust: TrustedNetworks;
  failureField: string | null;
  accessLog: AccessLog | null = null;
  /** Null while nobody looks at single requests. */
  tap: Tap | null = null;
  /** Of the plan in force. */
  revision: number;
  isDraining = false;
  /** The worker is short of memory: it takes no new requests. */
  isShedding = false;
  /** It drains because another process has taken the listeners over. */
  isHandedOver = false;
  readonly #state: State;
  readonly #worker: number;
  readonly #counters: number;
  readonly #gauges: number;
  readonly #routes: number;
  readonly #ceiling: number;
  #heapLevel: HeapLevel = HEAP_LEVEL.FINE;
  #relievedMs = 0;
  readonly #upstreams = new UpstreamCount();
  readonly #downstreams = new Set<Downstream>();
  readonly #restingExchanges: Exchange[] = [];
  /** Open connections by client address, where they are limited. */
  readonly #byClient = new Map<string, number>();
  #pools = new Map<number, Pool>();
  #backends = new Map<number, Backend>();
  #onEmpty: (() => void) | null = null;

  /** @param connectionCeiling see `WorkerStart` */
  constructor(
    state: State,
    worker: number,
    plan: Plan,
    clock: Clock,
    report: (message: FromWorker) => void,
    connectionCeiling: number,
  ) {
    this.#ceiling = connectionCeiling;
    this.clock = clock;
    this.deadlines = new Deadlines(clock);
    this.report = report;
    this.#state = state;
    this.#worker = worker;
    this.#counters = state.workerCounters(worker);
    this.#gauges = state.workerGauges(worker);
    this.#routes = state.routeCounter(worker, 0);
    this.routes = new RouteTable(plan.routes);
    this.viaName = plan.viaName;
    this.client = plan.client;
    this.limits = plan.limits;
    this.trust = new TrustedNetworks(plan.trust);
    this.failureField = plan.failureField;
    this.revision = plan.revision;
    this.headReader = new HeadReader(HEAD.REQUEST, plan.limits, NOTHING);
    this.answerReader = new HeadReader(HEAD.RESPONSE, plan.limits, NOTHING);
    this.apply(plan);
  }

  /** Another one, where the one before is kept for a head that has not come whole. */
  newHeadReader(): void {
    this.headReader = new HeadReader(HEAD.REQUEST, this.limits, NOTHING);
  }

  /** The same for answers. */
  newAnswerReader(): void {
    this.answerReader = new HeadReader(HEAD.RESPONSE, this.limits, NOTHING);
  }

  /** Requests that begin after this follow `plan`. */
  apply(plan: Plan): void {
    const before = this.#backends;
    const backends = new Map<number, Backend>();
    const pools = new Map<number, Pool>();
    for (const poolPlan of plan.pools) {
      const own = poolPlan.backends.map((backendPlan) => this.#backend(backendPlan, before));
      for (const backend of own) backends.set(backend.slot, backend);
      pools.set(poolPlan.slot, new Pool(this.#state, this.#worker, poolPlan, own, this.#keeps(poolPlan.slot)));
    }
    for (const [slot, backend] of before) if (backends.get(slot) !== backend) backend.idle.closeAll();
    for (const [slot, { queue }] of this.#pools) if (!pools.has(slot)) queue.close();
    this.#backends = backends;
    this.#pools = pools;
    for (const { queue } of pools.values()) queue.reconsider();
    this.routes = new RouteTable(plan.routes);
    this.viaName = plan.viaName;
    this.client = plan.client;
    this.limits = plan.limits;
    this.headReader.reset(plan.limits);
    this.answerReader.reset(plan.limits);
    this.trust = new TrustedNetworks(plan.trust);
    this.failureField = plan.failureField;
    this.revision = plan.revision;
    this.#openLog(plan.accessLog);
  }

  /** Shows requests to these from now on, as far as they begin after this. */
  show(taps: readonly WorkerTap[]): void {
    this.#state.gauges[this.#gauges + WORKER_GAUGES.TAPS] = taps.length;
    if (taps.length === 0) {
      this.tap?.stop();
      this.tap = null;
      return;
    }
    this.tap ??= new Tap(this);
    this.tap.follow(taps);
  }

  /** Opens the file anew with each plan, so that a reload serves whoever rotates it. */
  #openLog(settings: Plan['accessLog']): void {
    void this.accessLog?.close();
    this.accessLog = null;
    if (settings === null) return;
    try {
      this.accessLog = new AccessLog(settings, () => this.#count(WORKER_COUNTERS.LOG_LINES_DROPPED));
    } catch (error) {
      this.report({ type: 'log-failed', path: settings.path, error: String(error) });
    }
  }

  #backend(plan: PlanBackend, before: ReadonlyMap<number, Backend>): Backend {
    const backend = before.get(plan.slot);
    if (backend === undefined || backend.plan.address !== plan.address || backend.plan.port !== plan.port) {
      return new Backend(this.#state, this.#worker, plan, this.#upstreams);
    }
    backend.plan = plan;
    return backend;
  }

  #keeps(slot: number): PoolKeeps {
    return (
      this.#pools.get(slot) ?? {
        queue: new PlaceQueue(this.#state, this.#worker, slot, this.deadlines),
        budget: new RetryBudget(this.#state.capacity.workers, this.clock.now()),
      }
    );
  }

  /** The pool in a slot; null where the plan has none. */
  pool(slot: number): Pool | null {
    return this.#pools.get(slot) ?? null;
  }

  /** An exchange for a client's next request. */
  lendExchange(client: Client): Exchange {
    const exchange = this.#restingExchanges.pop();
    if (exchange === undefined) return new Exchange(this, client);
    exchange.lend(client);
    return exchange;
  }

  /** It has ended what it was lent for. */
  takeExchangeBack(exchange: Exchange): void {
    if (this.#restingExchanges.length >= RESTING_EXCHANGES) return;
    exchange.rest();
    this.#restingExchanges.push(exchange);
  }

  /** Takes a new client in, and counts it at its door until it has gone. */
  accept(incoming: Incoming, door: Door): void {
    this.#count(WORKER_COUNTERS.CONNECTIONS_ACCEPTED);
    const isCounted = this.limits.connectionsPerClient > 0;
    const address = isCounted ? peerOf(incoming) : '';
    const excess = this.#excess(address);
    if (excess !== null) {
      this.#count(WORKER_COUNTERS.FIRST_FAILURE + excess.index);
      refuseIncoming(incoming);
      return;
    }
    acceptWire(incoming, (wire) => {
      const downstream = new Downstream(this, wire, address, door);
      this.#downstreams.add(downstream);
      door.open++;
      if (isCounted) this.#byClient.set(address, (this.#byClient.get(address) ?? 0) + 1);
      return downstream;
    });
    this.#showConnections();
  }

  /** Told many times a second how near the end of its heap this worker is. */
  heapIs(level: HeapLevel): void {
    this.#heapLevel = level;
    this.isShedding = level !== HEAP_LEVEL.FINE;
    if (!this.isShedding || this.clock.now() - this.#relievedMs < RELIEF_MS) return;
    this.#relievedMs = this.clock.now();
    for (const downstream of this.#downstreams) downstream.drain();
    for (const { idle } of this.#backends.values()) idle.closeWaiting();
  }

  /** Which limit one more client would break; null for none. */
  #excess(address: string): Failure | null {
    if (this.#heapLevel === HEAP_LEVEL.CLOSE) return failureOf('HEAP_EXHAUSTED');
    const { connections, connectionsPerClient } = this.limits;
    const most = Math.min(connections > 0 ? connections : Infinity, this.#ceiling);
    if (this.#downstreams.size >= most) return failureOf('CONNECTIONS_FULL');
    if (connectionsPerClient === 0 || (this.#byClient.get(address) ?? 0) < connectionsPerClient) return null;
    return failureOf('CLIENT_CONNECTIONS_FULL');
  }

  /**
   * Before a connection to a backend is opened: where there are as many as there may be, the one
   * that has lain idle longest gives its place back. A client has one at the most in use, so with
   * no more clients than the ceiling there always is one.
   */
  makeRoomUpstream(): void {
    if (this.#upstreams.open >= this.#ceiling) this.giveBackIdle();
  }

  /** Closes the connection to a backend that has lain idle longest. */
  giveBackIdle(): void {
    closeLongestIdle(this.#backends.values());
  }

  downstreamClosed(downstream: Downstream): void {
    this.#downstreams.delete(downstream);
    downstream.door.open--;
    this.#forgetClient(downstream.countedAddress);
    this.#showConnections();
    if (this.#downstreams.size === 0) this.#onEmpty?.();
  }

  #forgetClient(address: string): void {
    const open = this.#byClient.get(address);
    if (open === undefined) return;
    if (open > 1) this.#byClient.set(address, open - 1);
    else this.#byClient.delete(address);
  }

  /** Counts a request for its route. */
  routeTaken(slot: number): void {
    const { counters } = this.#state;
    const cell = this.#routes + slot;
    counters[cell] = (counters[cell] ?? 0) + 1;
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
   * Ends the attempts that are under way on a backend, and its idle connections: its time for them
   * is used up. It may come back, so what it is given then is kept as ever.
   */
  cut(slot: number): void {
    for (const downstream of [...this.#downstreams]) downstream.cutBackend(slot);
    this.#backends.get(slot)?.idle.closeWaiting();
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

const NOTHING = Buffer.alloc(0);
