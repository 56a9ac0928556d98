import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RetryBudget } from './retry-budget.ts';

const SECOND = 1_000;

/** Requests at a steady rate, each of which asks for `asks` further attempts. @returns those allowed */
function run(
  budget: RetryBudget,
  rule: { budgetPercent: number; budgetPerSecond: number },
  { fromMs = 0, seconds, perSecond, asks }: { fromMs?: number; seconds: number; perSecond: number; asks: number },
): number {
  let taken = 0;
  for (let number = 0; number < seconds * perSecond; number++) {
    budget.requests++;
    const nowMs = fromMs + (number * SECOND) / perSecond;
    for (let ask = 0; ask < asks; ask++) if (budget.take(rule, nowMs)) taken++;
  }
  return taken;
}

describe('the retry budget', () => {
  it('keeps further attempts to the percentage of requests, however many are asked for', () => {
    for (const budgetPercent of [5, 20, 100, 250]) {
      const rule = { budgetPercent, budgetPerSecond: 0 };
      const taken = run(new RetryBudget(1, 0), rule, { seconds: 60, perSecond: 100, asks: 5 });
      const share = (60 * 100 * budgetPercent) / 100;
      assert.ok(taken <= share && taken > share * 0.98, `${taken} of ${share} at ${budgetPercent} %`);
    }
  });

  it('lets every one through while fewer are needed than are earned', () => {
    const budget = new RetryBudget(1, 0);
    const rule = { budgetPercent: 20, budgetPerSecond: 0 };
    run(budget, rule, { seconds: 10, perSecond: 100, asks: 0 });
    for (let second = 10; second < 60; second++) {
      for (let number = 0; number < 100; number++) {
        budget.requests++;
        const isFailed = number % 6 === 0;
        if (isFailed) assert.ok(budget.take(rule, second * SECOND + number * 10), `at ${second} s`);
      }
    }
  });

  it('holds what the requests of about ten seconds have earned, and no more', () => {
    const budget = new RetryBudget(1, 0);
    const rule = { budgetPercent: 20, budgetPerSecond: 0 };
    const asked = run(budget, rule, { seconds: 60, perSecond: 100, asks: 0 });
    assert.equal(asked, 0);
    let taken = 0;
    while (budget.take(rule, 60 * SECOND)) taken++;
    // An hour of quiet before, or a settlement in between, must not make it more.
    assert.ok(taken > 150 && taken <= 200, `${taken} of the 200 that ten seconds earn`);
  });

  it('forgets requests of long ago', () => {
    const budget = new RetryBudget(1, 0);
    const rule = { budgetPercent: 20, budgetPerSecond: 0 };
    budget.requests += 1_000;
    assert.ok(budget.take(rule, 0));
    assert.ok(budget.take(rule, 10 * SECOND));
    assert.equal(budget.take(rule, 100 * SECOND), false);
  });

  it('adds the floor, by the second', () => {
    const rule = { budgetPercent: 0, budgetPerSecond: 10 };
    const budget = new RetryBudget(1, 0);
    let first = 0;
    while (budget.take(rule, 0)) first++;
    assert.equal(first, 100, 'ten seconds of it are there from the start');
    const taken = run(budget, rule, { fromMs: 0, seconds: 30, perSecond: 100, asks: 3 });
    assert.ok(taken >= 298 && taken <= 300, `${taken} in 30 s`);
    let later = 0;
    while (budget.take(rule, 1_000 * SECOND)) later++;
    assert.equal(later, 100, 'a quiet time fills it, and no further');
  });

  it('divides the floor among the workers, and leaves each of them one', () => {
    const budgets = Array.from({ length: 4 }, () => new RetryBudget(4, 0));
    const count = (budgetPerSecond: number, nowMs: number): number =>
      budgets.reduce((sum, budget) => {
        let taken = 0;
        while (budget.take({ budgetPercent: 0, budgetPerSecond }, nowMs)) taken++;
        return sum + taken;
      }, 0);
    assert.equal(count(10, 0), 100);
    assert.equal(count(4, 0), 0);
    assert.equal(count(4, 100 * SECOND), 40);
    assert.equal(count(0, 200 * SECOND), 0);
    const single = new RetryBudget(64, 0);
    assert.ok(single.take({ budgetPercent: 0, budgetPerSecond: 1 }, 0));
    assert.equal(single.take({ budgetPercent: 0, budgetPerSecond: 1 }, 63 * SECOND), false);
    assert.ok(single.take({ budgetPercent: 0, budgetPerSecond: 1 }, 64 * SECOND));
  });

  it('allows none where both are zero, and follows a rule that changes', () => {
    const budget = new RetryBudget(1, 0);
    budget.requests += 1_000;
    assert.equal(budget.take({ budgetPercent: 0, budgetPerSecond: 0 }, 0), false);
    budget.requests += 10;
    assert.ok(budget.take({ budgetPercent: 20, budgetPerSecond: 0 }, 0));
    assert.ok(budget.take({ budgetPercent: 20, budgetPerSecond: 0 }, 0));
    assert.equal(budget.take({ budgetPercent: 20, budgetPerSecond: 0 }, 0), false);
    assert.ok(budget.take({ budgetPercent: 0, budgetPerSecond: 100 }, 10));
  });
});
