/**
 * How much more than its requests a pool may be asked: the budget of further attempts.
 *
 * Without one, backends that fail all at once get every request as often as attempts are allowed,
 * just when they can bear it least. After Finagle's `RetryBudget`: a share of the requests of the
 * last ten seconds, and a floor a second for pools with little traffic. Failover and retry draw
 * on it alike; only a stale connection does not. It says nothing about the backend, it happens
 * once a request at most, and each one uses up an idle connection, which only an answer can have
 * left behind: backends that fail do not get more of them.
 *
 * Asked by `placement.ts`; a worker has one for each pool, over all its plans. The workers' shares
 * of the requests add up to the percentage of all; the floor is divided among them.
 *
 * A request costs one addition here. All else is worked out when an attempt is asked for: what
 * has come in since the last time is taken to have come evenly, and fades over ten seconds. A
 * request is never paid out twice, so that over any time the further attempts are no more than
 * the percentage of all requests and the floor.
 */
const WINDOW_MS = 10_000;

export interface BudgetRule {
  readonly budgetPercent: number;
  readonly budgetPerSecond: number;
}

export class RetryBudget {
  /** Requests since the last settlement: raised by one for each. */
  requests = 0;
  readonly #workers: number;
  #settledMs: number;
  /** Further attempts that the requests so far have left, fading. */
  #earned = 0;
  /** The same of the floor; `Infinity` stands for a full bucket, whatever its size. */
  #floor = Infinity;

  /** @param workers among whom the floor is divided */
  constructor(workers: number, nowMs: number) {
    this.#workers = workers;
    this.#settledMs = nowMs;
  }

  /**
   * Takes one further attempt out.
   * @returns false if it must not be made
   */
  take(rule: BudgetRule, nowMs: number): boolean {
    this.#settle(rule, nowMs);
    if (this.#earned + this.#floor < 1) return false;
    // What fades is spent first.
    const fromEarned = Math.min(this.#earned, 1);
    this.#earned -= fromEarned;
    this.#floor -= 1 - fromEarned;
    return true;
  }

  #settle({ budgetPercent, budgetPerSecond }: BudgetRule, nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#settledMs);
    this.#settledMs = nowMs;
    const kept = Math.exp(-elapsedMs / WINDOW_MS);
    // The mean of what is left of requests spread evenly over the time since.
    const keptOfNew = elapsedMs === 0 ? 1 : ((1 - kept) * WINDOW_MS) / elapsedMs;
    this.#earned = this.#earned * kept + (this.requests * keptOfNew * budgetPercent) / 100;
    this.requests = 0;
    // Ten seconds' worth, so that the first failures after a quiet time can be made up for; and one
    // at least, since a worker's part of a small floor would never come to a whole attempt.
    const perSecond = budgetPerSecond / this.#workers;
    const most = perSecond === 0 ? 0 : Math.max(1, (perSecond * WINDOW_MS) / 1000);
    this.#floor = Math.min(most, this.#floor + (perSecond * elapsedMs) / 1000);
  }
}
