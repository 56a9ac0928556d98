/**
 * The requests of one pool that wait in this worker, because every backend that they may use is at
 * its `maxConnections`.
 *
 * One for each pool and worker, kept over its plans; `placement.ts` puts them in and out. It says
 * whose turn it is; whether there is a place, and on which backend, each finds out for itself
 * through the pool's policy, and while it waits it holds none.
 *
 * Order: further attempts first, since their requests have had their turn before, then the others,
 * each as they came. The bound is exact over all workers: one shared word that is only raised
 * where that leaves it within the bound.
 *
 * A place that becomes free while anybody waits is given to this worker's waiters or to those of
 * others, in proportion to their number, so that a busy worker does not starve another one's. The
 * share is carried over from one place to the next: exact, and with nothing left to chance. For
 * the others the pool's `FREED` word is raised; a worker with waiters waits on that word
 * (`Atomics.waitAsync`) without holding up its event loop. One that is woken and has nobody left
 * wakes the next.
 *
 * No wake-up is lost: a waiter raises `QUEUED` and then looks for a place once more, while whoever
 * frees a place does so first and then looks at `QUEUED`, so that one of them sees the other.
 * What no word tells (a backend that came back, a place that a dead worker held) is found by
 * asking all again at each tick of the deadlines; it would also turn a lost wake-up into a delay.
 */
import { POOL_GAUGES, POOL_SHARED, type State } from '../state/layout.ts';
import { type Deadlines, type Expiring, TICK_MS } from './deadlines.ts';
import { type Waiter, WaitLine } from './wait-line.ts';

export class PlaceQueue implements Expiring {
  deadlineMs = 0;
  deadlineTick = -1;
  /** Whether the plan in force limits any backend of the pool: without a limit nobody waits. */
  isLimited = false;
  /** The pool is gone: nobody waits here any more. */
  isClosed = false;
  readonly #state: State;
  readonly #deadlines: Deadlines;
  readonly #queued: number;
  readonly #freed: number;
  readonly #gauge: number;
  readonly #isAlone: boolean;
  readonly #further = new WaitLine();
  readonly #new = new WaitLine();
  #size = 0;
  /** Places that this worker's waiters may look for; they do so at the end of this turn. */
  #granted = 0;
  #isServing = false;
  /** This worker's claim to the next place that becomes free here: at 1 it is its own. */
  #claim = 0;
  /** `FREED` as far as this worker has heard of it; what it has raised itself is nothing to hear of. */
  #seenFreed = 0;
  #isListening = false;

  constructor(state: State, worker: number, pool: number, deadlines: Deadlines) {
    this.#state = state;
    this.#deadlines = deadlines;
    this.#queued = state.poolShared(pool) + POOL_SHARED.QUEUED;
    this.#freed = state.poolShared(pool) + POOL_SHARED.FREED;
    this.#gauge = state.poolGauges(worker, pool) + POOL_GAUGES.QUEUED;
    this.#isAlone = state.capacity.workers === 1;
  }

