import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Deadlines, type Expiring, TICK_MS } from './deadlines.ts';

/** One turn of the wheel: what it holds must not depend on it. */
const TURN_MS = 512 * TICK_MS;

class Timed implements Expiring {
  deadlineMs = 0;
  deadlineTick = -1;
  readonly firedAtMs: number[] = [];
  readonly #wheel: Wheel;
  readonly #then: (() => void) | null;

  constructor(wheel: Wheel, then: (() => void) | null = null) {
    this.#wheel = wheel;
    this.#then = then;
  }

  onDeadline(): void {
    this.firedAtMs.push(this.#wheel.nowMs);
    this.#then?.();
  }
}

/** Deadlines with a clock that only the test moves. */
class Wheel {
  nowMs: number;
  readonly deadlines: Deadlines;

  constructor(startMs = 0) {
    this.nowMs = startMs;
    this.deadlines = new Deadlines({ now: () => this.nowMs, wallMs: () => 0 });
  }

  /** Moves the clock and looks at the wheel once, as after a turn that took so long. */
  jump(ms: number): void {
    this.nowMs += ms;
    this.deadlines.advance();
  }

  /** Lets so much time pass with the timer on time. */
  run(ms: number): void {
    for (let passed = 0; passed < ms; passed += TICK_MS) this.jump(Math.min(TICK_MS, ms - passed));
  }
}

describe('a deadline', () => {
  it('is never early, and late by at most a tick, wherever the timer stands', () => {
    const delays = [0, 1, TICK_MS - 1, TICK_MS, TICK_MS + 1, 10_000, TURN_MS - 1, TURN_MS, TURN_MS + 1, 90_000];
    for (const delayMs of delays) {
      for (const startMs of [0, 1, 12.5, TICK_MS - 0.5, 1_234_567.8]) {
        const wheel = new Wheel(startMs);
        wheel.jump(17);
        const timed = new Timed(wheel);
        const dueMs = wheel.nowMs + delayMs;
        wheel.deadlines.set(timed, delayMs);
        wheel.run(delayMs + 4 * TICK_MS);
        const [firedMs = Number.NaN, ...again] = timed.firedAtMs;
        assert.ok(firedMs >= dueMs, `${delayMs} ms from ${startMs}: early, at ${firedMs}`);
        assert.ok(firedMs <= dueMs + TICK_MS, `${delayMs} ms from ${startMs}: ${firedMs - dueMs} ms late`);
        assert.deepEqual(again, [], 'it ends once');
      }
    }
  });

  it('can be moved forwards and back', () => {
    const wheel = new Wheel();
    const timed = new Timed(wheel);
    wheel.deadlines.set(timed, 1_000);
    wheel.run(900);
    wheel.deadlines.set(timed, 1_000);
    wheel.run(950);
    assert.deepEqual(timed.firedAtMs, []);
    wheel.deadlines.set(timed, 60_000);
    wheel.run(100);
    wheel.deadlines.set(timed, 200);
    wheel.run(150);
    assert.deepEqual(timed.firedAtMs, []);
    wheel.run(100);
    assert.deepEqual(timed.firedAtMs, [2_150]);
  });

  it('that is lifted never ends, and can be set again', () => {
    for (const lift of ['clear', 'forget'] as const) {
      const wheel = new Wheel();
      const timed = new Timed(wheel);
      wheel.deadlines.set(timed, 500);
      wheel.deadlines[lift](timed);
      wheel.run(1_000);
      assert.deepEqual(timed.firedAtMs, []);
      wheel.deadlines.set(timed, 500);
      wheel.run(1_000);
      assert.deepEqual(timed.firedAtMs, [1_500]);
    }
  });

  it('ends after a pause longer than the wheel, and so does one set long before', () => {
    const wheel = new Wheel();
    const short = new Timed(wheel);
    const long = new Timed(wheel);
    const later = new Timed(wheel);
    wheel.deadlines.set(short, 100);
    wheel.deadlines.set(long, TURN_MS + 5_000);
    wheel.deadlines.set(later, 5 * TURN_MS);
    wheel.jump(3 * TURN_MS);
    assert.deepEqual(short.firedAtMs, [3 * TURN_MS]);
    assert.deepEqual(long.firedAtMs, [3 * TURN_MS]);
    assert.deepEqual(later.firedAtMs, []);
    wheel.run(2 * TURN_MS);
    assert.deepEqual(later.firedAtMs, [5 * TURN_MS]);
  });

  it('of more than a turn survives a timer that came late just as it was put off', () => {
    // What is put off by nearly a turn goes into a slot right behind the one it was in, which a
    // late timer is yet to look at.
    for (let lateTicks = 2; lateTicks < 6; lateTicks++) {
      for (let offset = 0; offset < lateTicks; offset++) {
        const wheel = new Wheel();
        const timed = new Timed(wheel);
        wheel.deadlines.set(timed, 60_000);
        wheel.run(TURN_MS - (2 + offset) * TICK_MS);
        wheel.jump(lateTicks * TICK_MS);
        wheel.run(60_000);
        assert.equal(timed.firedAtMs.length, 1, `${lateTicks} ticks late, offset ${offset}`);
      }
    }
  });
});

describe('in the middle of expiring', () => {
  it('another one that is due as well can be forgotten', () => {
    const wheel = new Wheel();
    const second = new Timed(wheel);
    const first = new Timed(wheel, () => wheel.deadlines.forget(second));
    wheel.deadlines.set(first, 100);
    wheel.deadlines.set(second, 100);
    wheel.run(TURN_MS * 2);
    assert.deepEqual([first.firedAtMs.length, second.firedAtMs.length], [1, 0]);
  });

  it('another one can be moved on, near or far', () => {
    for (const delayMs of [TICK_MS, 3_000, TURN_MS - TICK_MS, TURN_MS, 100_000]) {
      for (const isForgotten of [true, false]) {
        const wheel = new Wheel();
        const second = new Timed(wheel);
        const first = new Timed(wheel, () => {
          if (isForgotten) wheel.deadlines.forget(second);
          wheel.deadlines.set(second, delayMs);
        });
        wheel.deadlines.set(first, 100);
        wheel.deadlines.set(second, 100);
        wheel.run(100 + delayMs + TICK_MS);
        assert.deepEqual(second.firedAtMs, [100 + delayMs], `${delayMs} ms on`);
      }
    }
  });

  it('the one that ends can be set anew, and ends once each time', () => {
    const wheel = new Wheel();
    const timed: Timed = new Timed(wheel, () => wheel.deadlines.set(timed, 1_000));
    wheel.deadlines.set(timed, 1_000);
    wheel.run(5_000);
    assert.deepEqual(timed.firedAtMs, [1_000, 2_000, 3_000, 4_000, 5_000]);
  });

  it('setting the one that ends to no delay does not go on for ever', () => {
    const wheel = new Wheel();
    const timed: Timed = new Timed(wheel, () => wheel.deadlines.set(timed, 0));
    wheel.deadlines.set(timed, 0);
    wheel.jump(10 * TICK_MS);
    assert.ok(timed.firedAtMs.length <= 11, `${timed.firedAtMs.length} times`);
  });
});

const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), at: fc.nat(), delayMs: fc.nat(100_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('set' as const), at: fc.nat(), delayMs: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), at: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(400) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(2 * TURN_MS) }) },
);

