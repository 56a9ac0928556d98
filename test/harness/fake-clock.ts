/**
 * A clock that stands still until the test moves it.
 */
import type { Clock, Timer } from '../../src/control-plane/clock.ts';

interface Due {
  readonly atMs: number;
  readonly task: () => void;
}

export class FakeClock implements Clock {
  nowMs = 0;
  #due: Due[] = [];

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, task: () => void): Timer {
    const due = { atMs: this.nowMs + delayMs, task };
    this.#due.push(due);
    return {
      clear: () => {
        this.#due = this.#due.filter((other) => other !== due);
      },
    };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#due.length;
  }

  /** When each timer is due, from now. */
  get waits(): number[] {
    return this.#due.map(({ atMs }) => atMs - this.nowMs).sort((a, b) => a - b);
  }

  /** Moves time on, running what is due in its order; between two tasks, what they have awaited goes on. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.nowMs + byMs;
    for (;;) {
      await settle();
      const next = this.#due.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((due) => due !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.task();
    }
    this.nowMs = untilMs;
    await settle();
  }
}

/** Lets every promise that can go on do so. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
