/**
 * How near a worker is to the end of its JavaScript heap.
 *
 * A thread that reaches it is ended by the runtime, and with bad luck the whole process is: where
 * one single piece of memory cannot be had, nothing can be thrown any more. So a worker that comes
 * near it takes less work. What counts is what is left after a collection, since a heap is meant to
 * fill up with garbage; the collections that this asks for take a tenth of the time at most.
 */

/** The heap as the runtime tells of it. */
export interface Heap {
  /** The most that the old generation, where all that lives for long ends up, may hold. */
  readonly limitBytes: number;
  /** What is in use, garbage and the young generation included: cheap, and never too low. */
  usedBytes(): number;
  /** What is in use in the old generation, garbage included. */
  oldBytes(): number;
  /** Collects all garbage; the thread stands still meanwhile. */
  collect(): void;
}

export const HEAP_LEVEL = {
  FINE: 0,
  /** New requests are refused, and idle clients let go. */
  SHED: 1,
  /** New connections are closed as well: even to refuse takes memory. */
  CLOSE: 2,
} as const;

export type HeapLevel = (typeof HEAP_LEVEL)[keyof typeof HEAP_LEVEL];

const MIB = 1024 * 1024;
/** Refused from here on: a tenth of the heap is left, or as much as a burst takes between two looks. */
const SHED_SHARE = 0.1;
const SHED_BYTES = 16 * MIB;
const MIN_COLLECT_MS = 1_000;
/** Between two collections passes so many times what the last one took. */
const COLLECT_PAUSE = 10;

export class HeapGuard {
  level: HeapLevel = HEAP_LEVEL.FINE;
  readonly #heap: Heap;
  readonly #now: () => number;
  readonly #shedBytes: number;
  readonly #closeBytes: number;
  readonly #fineBytes: number;
  #collectAtMs = 0;

  constructor(heap: Heap, now: () => number) {
    this.#heap = heap;
    this.#now = now;
    const { limitBytes } = heap;
    const reserve = Number.isFinite(limitBytes) ? Math.max(limitBytes * SHED_SHARE, SHED_BYTES) : 0;
    this.#shedBytes = limitBytes - reserve;
    this.#closeBytes = limitBytes - reserve / 2;
    this.#fineBytes = limitBytes - reserve * 2;
  }

  /** To be asked many times a second. */
  look(): HeapLevel {
    const isFine = this.level === HEAP_LEVEL.FINE;
    if (isFine && this.#heap.usedBytes() < this.#shedBytes) return this.level;
    const oldBytes = this.#heap.oldBytes();
    if (isFine && oldBytes < this.#shedBytes) return this.level;
    if (this.#mayCollect()) this.level = this.#levelOf(this.#heap.oldBytes());
    // No time to collect: what is in use may be garbage, but there is no room to find out.
    else if (oldBytes >= this.#closeBytes) this.level = HEAP_LEVEL.CLOSE;
    return this.level;
  }

  #levelOf(liveBytes: number): HeapLevel {
    if (liveBytes >= this.#closeBytes) return HEAP_LEVEL.CLOSE;
    if (liveBytes >= this.#shedBytes) return HEAP_LEVEL.SHED;
    // Between the two it stays as it was, or it would go to and fro.
    return liveBytes < this.#fineBytes || this.level === HEAP_LEVEL.FINE ? HEAP_LEVEL.FINE : HEAP_LEVEL.SHED;
  }

  #mayCollect(): boolean {
    const startMs = this.#now();
    if (startMs < this.#collectAtMs) return false;
    this.#heap.collect();
    const endMs = this.#now();
    this.#collectAtMs = endMs + Math.max(MIN_COLLECT_MS, (endMs - startMs) * COLLECT_PAUSE);
    return true;
  }
}
