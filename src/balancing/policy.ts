/**
 * The contract of a load-balancing policy.
 *
 * Measuring load and choosing by load are two things (after tower's `Load` and `Balance`).
 * Measuring is done elsewhere, all the time, for every backend: in-flight words, weights,
 * latency. A policy only chooses. It has no I/O, no clock, no randomness but what it is given,
 * and it makes nothing while it picks.
 *
 * A policy is asked in two steps. Whenever the list of available backends of a pool changes, or a
 * weight or ramp does, or the policy itself, each worker calls `picker` once with the new
 * candidates; what takes long (a weighted sequence, a hash ring) is done there. Then `pick` runs
 * for every attempt. State that must be exact over all workers and outlive both steps is the pool's turn
 * counter: one shared word for each policy, so that a switch to another policy and back goes on
 * where it stopped.
 */

/** What `pick` answers when every candidate has been tried. */
export const NONE = -1;

/** What a policy may know about the backends, read live. */
export interface Loads {
  /** Attempts begun and not finished on this backend, over all workers. */
  inFlight(backend: number): number;
  /** The backend's weight, 1..256. */
  weight(backend: number): number;
  /** Tenths of its share that the backend may have: 10, and 1..9 in its slow start. */
  ramp(backend: number): number;
  /** The next number of this pool's and policy's turn counter: 0..2^32-1, each given once. */
  nextTurn(): number;
}

export interface Picker {
  /**
   * The backend for the next attempt: one of the candidates and none of `tried`, or `NONE`.
   * `tried` holds the backends that this exchange has tried or found full, and is nearly always
   * empty.
   */
  pick(tried: readonly number[]): number;
}

export interface Policy {
  /** Name in the config, the API and the dashboard. */
  readonly name: string;
  /** One sentence for the dashboard's menu and the documentation. */
  readonly summary: string;
  /** Whether weights have any effect. */
  readonly usesWeights: boolean;
  /** Makes the picker for a list of candidates: never empty, without repetition. */
  picker(candidates: readonly number[], loads: Loads): Picker;
}
