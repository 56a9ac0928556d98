import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { leastConnections } from './least-connections.ts';
import { POLICIES } from './policies.ts';
import type { Policy } from './policy.ts';
import { roundRobin } from './round-robin.ts';
import { type Conditions, promisedShares, simulatedShares } from './simulate-shares.ts';
import { weightedRoundRobin } from './weighted-round-robin.ts';

const candidate = (more: Partial<Conditions> = {}): Conditions => ({
  weight: 1,
  ramp: 10,
  inFlight: 0,
  serviceMs: null,
  ...more,
});
const weights = (...all: number[]): Conditions[] => all.map((weight) => candidate({ weight }));
const near = (shares: readonly number[] | null, expected: readonly number[], tolerance = 0.01): void => {
  assert.ok(shares !== null);
  for (const [index, share] of shares.entries()) {
    assert.ok(
      Math.abs(share - (expected[index] ?? 0)) <= tolerance,
      `${shares.join(', ')} is not ${expected.join(', ')}`,
    );
  }
};

/** Picks at random, and looks at nothing: not in the register. */
const random: Policy = {
  name: 'random',
  summary: 'Any.',
  usesWeights: false,
  picker: (candidates, loads) => ({
    pick: () => candidates[((Math.imul(loads.nextTurn() + 1, 0x9e3779b1) >>> 0) >>> 16) % candidates.length] ?? 0,
  }),
};

describe('what a policy promises', () => {
  it('is the weights where it goes by them, and equal shares where it does not', () => {
    near(promisedShares(roundRobin, weights(3, 1, 1)), [1 / 3, 1 / 3, 1 / 3], 0);
    near(promisedShares(weightedRoundRobin, weights(3, 1, 1)), [0.6, 0.2, 0.2], 1e-12);
  });

  it('takes no notice of what is in flight now', () => {
    const busy = [candidate({ inFlight: 50, weight: 2 }), candidate({ serviceMs: 900 })];
    near(promisedShares(weightedRoundRobin, busy), [2 / 3, 1 / 3], 1e-12);
  });

  it('is lower in a slow start', () => {
    near(promisedShares(roundRobin, [candidate(), candidate({ ramp: 5 })]), [2 / 3, 1 / 3], 1e-12);
  });

  it('is found out for a policy that nobody knows', () => {
    near(promisedShares(random, weights(1, 1, 1, 1)), [0.25, 0.25, 0.25, 0.25], 0.05);
  });

  it('is nothing where it follows load, but for the only candidate', () => {
    assert.equal(promisedShares(leastConnections, weights(1, 1, 1)), null);
    assert.equal(promisedShares(leastConnections, weights(1, 5)), null);
    assert.deepEqual(promisedShares(leastConnections, weights(7)), [1]);
    assert.equal(promisedShares(roundRobin, []), null);
  });

  it('holds for any weights, exactly, and costs little with a thousand backends', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 30 }), (all) => {
        const sum = all.reduce((a, b) => a + b, 0);
        near(
          promisedShares(weightedRoundRobin, weights(...all)),
          all.map((weight) => weight / sum),
          1e-9,
        );
      }),
      { numRuns: 30 },
    );
    const thousand = weights(...Array.from({ length: 1000 }, (_, index) => 1 + (index % 7)));
    near(
      promisedShares(weightedRoundRobin, thousand),
      thousand.map(({ weight }) => weight / 3994),
      1e-4,
    );
    assert.equal(promisedShares(leastConnections, thousand), null);
  });
});

describe('what would come of a policy now', () => {
  it('is the weights for those that go by them, whatever the load', () => {
    const busy = [candidate({ weight: 3, inFlight: 9, serviceMs: 100 }), candidate({ serviceMs: 1 })];
    near(simulatedShares(weightedRoundRobin, busy, 500), [0.75, 0.25]);
    near(simulatedShares(roundRobin, busy, 500), [0.5, 0.5]);
  });

  it('is more for the faster ones under least connections, once there is enough to do', () => {
    const uneven = [candidate({ serviceMs: 10 }), candidate({ serviceMs: 30 })];
    near(simulatedShares(leastConnections, uneven, 0), [0.5, 0.5]);
    near(simulatedShares(leastConnections, uneven, 5), [0.5, 0.5], 0.02);
    // In flight is the same on both, and a backend finishes in-flight / time: three to one.
    near(simulatedShares(leastConnections, uneven, 4000), [0.75, 0.25], 0.02);
  });

  it('takes one whose times nobody knows for an ordinary one', () => {
    const fresh = [candidate({ serviceMs: 10 }), candidate({ serviceMs: 10 }), candidate()];
    near(simulatedShares(leastConnections, fresh, 3000), [1 / 3, 1 / 3, 1 / 3], 0.02);
  });

  it('adds up to one for every policy in the register, and for one that is not', () => {
    const some = [
      candidate({ inFlight: 3, serviceMs: 5 }),
      candidate({ weight: 9, serviceMs: 2 }),
      candidate({ ramp: 3 }),
    ];
    for (const policy of [...POLICIES, random]) {
      const sum = simulatedShares(policy, some, 800).reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(sum - 1) < 1e-9, policy.name);
    }
    assert.deepEqual(simulatedShares(roundRobin, [], 10), []);
  });
});
