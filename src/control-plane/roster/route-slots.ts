/**
 * Rows of shared memory for routes: a route that stays over a reload keeps its row, and so its
 * count.
 *
 * A route is known by what it matches and where it leads; of equal ones the later keep their order.
 * A row that is given up is given again last, when no worker can follow a plan as old as that, and
 * begins at 0.
 */
import type { RouteConfig } from '../../config/schema.ts';
import type { State } from '../../state/layout.ts';
import { Slots } from './slots.ts';

export class RouteSlots {
  readonly #state: State;
  readonly #free: Slots;
  #byKey = new Map<string, number>();

  constructor(state: State) {
    this.#state = state;
    this.#free = new Slots(state.capacity.routes);
  }

  /** Why these routes do not fit, or null where they do. */
  shortage(routes: readonly RouteConfig[]): string | null {
    const { routes: room } = this.#state.capacity;
    // Those that leave give their rows up only when the new ones have theirs.
    const fresh = keysOf(routes).filter((key) => !this.#byKey.has(key)).length;
    return fresh > this.#free.freeCount ? `there is no room for ${fresh} more routes (room in all: ${room})` : null;
  }

  /** The row of each route, in order. `shortage` must be null. */
  assign(routes: readonly RouteConfig[]): number[] {
    const before = this.#byKey;
    const now = new Map<string, number>();
    for (const key of keysOf(routes)) now.set(key, before.get(key) ?? this.#take());
    for (const [key, slot] of before) if (!now.has(key)) this.#free.give(slot);
    this.#byKey = now;
    return [...now.values()];
  }

  #take(): number {
    const slot = this.#free.take();
    if (slot === null) throw new Error('no free route slot although the shortage check passed');
    const { counters, capacity } = this.#state;
    for (let worker = 0; worker < capacity.workers; worker++) counters[this.#state.routeCounter(worker, slot)] = 0;
    return slot;
  }
}

/** A key for each route, all different. */
function keysOf(routes: readonly RouteConfig[]): string[] {
  const seen = new Map<string, number>();
  return routes.map(({ host, path, pool }) => {
    const key = JSON.stringify([host, path, pool]);
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return `${key} ${count}`;
  });
}
