/**
 * Puts right what a dead worker may have left wrong by one.
 *
 * A worker raises the word that all share and then its own gauge: two stores. A thread that is
 * ended from outside, or runs out of memory, may be ended between them; what its gauge does not
 * show, `takeBackShare` cannot subtract, and least-connections would think worse of that backend
 * for ever. After a death the words are therefore compared with the sums of the gauges of all
 * live workers, once a second. The two differ for nanoseconds all the time; what differs by the
 * same at every one of five looks is no one's any more, and is taken off.
 *
 * Called by the supervisor, and not while a worker's event loop stands still: that one may be in
 * the middle. Costs nothing on the path of a request, and nothing while no worker has died.
 */
import { BACKEND_GAUGES, BACKEND_SHARED, POOL_GAUGES, POOL_SHARED, type State } from '../../state/layout.ts';

const LOOKS = 5;

/** A word that workers share, and where each of them keeps its part of it. */
interface Suspect {
  readonly word: number;
  readonly gauge: (worker: number) => number;
  /** By how much the word was too large at the last look. */
  excess: number;
  /** Looks in a row that have found this. */
  looks: number;
}

export class ShareSettler {
  readonly #state: State;
  #suspects: Suspect[] = [];

  constructor(state: State) {
    this.#state = state;
  }

  /** A worker has died, and its share as its gauges show it was taken back. */
  workerDied(): void {
    const state = this.#state;
    const { backends, pools } = state.capacity;
    this.#suspects = [
      ...Array.from({ length: backends }, (_, backend) =>
        newSuspect(
          state.backendShared(backend) + BACKEND_SHARED.IN_FLIGHT,
          (worker) => state.backendGauges(worker, backend) + BACKEND_GAUGES.IN_FLIGHT,
        ),
      ),
      ...Array.from({ length: pools }, (_, pool) =>
        newSuspect(
          state.poolShared(pool) + POOL_SHARED.QUEUED,
          (worker) => state.poolGauges(worker, pool) + POOL_GAUGES.QUEUED,
        ),
      ),
    ];
  }

  /** Once a second. */
  look(): void {
    if (this.#suspects.length === 0) return;
    this.#suspects = this.#suspects.filter((suspect) => !this.#isSettled(suspect));
  }

  #isSettled(suspect: Suspect): boolean {
    const before = this.#sumOf(suspect);
    const word = Atomics.load(this.#state.shared, suspect.word);
    // Requests have come or gone meanwhile: nothing can be said.
    if (this.#sumOf(suspect) !== before) return false;
    const excess = word - before;
    if (excess === 0) return true;
    suspect.looks = excess === suspect.excess ? suspect.looks + 1 : 1;
    suspect.excess = excess;
    if (suspect.looks < LOOKS) return false;
    Atomics.sub(this.#state.shared, suspect.word, excess);
    return true;
  }

  #sumOf({ gauge }: Suspect): number {
    const { gauges, capacity } = this.#state;
    let sum = 0;
    for (let worker = 0; worker < capacity.workers; worker++) sum += Atomics.load(gauges, gauge(worker));
    return sum;
  }
}

const newSuspect = (word: number, gauge: Suspect['gauge']): Suspect => ({ word, gauge, excess: 0, looks: 0 });
