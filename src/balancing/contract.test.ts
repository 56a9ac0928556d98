/**
 * The contract of `policy.ts`, run over every policy in the register. A new policy gets all of it
 * by its line there; one that cannot meet a promise says why in `EXEMPT`.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_POLICIES } from '../state/layout.ts';
import { POLICIES, policyIndex, policyNamed } from './policies.ts';
import { type Loads, NONE, type Picker, type Policy } from './policy.ts';

type Assurance = 'exact shares';

/** Policy name to the promises it does not make, each with its reason. */
const EXEMPT: Readonly<Record<string, Readonly<Partial<Record<Assurance, string>>>>> = {};

interface Pool {
  readonly candidates: readonly number[];
  readonly weights: ReadonlyMap<number, number>;
  /** Tenths; all of it where there is none. */
  readonly ramps?: ReadonlyMap<number, number>;
  readonly inFlight: ReadonlyMap<number, number>;
  readonly firstTurn: number;
}

function loadsOf(pool: Pool): Loads {
  let turn = pool.firstTurn;
  return {
    inFlight: (backend) => pool.inFlight.get(backend) ?? 0,
    weight: (backend) => pool.weights.get(backend) ?? 1,
    ramp: (backend) => pool.ramps?.get(backend) ?? 10,
    nextTurn: () => turn++ >>> 0,
  };
}

function poolsOf(weight: fc.Arbitrary<number>, maxLength = 40): fc.Arbitrary<Pool> {
  return fc
    .uniqueArray(fc.tuple(fc.nat(2000), weight, fc.nat(50)), {
      minLength: 1,
      maxLength,
      selector: ([backend]) => backend,
    })
    .chain((rows) =>
      fc.nat(1_000_000).map((firstTurn) => ({
        candidates: rows.map(([backend]) => backend),
        weights: new Map(rows.map(([backend, own]) => [backend, own])),
        inFlight: new Map(rows.map(([backend, , load]) => [backend, load])),
        firstTurn,
      })),
    );
}

const pools = poolsOf(fc.integer({ min: 1, max: 256 }));
const idlePools = poolsOf(fc.integer({ min: 1, max: 12 }), 12).map((pool) => ({
  ...pool,
  inFlight: new Map<number, number>(),
}));
/** Some of its backends are in their slow start, each at its own place in it. */
const rampingPools = idlePools.chain((pool) =>
  fc
    .array(fc.integer({ min: 1, max: 10 }), { minLength: pool.candidates.length, maxLength: pool.candidates.length })
    .map((ramps) => ({ ...pool, ramps: new Map(pool.candidates.map((backend, at) => [backend, ramps[at] ?? 10])) })),
);
/** A pool, and some of its backends with some others as `tried`. */
const poolsWithTried = pools.chain((pool) =>
  fc
    .tuple(fc.subarray([...pool.candidates]), fc.array(fc.integer({ min: 2001, max: 9000 }), { maxLength: 3 }))
    .chain(([own, foreign]) =>
      fc.shuffledSubarray([...own, ...foreign], { minLength: own.length + foreign.length }).map((tried) => ({
        pool,
        tried,
      })),
    ),
);

function shares(picks: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const backend of picks) counts.set(backend, (counts.get(backend) ?? 0) + 1);
  return counts;
}

/** What each backend must get in one cycle of an idle pool. */
function dueShares(policy: Policy, pool: Pool): Map<number, number> {
  const weightOf = (backend: number): number =>
    (policy.usesWeights ? (pool.weights.get(backend) ?? 1) : 1) * (pool.ramps?.get(backend) ?? 10);
  const divide = (a: number, b: number): number => (b === 0 ? a : divide(b, a % b));
  const divisor = pool.candidates.map(weightOf).reduce(divide, 0);
  return new Map(pool.candidates.map((backend) => [backend, weightOf(backend) / divisor]));
}

