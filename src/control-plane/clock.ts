/**
 * Time for the control plane, injected so that tests own it.
 *
 * Two times are kept apart. `wallMs` is for people: it is shown and logged, and may jump.
 * `monotonicMs` and the timers are for deciding: they never jump.
 */

/** The two times of one moment. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export function momentOf(clock: Pick<Clock, 'wallMs' | 'monotonicMs'>): Moment {
  return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
}

/** A running timer, to be cleared. */
export interface Timer {
  clear(): void;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  wallMs(): number;
  /** Milliseconds since some fixed moment. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs`. Never keeps the process alive by itself. */
  after(delayMs: number, task: () => void): Timer;
}

export const SYSTEM_CLOCK: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, task) {
    const handle = setTimeout(task, delayMs);
    handle.unref();
    return { clear: () => clearTimeout(handle) };
  },
};
