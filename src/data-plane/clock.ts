/**
 * The one clock of the data plane. All reckoning is by the monotonic one: the wall clock may jump.
 *
 * Everything that needs the time is handed a `Clock`, so that tests own it.
 */

export interface Clock {
  /** Milliseconds since some moment of the past, with fractions. */
  now(): number;
  /** Milliseconds since the epoch, by the wall clock: for people to read, never to reckon with. */
  wallMs(): number;
}

export const MONOTONIC_CLOCK: Clock = { now: () => performance.now(), wallMs: () => Date.now() };
