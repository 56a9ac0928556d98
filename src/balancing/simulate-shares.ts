/**
 * Which share of a pool's requests each backend would get: found out by asking the policy itself,
 * pick by pick, over loads that are made up. So it holds for every policy, and a new one needs no
 * line here.
 *
 * `promisedShares` is what a policy promises whatever the load is; one that follows load promises
 * nothing, and that too is found out by asking. `simulatedShares` is what would come of it in the
 * present conditions: requests arrive evenly, and each keeps its backend busy for as long as one
 * takes there now. It knows nothing of keys, retries or full backends.
 *
 * Called by the control plane, for people. Pure.
 */
import { type Loads, NONE, type Policy } from './policy.ts';
import { sharesOf } from './shares.ts';

/** One candidate in the conditions that are made up for it. */
export interface Conditions {
  readonly weight: number;
  /** Tenths of its share that it may have. */
  readonly ramp: number;
  readonly inFlight: number;
  /** How long a request takes on it; null where nobody knows. */
  readonly serviceMs: number | null;
}

/** Picks of a simulation, and reads of loads in all: 4 million take some 20 ms. */
const PICKS_MAX = 20_000;
const READS_MAX = 4_000_000;
/** A weighted cycle is walked whole up to this length. */
const CYCLE_MAX = 300_000;
/** Picks that show whether a policy follows load, and candidates that are enough for it. */
const PROBES = 512;
const PROBED_MAX = 64;
/** In flight on every second backend while it is found out. */
const HEAVY = 1000;
/** A policy that still gives the heavy ones this much of what they get idle takes no notice of load. */
const INDIFFERENT = 0.75;

/** The share of each candidate, 0..1, in their order; null where the policy follows load. */
export function promisedShares(policy: Policy, candidates: readonly Conditions[]): number[] | null {
  if (candidates.length === 0) return null;
  const idle = candidates.map((candidate) => ({ ...candidate, inFlight: 0, serviceMs: 0 }));
  if (followsLoad(policy, idle.slice(0, PROBED_MAX))) return null;
  const numbers = [...candidates.keys()];
  const cycle = sharesOf(numbers, new MadeUpLoads(idle, STANDING), policy.usesWeights).reduce((a, b) => a + b, 0);
  const picks = cycle > CYCLE_MAX ? CYCLE_MAX : cycle * Math.max(1, Math.ceil(PROBES / cycle));
  return asShares(picksOf(policy, idle, picks, STANDING));
}

/** Whether it gives less to those that have more in flight: all else is equal but for the weights. */
function followsLoad(policy: Policy, idle: readonly Conditions[]): boolean {
  const skewed = idle.map((candidate, index) => (index % 2 === 1 ? { ...candidate, inFlight: HEAVY } : candidate));
  const picksOfHeavy = (conditions: readonly Conditions[]): number =>
    picksOf(policy, conditions, PROBES, STANDING).reduce((sum, count, index) => sum + (index % 2) * count, 0);
  return picksOfHeavy(skewed) < INDIFFERENT * picksOfHeavy(idle);
}

/** The share of each candidate, 0..1, in their order. */
export function simulatedShares(
  policy: Policy,
  candidates: readonly Conditions[],
  requestsPerSecond: number,
): number[] {
  if (candidates.length === 0) return [];
  const known = candidates.flatMap(({ serviceMs }) => serviceMs ?? []);
  const typicalMs = known.length === 0 ? 0 : known.reduce((sum, ms) => sum + ms, 0) / known.length;
  const conditions = candidates.map((candidate) => ({ ...candidate, serviceMs: candidate.serviceMs ?? typicalMs }));
  const picks = Math.max(candidates.length, Math.min(PICKS_MAX, Math.floor(READS_MAX / candidates.length)));
  // Without traffic each request finds the backends idle.
  const gapMs = requestsPerSecond > 0 ? 1000 / requestsPerSecond : Number.POSITIVE_INFINITY;
  return asShares(picksOf(policy, conditions, picks, gapMs));
}

/** For `gapMs`: time stands still, and nothing that is picked counts as load. */
const STANDING = 0;

/** How often each candidate is picked. */
function picksOf(policy: Policy, candidates: readonly Conditions[], picks: number, gapMs: number): number[] {
  const counts = candidates.map(() => 0);
  const loads = new MadeUpLoads(candidates, gapMs);
  const picker = policy.picker([...candidates.keys()], loads);
  for (let pick = 0; pick < picks; pick++) {
    loads.arrive();
    const backend = picker.pick([]);
    if (backend === NONE) continue;
    loads.begin(backend);
    counts[backend] = (counts[backend] ?? 0) + 1;
  }
  return counts;
}

function asShares(counts: readonly number[]): number[] {
  const sum = counts.reduce((total, count) => total + count, 0);
  return counts.map((count) => (sum === 0 ? 0 : count / sum));
}

class MadeUpLoads implements Loads {
  readonly #candidates: readonly Conditions[];
  readonly #gapMs: number;
  /** When what is in flight ends, by backend, ascending; what lies before `#ended` has. */
  readonly #ends: number[][];
  readonly #ended: number[];
  #nowMs = 0;
  #turn = 0;

  constructor(candidates: readonly Conditions[], gapMs: number) {
    this.#candidates = candidates;
    this.#gapMs = gapMs;
    this.#ended = candidates.map(() => 0);
    this.#ends = candidates.map(({ inFlight, serviceMs }) =>
      Array.from({ length: inFlight }, (_, index) => ((index + 1) / inFlight) * (serviceMs ?? 0)),
    );
  }

  /** The next request is here. */
  arrive(): void {
    this.#nowMs += this.#gapMs;
  }

  begin(backend: number): void {
    if (this.#gapMs === STANDING) return;
    this.#ends[backend]?.push(this.#nowMs + (this.#candidates[backend]?.serviceMs ?? 0));
  }

  inFlight(backend: number): number {
    if (this.#gapMs === STANDING) return this.#candidates[backend]?.inFlight ?? 0;
    const ends = this.#ends[backend] ?? [];
    let ended = this.#ended[backend] ?? 0;
    while (ended < ends.length && (ends[ended] ?? 0) <= this.#nowMs) ended++;
    this.#ended[backend] = ended;
    return ends.length - ended;
  }

  weight(backend: number): number {
    return this.#candidates[backend]?.weight ?? 1;
  }

  ramp(backend: number): number {
    return this.#candidates[backend]?.ramp ?? 1;
  }

  nextTurn(): number {
    return this.#turn++;
  }
}
