/**
 * One cycle of a weighted rotation, spread as evenly as can be.
 *
 * A cycle holds each position exactly as often as its weight says, after all weights are divided
 * by their greatest common divisor. Weights 5, 1, 1 give a a b a c a a, never a a a a a b c: a
 * backend of great weight must not get its share in one burst. Equal weights give each position
 * once, in order. Called when a picker is made, never while picking.
 *
 * Up to `CLASSIC_STEPS_MAX` the cycle is nginx's smooth weighted round robin
 * (ngx_http_upstream_round_robin.c), played once from its start: every step raises each position's
 * credit by its weight, takes the highest credit (the first of equals) and lowers it by the sum of
 * weights. That costs positions × length steps: 4 million take about 5 ms, and a thousand backends
 * of a hundred weights would take 100 million.
 *
 * Beyond that the visits are laid out on a line instead. Positions of equal weight form a group
 * that visits in rotation; a group of c positions of weight w makes c × w visits, the m-th of them
 * due at (m + 1/2) / (c × w) of the cycle, and a counting sort by due place puts all visits in
 * order. That is linear in the length, exact in its shares, and no position's visits drift from
 * their due places by more than the visits due in the same place.
 */

/** Most positions × length for which nginx's own order is computed. */
const CLASSIC_STEPS_MAX = 4_000_000;

/** The positions 0..n-1 in the order of one cycle. Weights are whole numbers from 1 up. */
export function smoothSequence(weights: readonly number[]): Uint32Array {
  const divisor = weights.reduce(greatestCommonDivisor, 0);
  const reduced = Int32Array.from(weights, (weight) => weight / divisor);
  const length = reduced.reduce((sum, weight) => sum + weight, 0);
  if (length === reduced.length) return Uint32Array.from(weights.keys());
  return length * reduced.length <= CLASSIC_STEPS_MAX ? classic(reduced, length) : laidOut(reduced, length);
}

/** Of 0 and a number, that number. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function classic(weights: Int32Array, length: number): Uint32Array {
  const count = weights.length;
  const credits = new Int32Array(count);
  const sequence = new Uint32Array(length);
  for (let step = 0; step < length; step++) {
    let best = 0;
    let bestCredit = Number.NEGATIVE_INFINITY;
    for (let position = 0; position < count; position++) {
      const credit = (credits[position] ?? 0) + (weights[position] ?? 0);
      credits[position] = credit;
      if (credit > bestCredit) {
        best = position;
        bestCredit = credit;
      }
    }
    credits[best] = bestCredit - length;
    sequence[step] = best;
  }
  return sequence;
}

function laidOut(weights: Int32Array, length: number): Uint32Array {
  const groups = new Map<number, number[]>();
  weights.forEach((weight, position) => {
    const group = groups.get(weight);
    if (group === undefined) groups.set(weight, [position]);
    else group.push(position);
  });
  const nextOfPlace = new Uint32Array(length + 1);
  eachVisit(groups, length, (_position, place) => {
    nextOfPlace[place + 1] = (nextOfPlace[place + 1] ?? 0) + 1;
  });
  for (let place = 0; place < length; place++) {
    nextOfPlace[place + 1] = (nextOfPlace[place + 1] ?? 0) + (nextOfPlace[place] ?? 0);
  }
  const sequence = new Uint32Array(length);
  eachVisit(groups, length, (position, place) => {
    const next = nextOfPlace[place] ?? 0;
    sequence[next] = position;
    nextOfPlace[place] = next + 1;
  });
  return sequence;
}

/** Calls back for every visit of a cycle with the place 0..length-1 at which it is due. */
function eachVisit(
  groups: ReadonlyMap<number, readonly number[]>,
  length: number,
  visit: (position: number, place: number) => void,
): void {
  for (const [weight, positions] of groups) {
    const visits = weight * positions.length;
    for (let number = 0; number < visits; number++) {
      visit(positions[number % positions.length] ?? 0, Math.floor(((number + 0.5) * length) / visits));
    }
  }
}
