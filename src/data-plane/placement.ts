/**
 * From a request to a place on a backend: the policy's choice, the retry budget, the wait.
 *
 * One object for each exchange, used again like it. It remembers which backends have been tried,
 * and stands in the pool's queue while all the others are full. A new request never overtakes
 * those that wait in its worker. A further attempt waits as well rather than fail: if a backend dies
 * while its pool is at its limit, its requests are the last that should be lost.
 */
import { NONE } from '../balancing/policy.ts';
import { type Failure, failureOf } from '../protocol/failures.ts';
import type { DataPlane } from './data-plane.ts';
import type { Backend, Pool } from './pool.ts';
import { Waiter, type WaiterOwner } from './wait-line.ts';

/** The exchange, as its placement sees it. */
export interface PlacementOwner {
  /** A place is taken for its next attempt. `pool` is another one where the plan changed meanwhile. */
  onPlaced(pool: Pool, backend: Backend): void;
  /** There is no place for it, for this reason. */
  onNotPlaced(failure: Failure): void;
  /** It waits: `onPlaced` or `onNotPlaced` will follow. */
  onWaiting(): void;
}

export class Placement implements WaiterOwner {
  readonly #plane: DataPlane;
  readonly #owner: PlacementOwner;
  #pool: Pool | null = null;
  #tried: number[] = [];
  /** Why the attempt before has failed; null for the first one. */
  #last: Failure | null = null;
  /** By when a further attempt must have begun. */
  #untilMs = Infinity;
  /** What the last choice found: backends, but no place. */
  #isFull = false;
  #hasWaited = false;
  #waiter: Waiter | null = null;

  constructor(plane: DataPlane, owner: PlacementOwner) {
    this.#plane = plane;
    this.#owner = owner;
  }

  get isWaiting(): boolean {
    return this.#waiter !== null && this.#waiter.line !== null;
  }

  /** Looks for a place for the first attempt. */
  seekFirst(pool: Pool): void {
    this.#pool = pool;
    this.#last = null;
    this.#untilMs = Infinity;
    this.#hasWaited = false;
    if (this.#tried.length > 0) this.#tried = [];
    pool.budget.requests++;
    if (!pool.queue.isEmpty) return this.#wait(pool);
    const backend = this.#choose(pool);
    if (backend !== null) this.#owner.onPlaced(pool, backend);
    else if (this.#isFull) this.#wait(pool);
    else this.#owner.onNotPlaced(failureOf('POOL_UNAVAILABLE'));
  }

  /**
   * Looks for a place for a further attempt, by `untilMs`, in the pool as it is now: a backend that
   * has left it since may be gone, and its row of shared memory another one's.
   * @param last why the one before has failed; the answer where there is no place
   * @param isCounted whether the retry budget counts it
   */
  seekAgain(last: Failure, isCounted: boolean, untilMs: number): void {
    const pool = this.#poolNow();
    if (pool === null) return;
    this.#last = last;
    this.#untilMs = untilMs;
    const backend = this.#choose(pool);
    if (backend === null && !this.#isFull) return this.#owner.onNotPlaced(last);
    if (isCounted && !this.#isAfforded(pool, backend)) return this.#owner.onNotPlaced(last);
    if (backend === null) this.#wait(pool);
    else this.#owner.onPlaced(pool, backend);
  }

  /** Takes a place for a further attempt, in `pool` as it then is, at once or not at all. */
  takeNow(): Backend | null {
    const pool = this.#poolNow();
    if (pool === null) return null;
    const backend = this.#choose(pool);
    return backend !== null && this.#isAfforded(pool, backend) ? backend : null;
  }

  /** Where the place that was taken last is; null before the first. */
  get pool(): Pool | null {
    return this.#pool;
  }

  /** A removed pool has no present: what is left of it goes on as it was. */
  #poolNow(): Pool | null {
    if (this.#pool !== null) this.#pool = this.#plane.pool(this.#pool.plan.slot) ?? this.#pool;
    return this.#pool;
  }

  /** This exchange is done with a backend. */
  tried(backend: Backend): void {
    this.#tried.push(backend.slot);
  }

  /** The exchange has ended. */
  end(): void {
    this.#leave();
    this.#pool = null;
  }

  /** Takes a place on the backend of the policy's choice among those that have one. */
  #choose(pool: Pool): Backend | null {
    const tried = this.#tried;
    const triedBefore = tried.length;
    let chosen: Backend | null = null;
    this.#isFull = false;
    for (;;) {
      const slot = pool.availability.pick(tried);
      const backend = slot === NONE ? undefined : pool.backend(slot);
      if (backend === undefined) break;
      if (backend.tryBegin()) {
        chosen = backend;
        break;
      }
      this.#isFull = true;
      tried.push(slot);
    }
    // Full is not tried: for one that waits, a place there is as good as any.
    if (this.#isFull) tried.length = triedBefore;
    return chosen;
  }

  /** Whether the retry budget pays for it; if not, a place that was taken is given back. */
  #isAfforded(pool: Pool, backend: Backend | null): boolean {
    if (pool.takeRetry(this.#plane.clock.now())) return true;
    backend?.leave();
    if (backend !== null) pool.queue.placeFreed();
    return false;
  }

  #wait(pool: Pool): void {
    this.#waiter ??= new Waiter(this);
    const { size, timeoutMs } = pool.plan.queue;
    const limitMs = Math.min(timeoutMs, this.#untilMs - this.#plane.clock.now());
    if (!pool.queue.enter(this.#waiter, this.#last !== null, size, limitMs)) {
      return this.#owner.onNotPlaced(this.#last ?? failureOf('POOL_FULL'));
    }
    if (!this.#hasWaited) pool.queued();
    this.#hasWaited = true;
    this.#owner.onWaiting();
  }

  onTurn(): boolean {
    const pool = this.#poolNow();
    if (pool === null) return true;
    const backend = this.#choose(pool);
    if (backend === null && this.#isFull && !pool.queue.isClosed) return false;
    this.#leave();
    if (backend === null) this.#owner.onNotPlaced(this.#last ?? failureOf('POOL_UNAVAILABLE'));
    else this.#owner.onPlaced(pool, backend);
    return true;
  }

  onWaitedTooLong(): void {
    this.#leave();
    this.#owner.onNotPlaced(this.#last ?? failureOf('QUEUE_TIMEOUT'));
  }

  #leave(): void {
    if (this.#waiter !== null) this.#pool?.queue.leave(this.#waiter);
  }
}
