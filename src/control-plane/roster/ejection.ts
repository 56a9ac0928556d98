/**
 * The arithmetic of outlier detection: how long, how many, how soon again. Pure.
 *
 * After Envoy: an ejection lasts as long as the first one times how often the backend was ejected
 * of late, which is forgotten, one by one, for each such time that it stays in rotation.
 *
 * One thing is different. In Envoy a single passed check ends an ejection. A backend that fails
 * its clients and passes its checks would then be back at once, again and again: the checks do
 * not see what is wrong with it. Here `rise` passes end the first ejection, twice as many the
 * second, and so on, so that the word of such checks counts for less each time.
 */
import type { OutlierRule } from '../../config/pool-trouble-schema.ts';

/** How long the ejection lasts that is the `ejections`-th of late. */
export function ejectionMs(ejections: number, { timeMs, maxTimeMs }: OutlierRule): number {
  return Math.min(timeMs * ejections, maxTimeMs);
}

/** How many of a pool's ready backends may be ejected at one time. */
export function mostEjected(readyBackends: number, { maxSharePercent }: OutlierRule): number {
  return Math.ceil((readyBackends * maxSharePercent) / 100);
}

/** Passed checks in a row that end an ejection before its time. */
export function passesToReadmit(ejections: number, rise: number): number {
  return rise * ejections;
}

/** How many whole times of a first ejection have gone by: so many ejections are forgotten. */
export function forgottenIn(calmMs: number, { timeMs }: OutlierRule): number {
  return Math.floor(calmMs / timeMs);
}
