/**
 * A line of exchanges that wait for a place, in the order in which they came.
 *
 * Linked through the waiters themselves, so that joining, leaving from the middle and going
 * through in order cost the same however many wait. Used by `place-queue.ts` only.
 */
import type { Expiring } from './deadlines.ts';

/** Who waits. */
export interface WaiterOwner {
  /**
   * A place may be free.
   * @returns false if it goes on waiting, since every backend that it may use is full
   */
  onTurn(): boolean;
  onWaitedTooLong(): void;
}

/** Stands in a line for its owner; one for each that has ever waited, used again. */
export class Waiter implements Expiring {
  deadlineMs = 0;
  deadlineTick = -1;
  readonly owner: WaiterOwner;
  /** Where it stands; null while it does not wait. These three are the line's. */
  line: WaitLine | null = null;
  next: Waiter | null = null;
  previous: Waiter | null = null;

  constructor(owner: WaiterOwner) {
    this.owner = owner;
  }

  onDeadline(): void {
    this.owner.onWaitedTooLong();
  }
}

export class WaitLine {
  first: Waiter | null = null;
  #last: Waiter | null = null;

  /** Joins at the end. */
  add(waiter: Waiter): void {
    waiter.line = this;
    waiter.previous = this.#last;
    if (this.#last === null) this.first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
  }

  /** Leaves, from wherever it stands. */
  remove(waiter: Waiter): void {
    const { next, previous } = waiter;
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    waiter.line = null;
    waiter.next = null;
    waiter.previous = null;
  }
}
