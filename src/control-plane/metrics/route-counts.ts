/**
 * What each route has taken: counts over all workers, and rates over the last ten seconds.
 *
 * Ticked by the balancer once a second. Used by the admin API, the live channel and the Prometheus
 * writer. What a route is said to be is worked out once for each config; figures are read when they
 * are asked for, since there may be thousands of routes and a page shows a hundred.
 */
import { RouteOrder } from '../../config/route-cover.ts';
import type { Config, RouteConfig } from '../../config/schema.ts';
import type { RouteStatus } from '../../protocol/admin-api.ts';
import { failureOf } from '../../protocol/failures.ts';
import { type State, WORKER_COUNTERS } from '../../state/layout.ts';
import { exampleOf, type RequestExample } from '../explain/route-example.ts';

const WINDOW_SECONDS = 10;
const UNROUTED = WORKER_COUNTERS.FIRST_FAILURE + failureOf('ROUTE_NOT_FOUND').index;

export interface RoutedRoster {
  readonly config: Config;
  readonly routeSlots: readonly number[];
}

/** A route of the config in force. `requests` and `rps` are those of the moment. */
export interface CountedRoute extends RouteStatus {
  /** A request that it takes. */
  readonly example: RequestExample;
}

export class RouteCounts {
  readonly #state: State;
  readonly #roster: RoutedRoster;
  /** Counts of all rows at the end of each of the last seconds, oldest first; behind them, what no route took. */
  #seconds: Float64Array[] = [];
  #routes: readonly CountedRoute[] = [];
  /** Of which config they are. */
  #slots: readonly number[] | null = null;

  constructor(state: State, roster: RoutedRoster) {
    this.#state = state;
    this.#roster = roster;
    // What the first second brings is part of the rate as well.
    this.#seconds.push(this.#read());
  }

  /** A second has passed. */
  tick(): void {
    this.#seconds.push(this.#read());
    if (this.#seconds.length > WINDOW_SECONDS + 1) this.#seconds.shift();
  }

  /** Every route in the order in which they are asked; the same objects until the config changes. */
  get routes(): readonly CountedRoute[] {
    const { config, routeSlots } = this.#roster;
    if (this.#slots !== routeSlots) {
      const order = new RouteOrder(config.routes);
      this.#slots = routeSlots;
      this.#routes = config.routes.map(
        (route, index) => new LiveRoute(this, route, index + 1, routeSlots[index] ?? 0, order),
      );
    }
    return this.#routes;
  }

  /** The same as plain data. */
  status(): RouteStatus[] {
    return this.routes.map(({ number, host, path, pool, requests, rps, coveredBy }) => ({
      number,
      host,
      path,
      pool,
      requests,
      rps,
      coveredBy,
    }));
  }

  /** Requests that no route took, since the start and a second. */
  get unrouted(): { readonly requests: number; readonly rps: number } {
    return { requests: this.#readUnrouted(), rps: this.rateOf(this.#state.capacity.routes) };
  }

  /** Requests that the route in a row has taken. */
  countOf(slot: number): number {
    const { counters, capacity } = this.#state;
    let sum = 0;
    for (let worker = 0; worker < capacity.workers; worker++) {
      sum += counters[this.#state.routeCounter(worker, slot)] ?? 0;
    }
    return sum;
  }

  rateOf(slot: number): number {
    const [first] = this.#seconds;
    const last = this.#seconds.at(-1);
    const seconds = this.#seconds.length - 1;
    if (first === undefined || last === undefined || seconds === 0) return 0;
    // A row that was given to another route meanwhile has begun anew.
    const taken = Math.max(0, (last[slot] ?? 0) - (first[slot] ?? 0));
    return Math.round((100 * taken) / seconds) / 100;
  }

  #read(): Float64Array {
    const { workers, routes } = this.#state.capacity;
    const sums = new Float64Array(routes + 1);
    for (let worker = 0; worker < workers; worker++) {
      const first = this.#state.routeCounter(worker, 0);
      for (let route = 0; route < routes; route++) {
        sums[route] = (sums[route] ?? 0) + (this.#state.counters[first + route] ?? 0);
      }
    }
    sums[routes] = this.#readUnrouted();
    return sums;
  }

  #readUnrouted(): number {
    const { counters, capacity } = this.#state;
    let sum = 0;
    for (let worker = 0; worker < capacity.workers; worker++) {
      sum += counters[this.#state.workerCounters(worker) + UNROUTED] ?? 0;
    }
    return sum;
  }
}

class LiveRoute implements CountedRoute {
  readonly number: number;
  readonly host: string | null;
  readonly path: string | null;
  readonly pool: string;
  readonly coveredBy: number | null;
  readonly #counts: RouteCounts;
  readonly #slot: number;
  readonly #order: RouteOrder;
  #example: RequestExample | null = null;

  constructor(counts: RouteCounts, { host, path, pool }: RouteConfig, number: number, slot: number, order: RouteOrder) {
    const first = order.firstFor({ host, path });
    this.number = number;
    this.host = host;
    this.path = path;
    this.pool = pool;
    this.coveredBy = first === number ? null : first;
    this.#counts = counts;
    this.#slot = slot;
    this.#order = order;
  }

  get requests(): number {
    return this.#counts.countOf(this.#slot);
  }

  get rps(): number {
    return this.#counts.rateOf(this.#slot);
  }

  get example(): RequestExample {
    return (this.#example ??= exampleOf(this, this.number, this.#order));
  }
}
