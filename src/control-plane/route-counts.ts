/**
 * What each route has taken: counts over all workers, and rates over the last ten seconds.
 *
 * Ticked by the balancer once a second. Used by the admin API and the Prometheus writer.
 */
import type { Config } from '../config/schema.ts';
import type { RouteStatus } from '../protocol/admin-api.ts';
import type { State } from '../state/layout.ts';

const WINDOW_SECONDS = 10;

export interface RoutedRoster {
  readonly config: Config;
  readonly routeSlots: readonly number[];
}

export class RouteCounts {
  readonly #state: State;
  readonly #roster: RoutedRoster;
  /** Counts of all rows at the end of each of the last seconds, oldest first. */
  #seconds: Float64Array[] = [];

  constructor(state: State, roster: RoutedRoster) {
    this.#state = state;
    this.#roster = roster;
  }

  /** A second has passed. */
  tick(): void {
    this.#seconds.push(this.#read());
    if (this.#seconds.length > WINDOW_SECONDS + 1) this.#seconds.shift();
  }

  /** Every route in the order in which they are asked. */
  status(): RouteStatus[] {
    const now = this.#read();
    const { config, routeSlots } = this.#roster;
    return config.routes.map(({ host, path, pool }, index) => {
      const slot = routeSlots[index] ?? 0;
      return { number: index + 1, host, path, pool, requests: now[slot] ?? 0, rps: this.#rate(slot) };
    });
  }

  #rate(slot: number): number {
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
    const sums = new Float64Array(routes);
    for (let worker = 0; worker < workers; worker++) {
      const first = this.#state.routeCounter(worker, 0);
      for (let route = 0; route < routes; route++) {
        sums[route] = (sums[route] ?? 0) + (this.#state.counters[first + route] ?? 0);
      }
    }
    return sums;
  }
}
