import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Loads } from './policy.ts';
import { smoothSequence } from './smooth-sequence.ts';
import { weightedRoundRobin } from './weighted-round-robin.ts';

const letters = (sequence: Iterable<number>): string =>
  Array.from(sequence, (position) => 'abcdefgh'[position] ?? '?').join(' ');

/** nginx's algorithm with live credits, as a second opinion. */
function nginxPicks(weights: readonly number[], count: number): number[] {
  const credits = weights.map(() => 0);
  const total = weights.reduce((a, b) => a + b, 0);
  return Array.from({ length: count }, () => {
    weights.forEach((weight, position) => {
      credits[position] = (credits[position] ?? 0) + weight;
    });
    const best = credits.indexOf(Math.max(...credits));
    credits[best] = (credits[best] ?? 0) - total;
    return best;
  });
}

function counts(sequence: Uint32Array, positions: number): number[] {
  const all = new Array<number>(positions).fill(0);
  for (const position of sequence) all[position] = (all[position] ?? 0) + 1;
  return all;
}

describe('smoothSequence', () => {
  it('spreads weights 5, 1, 1 as nginx does', () => {
    assert.equal(letters(smoothSequence([5, 1, 1])), 'a a b a c a a');
  });

  it('divides weights by their greatest common divisor', () => {
    assert.deepEqual(smoothSequence([50, 10, 10]), smoothSequence([5, 1, 1]));
    assert.equal(letters(smoothSequence([256, 256, 256])), 'a b c');
  });

  it('agrees with nginx over several cycles', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(weights, (own) => {
        const cycle = [...smoothSequence(own)];
        assert.deepEqual([...cycle, ...cycle, ...cycle], nginxPicks(own, cycle.length * 3));
      }),
    );
  });

  it('keeps exact shares beyond the size that nginx’s order is computed for', () => {
    const weights = Array.from({ length: 1000 }, (_, position) => 1 + ((position * 37) % 256));
    const sequence = smoothSequence(weights);
    assert.ok(sequence.length * weights.length > 4_000_000, 'the case must be beyond the bound');
    assert.deepEqual(counts(sequence, weights.length), weights);
  });

  it('spreads evenly beyond that size too', () => {
    const weights = Array.from({ length: 1000 }, (_, position) => (position < 10 ? 256 : 1 + (position % 97)));
    const sequence = smoothSequence(weights);
    const visits = weights.map((): number[] => []);
    sequence.forEach((position, place) => {
      visits[position]?.push(place);
    });
    visits.forEach((places, position) => {
      const due = sequence.length / (weights[position] ?? 1);
      for (let visit = 1; visit < places.length; visit++) {
        const gap = (places[visit] ?? 0) - (places[visit - 1] ?? 0);
        // Up to one visit of each of the 98 groups can be due in the same place.
        assert.ok(Math.abs(gap - due) <= 2 * 98, `${position}: a gap of ${gap} where ${due} is due`);
      }
    });
  });
});

describe('weighted-round-robin', () => {
  it('hands a heavy backend’s turns to others only while it is tried', () => {
    let turn = 0;
    const loads: Loads = {
      inFlight: () => 0,
      weight: (backend) => (backend === 0 ? 256 : 1),
      ramp: () => 10,
      nextTurn: () => turn++,
    };
    const picker = weightedRoundRobin.picker([0, 1], loads);
    for (let pick = 0; pick < 300; pick++) assert.equal(picker.pick([0]), 1);
  });
});
