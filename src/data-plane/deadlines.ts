/**
 * Every time-out of a worker: one timer for all of them.
 *
 * A wheel of coarse slots (Varghese and Lauck, 1987). A connection moves its deadline at every
 * read and write, so moving must cost nothing: it writes `deadlineMs` and no more. The wheel
 * looks at it when the slot that it was put into comes up, and puts it into a later one if the
 * deadline has moved since. A time-out is late by at most one tick, and never early.
 */
import type { Clock } from './clock.ts';

/** What can time out. Its owner sets the two fields to 0 and -1 once; then they are the wheel's. */
export interface Expiring {
  /** By the worker's clock; 0 is never. */
  deadlineMs: number;
  /** The tick that it waits for in the wheel; -1 is none. */
  deadlineTick: number;
  onDeadline(): void;
}

export const TICK_MS = 50;
/** One turn of the wheel: longer deadlines go round more than once. */
const SLOTS = 512;

export class Deadlines {
  readonly #clock: Clock;
  readonly #slots: Set<Expiring>[] = Array.from({ length: SLOTS }, () => new Set<Expiring>());
  #tick: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#tick = Math.floor(clock.now() / TICK_MS);
  }

  /** Sets the deadline `delayMs` from now. */
  set(expiring: Expiring, delayMs: number): void {
    expiring.deadlineMs = this.#clock.now() + delayMs;
    const { deadlineTick } = expiring;
    if (deadlineTick !== -1) {
      // It waits for an earlier tick, or for the right one: it will be put off when that comes.
      if (deadlineTick <= this.#tickOf(expiring)) return;
      this.#remove(expiring);
    }
    this.#insert(expiring);
  }

  /** Lifts the deadline; the object stays in its slot until that comes up. */
  clear(expiring: Expiring): void {
    expiring.deadlineMs = 0;
  }

  /** Lifts the deadline of an object that is done with for good. */
  forget(expiring: Expiring): void {
    expiring.deadlineMs = 0;
    if (expiring.deadlineTick !== -1) this.#remove(expiring);
  }

  /** Ends what is due. Called every `TICK_MS`; after a pause it makes up for what it missed. */
  advance(): void {
    const nowMs = this.#clock.now();
    const until = Math.floor(nowMs / TICK_MS);
    // One tick after the other: what is put off on the way must land in a slot that is still to
    // come up, in this very loop or later, or it would be lost there.
    for (let tick = Math.max(this.#tick + 1, until - SLOTS + 1); tick <= until; tick++) {
      this.#tick = tick;
      this.#expire(tick % SLOTS, nowMs);
    }
  }

  #expire(slot: number, nowMs: number): void {
    const waiting = this.#slots[slot];
    if (waiting === undefined || waiting.size === 0) return;
    this.#slots[slot] = new Set();
    for (const expiring of waiting) {
      // Forgotten, or set anew, by another one that expired before it in this very slot.
      if (expiring.deadlineTick === -1 || expiring.deadlineTick > this.#tick) continue;
      expiring.deadlineTick = -1;
      if (expiring.deadlineMs === 0) continue;
      if (expiring.deadlineMs <= nowMs) {
        expiring.deadlineMs = 0;
        expiring.onDeadline();
      } else {
        this.#insert(expiring);
      }
    }
  }

  /** The tick in which it falls due. The timer may look at that tick too early, and then does so again at the next. */
  #tickOf(expiring: Expiring): number {
    return Math.min(Math.max(Math.floor(expiring.deadlineMs / TICK_MS), this.#tick + 1), this.#tick + SLOTS - 1);
  }

  #insert(expiring: Expiring): void {
    expiring.deadlineTick = this.#tickOf(expiring);
    this.#slots[expiring.deadlineTick % SLOTS]?.add(expiring);
  }

  #remove(expiring: Expiring): void {
    this.#slots[expiring.deadlineTick % SLOTS]?.delete(expiring);
    expiring.deadlineTick = -1;
  }
}