const sum = (counts: ReadonlyMap<number, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
const sorted = (counts: ReadonlyMap<number, number>): [number, number][] => [...counts].sort(([a], [b]) => a - b);
const picks = (picker: Picker, count: number): number[] => Array.from({ length: count }, () => picker.pick([]));

for (const policy of POLICIES) {
  const isExempt = (promise: Assurance): { skip: string | false } => ({
    skip: EXEMPT[policy.name]?.[promise] ?? false,
  });

  describe(`policy ${policy.name}`, () => {
    it('answers a candidate that was not tried, and NONE exactly when all were', () => {
      fc.assert(
        fc.property(poolsWithTried, ({ pool, tried }) => {
          const picker = policy.picker(pool.candidates, loadsOf(pool));
          const isAnyLeft = pool.candidates.some((backend) => !tried.includes(backend));
          for (let pick = 0; pick < 20; pick++) {
            const backend = picker.pick(tried);
            if (!isAnyLeft) assert.equal(backend, NONE);
            else {
              assert.ok(pool.candidates.includes(backend), `${backend} is no candidate`);
              assert.ok(!tried.includes(backend), `${backend} was tried`);
            }
          }
        }),
      );
    });

    it('reaches every candidate once when each attempt adds to the tried ones, then NONE', () => {
      fc.assert(
        fc.property(pools, (pool) => {
          const picker = policy.picker(pool.candidates, loadsOf(pool));
          const tried: number[] = [];
          for (let attempt = 0; attempt < pool.candidates.length; attempt++) tried.push(picker.pick(tried));
          assert.deepEqual(new Set(tried), new Set(pool.candidates));
          assert.equal(picker.pick(tried), NONE);
        }),
      );
    });

    it('forgets what an earlier exchange has tried', () => {
      const pool: Pool = { candidates: [4, 7], weights: new Map(), inFlight: new Map(), firstTurn: 0 };
      const picker = policy.picker(pool.candidates, loadsOf(pool));
      assert.equal(picker.pick([4]), 7);
      assert.equal(picker.pick([7]), 4);
      assert.equal(picker.pick([4, 7]), NONE);
      assert.deepEqual(new Set(picks(picker, 4)), new Set([4, 7]));
    });

    it('gives the same sequence for the same inputs', () => {
      fc.assert(
        fc.property(poolsWithTried, ({ pool, tried }) => {
          const run = (): number[] => {
            const picker = policy.picker(pool.candidates, loadsOf(pool));
            return Array.from({ length: 60 }, (_, pick) => picker.pick(pick % 3 === 0 ? tried : []));
          };
          assert.deepEqual(run(), run());
        }),
      );
    });

    it('gives exact shares over every cycle of an idle pool', isExempt('exact shares'), () => {
      fc.assert(
        fc.property(idlePools, (pool) => {
          const due = dueShares(policy, pool);
          const picker = policy.picker(pool.candidates, loadsOf(pool));
          for (let cycle = 0; cycle < 3; cycle++) {
            assert.deepEqual(sorted(shares(picks(picker, sum(due)))), sorted(due));
          }
        }),
      );
    });

    it('gives a backend in its slow start its tenths of a share', isExempt('exact shares'), () => {
      fc.assert(
        fc.property(rampingPools, (pool) => {
          const due = dueShares(policy, pool);
          const picker = policy.picker(pool.candidates, loadsOf(pool));
          assert.deepEqual(sorted(shares(picks(picker, sum(due)))), sorted(due));
        }),
      );
    });

    it('shares as ever while all are in the same slow start', isExempt('exact shares'), () => {
      const pool: Pool = { candidates: [2, 5], weights: new Map([[5, 3]]), inFlight: new Map(), firstTurn: 0 };
      const ramping = { ...pool, ramps: new Map(pool.candidates.map((backend) => [backend, 1])) };
      const run = (of: Pool): number[] => picks(policy.picker(of.candidates, loadsOf(of)), 12);
      assert.deepEqual(run(ramping), run(pool));
    });

    it('gives the same shares when two workers share the turn counter', isExempt('exact shares'), () => {
      fc.assert(
        fc.property(idlePools, fc.infiniteStream(fc.boolean()), (pool, isSecond) => {
          const due = dueShares(policy, pool);
          const loads = loadsOf(pool);
          const first = policy.picker(pool.candidates, loads);
          const second = policy.picker(pool.candidates, loads);
          const both = Array.from({ length: sum(due) }, () => (isSecond.next().value ? second : first).pick([]));
          assert.deepEqual(sorted(shares(both)), sorted(due));
        }),
      );
    });

    it('goes on across the wrap of the turn counter at 2^32', () => {
      const pool: Pool = { candidates: [1, 2, 3], weights: new Map(), inFlight: new Map(), firstTurn: 2 ** 32 - 3 };
      const picker = policy.picker(pool.candidates, loadsOf(pool));
      for (const backend of picks(picker, 6)) assert.ok([1, 2, 3].includes(backend));
    });

    it('says what it is', () => {
      assert.match(policy.name, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      assert.match(policy.summary, /^[A-Z].*\.$/);
    });
  });
}

describe('the register', () => {
  it('keeps its order: shared memory holds the index', () => {
    const known = ['round-robin', 'weighted-round-robin', 'least-connections'];
    assert.deepEqual(
      POLICIES.slice(0, known.length).map((policy) => policy.name),
      known,
    );
  });

  it('fits the turn counters of a pool, with names told apart', () => {
    assert.ok(POLICIES.length <= MAX_POLICIES);
    assert.equal(new Set(POLICIES.map((policy) => policy.name)).size, POLICIES.length);
  });

  it('finds a policy by its name', () => {
    POLICIES.forEach((policy, index) => {
      assert.equal(policyNamed(policy.name), policy);
      assert.equal(policyIndex(policy.name), index);
    });
    assert.equal(policyNamed('fastest'), null);
    assert.equal(policyIndex('fastest'), -1);
  });

  it('exempts only policies that exist', () => {
    for (const name of Object.keys(EXEMPT)) assert.notEqual(policyNamed(name), null, name);
  });
});
