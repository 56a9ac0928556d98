/**
 * The one clock of the data plane. All reckoning is by the monotonic one: the wall clock may jump.
 *
 * Everything that needs the time is handed a `Clock`, so that tests own it.
 *
 * A request asks for the time a dozen times, at 0.1 µs each. So while one read is dealt with, its
 * time stands still: that is some microseconds, and 1.4 % of a small request. Between reads the
 * clock is asked itself, so that nothing can ever see an old time.
 */
import { performance } from 'node:perf_hooks';

export interface Clock {
  /** Milliseconds since some moment of the past, with fractions. */
  now(): number;
  /** Milliseconds since the epoch, by the wall clock: for people to read, never to reckon with. */
  wallMs(): number;
}

/** When the read that is being dealt with began; 0 between reads. One for each worker, as each has one thread. */
let readMs = 0;

/** Stops the time of `MONOTONIC_CLOCK`, until `endRead`. */
export function beginRead(): void {
  readMs = performance.now();
}

export function endRead(): void {
  readMs = 0;
}

export const MONOTONIC_CLOCK: Clock = {
  now: () => (readMs === 0 ? performance.now() : readMs),
  wallMs: () => Date.now(),
};
