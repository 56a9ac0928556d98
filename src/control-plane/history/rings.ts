/**
 * The rings: how fine and for how long the past is kept.
 *
 * The fine ones are for looking closely; the last two are there so that a day and a week fit into
 * one chart with percentiles that were measured over each step. A percentile of two minutes cannot
 * be made from those of two single minutes, and an average of percentiles is no percentile.
 */
export interface Ring {
  readonly stepSeconds: number;
  readonly steps: number;
  /** Steps in one piece of memory. */
  readonly chunkLength: number;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const ring = (stepSeconds: number, spanSeconds: number, chunkSeconds = spanSeconds): Ring => ({
  stepSeconds,
  steps: spanSeconds / stepSeconds,
  chunkLength: chunkSeconds / stepSeconds,
});

/** Of the totals and of a pool, finest first. */
export const POOL_RINGS: readonly Ring[] = [
  ring(1, 15 * MINUTE, 5 * MINUTE),
  ring(10, 6 * HOUR, HOUR),
  ring(MINUTE, 7 * DAY, DAY),
  ring(2 * MINUTE, DAY),
  ring(15 * MINUTE, 7 * DAY),
];

/** Of a pool beyond the memory set aside for pools. */
export const SHORT_POOL_RINGS: readonly Ring[] = POOL_RINGS.slice(0, 2);

/** Of a backend: the same steps, the minutes for 6 h only. */
export const BACKEND_RINGS: readonly Ring[] = [...POOL_RINGS.slice(0, 2), ring(MINUTE, 6 * HOUR)];

/** Of a backend beyond the memory set aside for backends. */
export const SHORT_BACKEND_RINGS: readonly Ring[] = POOL_RINGS.slice(0, 1);

/** Latency bands are kept for the first two. */
export const BAND_RINGS = 2;

/** Steps between the finest ring and each other, which are filled by adding up. */
export const FINEST = 0;
