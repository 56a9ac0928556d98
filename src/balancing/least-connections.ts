/**
 * Least connections: the backend with the fewest requests in flight for its weight.
 *
 * The name is the field's; what is compared is in-flight requests over all workers, since idle
 * kept-alive connections cost a backend nothing. A slow backend holds its requests longer, so it
 * is given fewer: the policy adapts to cost without measuring time. The whole list is read, so the
 * answer is exact where a sample of two would be near it, and 1,000 backends cost some 10 µs. In its
 * slow start a backend has its weight times its ramp.
 *
 * Ties are the usual case, with idle backends always. They go by turn through the same smooth
 * weighted cycle as weighted-round-robin, like nginx (ngx_http_upstream_least_conn_module.c), so
 * an idle pool behaves exactly as weighted round robin and never sends every request to its first
 * backend. A turn that falls on a backend outside the tie is passed over *by taking the next turn*,
 * not by walking on from it: walking would give the successor of a busy backend the busy one's
 * turns as well (a busy, b and c tied: b would get 2 of 3). After `TURNS_MAX` the last turn,
 * scattered, chooses among the tied ones. Turns are taken in ties only: each is an atomic addition.
 *
 * When not to use it: a backend that fails fast looks idle and attracts traffic, so the pool wants
 * health checks. Workers that read at the same moment may choose the same backend; the overshoot
 * is at most one request a worker.
 */
import { type Loads, NONE, type Picker, type Policy } from './policy.ts';
import { sharesOf } from './shares.ts';
import { smoothSequence } from './smooth-sequence.ts';
import { TriedMarks } from './tried-marks.ts';

/** With 16 turns, a tie of one in five backends is missed once in 36 picks. */
const TURNS_MAX = 16;
const TRIED = -1;

export const leastConnections: Policy = {
  name: 'least-connections',
  summary: 'The backend with the fewest requests in flight for its weight; ties take turns.',
  usesWeights: true,
  picker: (candidates, loads) => new LeastConnections(candidates, loads),
};

/** A class, not closures: with several pools V8 inlines methods only, and the scan takes 10 µs, not 16. */
class LeastConnections implements Picker {
  readonly #candidates: readonly number[];
  readonly #loads: Loads;
  readonly #weights: Int32Array;
  readonly #sequence: Uint32Array;
  readonly #marks: TriedMarks;
  /** In-flight as read by the pick under way: other threads change the words meanwhile. */
  readonly #seen: Int32Array;

  constructor(candidates: readonly number[], loads: Loads) {
    const weights = sharesOf(candidates, loads, true);
    this.#candidates = candidates;
    this.#loads = loads;
    this.#weights = Int32Array.from(weights);
    this.#sequence = smoothSequence(weights);
    this.#marks = new TriedMarks(candidates);
    this.#seen = new Int32Array(candidates.length);
  }

  pick(tried: readonly number[]): number {
    const candidates = this.#candidates;
    const weights = this.#weights;
    const seen = this.#seen;
    const loads = this.#loads;
    const marks = tried.length > 0 ? this.#marks : null;
    marks?.mark(tried);
    let best = NONE;
    let bestLoad = 0;
    let bestWeight = 1;
    let ties = 0;
    for (let position = 0; position < candidates.length; position++) {
      const backend = candidates[position] ?? NONE;
      if (marks?.has(backend) === true) {
        seen[position] = TRIED;
        continue;
      }
      const load = Math.max(0, loads.inFlight(backend));
      const weight = weights[position] ?? 1;
      seen[position] = load;
      // load / weight against bestLoad / bestWeight, without dividing.
      const difference = best === NONE ? -1 : load * bestWeight - bestLoad * weight;
      if (difference < 0) {
        best = position;
        bestLoad = load;
        bestWeight = weight;
        ties = 1;
      } else if (difference === 0) ties++;
    }
    if (ties > 1) best = this.#oneOfTies(bestLoad, bestWeight, ties);
    return best === NONE ? NONE : (candidates[best] ?? NONE);
  }

  #oneOfTies(load: number, weight: number, ties: number): number {
    const sequence = this.#sequence;
    let turn = 0;
    for (let taken = 0; taken < TURNS_MAX; taken++) {
      turn = this.#loads.nextTurn();
      const position = sequence[turn % sequence.length] ?? 0;
      if (this.#isTied(position, load, weight)) return position;
    }
    // 2^32 / golden ratio: spreads turns evenly whatever their stride, which here is often 16.
    let before = Math.floor(((Math.imul(turn, 0x9e3779b1) >>> 0) / 2 ** 32) * ties);
    for (let position = 0; position < this.#seen.length; position++) {
      if (this.#isTied(position, load, weight) && before-- === 0) return position;
    }
    return NONE;
  }

  #isTied(position: number, load: number, weight: number): boolean {
    const own = this.#seen[position] ?? TRIED;
    return own !== TRIED && own * weight === load * (this.#weights[position] ?? 1);
  }
}