describe('many deadlines', () => {
  it('end as in a list that is searched from one end to the other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(action, { maxLength: 120 }), (count, actions) => {
        const wheel = new Wheel(1_000.5);
        const all = Array.from({ length: count }, () => new Timed(wheel));
        const dueMs: (number | null)[] = all.map(() => null);
        const fired = all.map(() => 0);
        for (const one of [
          ...actions,
          { kind: 'pass' as const, ms: 200_000 },
          { kind: 'pass' as const, ms: 200_000 },
        ]) {
          if (one.kind === 'pass') {
            const beforeMs = wheel.nowMs;
            wheel.jump(one.ms);
            const isNewTick = Math.floor(wheel.nowMs / TICK_MS) > Math.floor(beforeMs / TICK_MS);
            all.forEach((timed, index) => {
              const due = dueMs[index] ?? null;
              const isFired = timed.firedAtMs.length > (fired[index] ?? 0);
              fired[index] = timed.firedAtMs.length;
              if (isFired) assert.ok(due !== null && due <= wheel.nowMs, 'not before it is due');
              if (isFired) dueMs[index] = null;
              else assert.ok(due === null || due > wheel.nowMs || !isNewTick, 'no later than the next tick');
            });
            continue;
          }
          const index = one.at % count;
          const timed = all[index];
          if (timed === undefined) continue;
          if (one.kind === 'set') wheel.deadlines.set(timed, one.delayMs);
          else wheel.deadlines[one.kind](timed);
          dueMs[index] = one.kind === 'set' ? wheel.nowMs + one.delayMs : null;
        }
        assert.deepEqual(
          dueMs.filter((due) => due !== null),
          [],
          'at the end none is left',
        );
      }),
      { numRuns: 300 },
    );
  });

  it('are one look at a slot each tick: thousands that are moved all the time cost nothing', () => {
    const wheel = new Wheel();
    const all = Array.from({ length: 5_000 }, () => new Timed(wheel));
    for (let round = 0; round < 200; round++) {
      for (const timed of all) wheel.deadlines.set(timed, 10_000);
      wheel.jump(TICK_MS);
    }
    assert.equal(all.filter((timed) => timed.firedAtMs.length > 0).length, 0);
    wheel.run(10_000 + TICK_MS);
    assert.ok(all.every((timed) => timed.firedAtMs.length === 1));
  });
});
