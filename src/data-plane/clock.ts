/**
 * The one clock of the data plane: monotonic, never the wall clock, which may jump.
 *
 * Everything that needs the time is handed a `Clock`, so that tests own it.
 */

export interface Clock {
  /** Milliseconds since some moment of the past, with fractions. */
  now(): number;
}

export const MONOTONIC_CLOCK: Clock = { now: () => performance.now() };