  /** Whether nobody waits in this worker. */
  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /**
   * Joins, until `leave` or its turn; it gets one soon, in case a place has just become free.
   * @param isFurther for a further attempt
   * @param size most that may wait, over all workers
   * @returns false if there is no room
   */
  enter(waiter: Waiter, isFurther: boolean, size: number, timeoutMs: number): boolean {
    if (this.isClosed) return false;
    const isFirst = this.#size === 0;
    if (isFirst) this.#seenFreed = Atomics.load(this.#state.shared, this.#freed);
    if (!this.#countIn(size)) return false;
    const line = isFurther ? this.#further : this.#new;
    line.add(waiter);
    this.#show(this.#size + 1);
    this.#deadlines.set(waiter, timeoutMs);
    if (isFirst) this.#deadlines.set(this, TICK_MS);
    this.#listen();
    // Whoever stands behind another new one need not look: that one has found all full.
    if (isFurther || line.first === waiter) this.#grant(1);
    return true;
  }

  #countIn(size: number): boolean {
    const { shared } = this.#state;
    for (;;) {
      const waiting = Atomics.load(shared, this.#queued);
      if (waiting >= size) return false;
      if (Atomics.compareExchange(shared, this.#queued, waiting, waiting + 1) === waiting) return true;
    }
  }

  leave(waiter: Waiter): void {
    if (waiter.line === null) return;
    waiter.line.remove(waiter);
    this.#deadlines.forget(waiter);
    Atomics.sub(this.#state.shared, this.#queued, 1);
    this.#show(this.#size - 1);
  }

  #show(size: number): void {
    this.#size = size;
    this.#state.gauges[this.#gauge] = size;
  }

  /** A place on a backend of the pool has become free in this worker. */
  placeFreed(): void {
    if (!this.isLimited) return;
    const waiting = Atomics.load(this.#state.shared, this.#queued);
    if (waiting <= 0) return;
    this.#claim += Math.min(1, this.#size / waiting);
    if (this.#claim < 1) return this.#handOn();
    this.#claim -= 1;
    this.#grant(1);
  }

  /** Lets all look for a place again: the plan has changed. */
  reconsider(): void {
    if (this.#size > 0) this.#grant(Infinity);
  }

  /** Lets all look for the last time: the pool is gone. */
  close(): void {
    this.isClosed = true;
    this.reconsider();
  }

  onDeadline(): void {
    this.#serve(Infinity);
    if (this.#size > 0) this.#deadlines.set(this, TICK_MS);
  }

  /** Not at once: the connection that the last attempt leaves behind is idle only when its turn is over. */
  #grant(places: number): void {
    this.#granted += places;
    if (this.#isServing) return;
    this.#isServing = true;
    process.nextTick(this.#serveGranted);
  }

  readonly #serveGranted = (): void => {
    const places = this.#granted;
    this.#granted = 0;
    this.#isServing = false;
    const left = this.#serve(places);
    if (left > 0 && this.#size === 0) this.#handOn();
  };

  /** @returns how many of the places nobody here has found a use for */
  #serve(places: number): number {
    let left = places;
    for (let waiter = this.#further.first, next = waiter; waiter !== null && left > 0; waiter = next) {
      next = waiter.next;
      // If it goes on waiting, that may be for what it has tried: the others may have more luck.
      if (waiter.owner.onTurn()) left--;
    }
    for (let waiter = this.#new.first, next = waiter; waiter !== null && left > 0; waiter = next) {
      next = waiter.next;
      if (!waiter.owner.onTurn()) return 0;
      left--;
    }
    return left;
  }

  /** Lets another worker's waiters look for a place. */
  #handOn(): void {
    const { shared } = this.#state;
    if (this.#isAlone || Atomics.load(shared, this.#queued) <= 0) return;
    Atomics.add(shared, this.#freed, 1);
    this.#seenFreed = (this.#seenFreed + 1) | 0;
    // The one who has waited longest is woken, and that may be this very worker.
    Atomics.notify(shared, this.#freed, this.#isListening ? 2 : 1);
  }

  #listen(): void {
    if (this.#isAlone || this.#isListening) return;
    for (;;) {
      const freed = Atomics.waitAsync(this.#state.shared, this.#freed, this.#seenFreed);
      if (freed.async) {
        this.#isListening = true;
        void freed.value.then(this.#onFreed);
        return;
      }
      this.#takeFreed();
    }
  }

  readonly #onFreed = (): void => {
    this.#isListening = false;
    if (this.#size === 0) return this.#handOn();
    this.#takeFreed();
    this.#listen();
  };

  #takeFreed(): void {
    const freed = Atomics.load(this.#state.shared, this.#freed);
    const places = (freed - this.#seenFreed) | 0;
    this.#seenFreed = freed;
    if (places > 0) this.#grant(places);
  }
}
