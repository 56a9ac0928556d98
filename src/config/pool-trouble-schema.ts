/**
 * The settings of a pool for the bad day: what is tried again, who waits, and who is taken out.
 * Part of `pool-schema.ts`.
 */
import type { z } from 'zod';
import { duration, integer, section, setting, size } from './settings.ts';
import { readRetryStatuses } from './texts.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIB = 1024 * 1024;

export const RetrySchema = section('What happens when a backend fails a request.', {
  attempts: integer({
    summary: 'Attempts in all for one request, the first one included, each on another backend while there is one.',
    default: 3,
    reason: 'Two bad backends are got over; more attempts would add load where there is trouble.',
    min: 1,
    max: 16,
  }),
  body: size({
    summary: 'Largest request body that is kept for another attempt; a larger one goes out once.',
    default: '64KiB',
    reason: 'Covers nearly all forms and API calls, at 64 MiB for 1,000 uploads at one time.',
    min: 1,
    max: 16 * MIB,
    zero: 'never',
  }),
  timeout: duration({
    summary:
      'From the first attempt on, the time within which all further attempts must have their answer; an upload under way is not cut.',
    default: '60s',
    reason: 'A first attempt that used up its 30 s leaves time for one more.',
    min: 1,
    max: DAY,
    zero: 'no limit',
  }),
  attemptTimeout: duration({
    summary: 'From the start of one attempt to the head of its answer, the sending of the request included.',
    default: '0s',
    reason: '`timeouts.connect` and `timeouts.responseHead` bound an attempt already, and uploads may be slow.',
    min: 1,
    max: DAY,
    zero: 'no limit',
  }),
  statuses: setting(
    { kind: 'statuses', bounds: '400 to 599', json: { type: ['integer', 'string', 'array'] }, read: readRetryStatuses },
    {
      summary: 'Answers that are tried again on another backend, such as `503`, where the method allows it.',
      default: [],
      reason: 'An answer is an answer; only the operator knows which ones are worth another try.',
    },
  ),
  budget: integer({
    summary: 'Further attempts that a pool may make, in percent of its requests of the last 10 s.',
    default: 20,
    reason: 'When all backends fail at once, they get a fifth more load and not three times as much.',
    min: 1,
    max: 1_000,
    zero: 'none but `budgetFloor`',
  }),
  budgetFloor: integer({
    summary: 'Further attempts a second that are allowed beside the percentage, over all workers.',
    default: 10,
    reason: 'With little traffic a percentage is nothing.',
    min: 1,
    max: 100_000,
    zero: 'none',
  }),
}).transform((retry) => ({
  attempts: retry.attempts,
  bodyBytes: retry.body,
  timeoutMs: retry.timeout,
  attemptTimeoutMs: retry.attemptTimeout,
  statuses: retry.statuses,
  budgetPercent: retry.budget,
  budgetPerSecond: retry.budgetFloor,
}));

export const QueueSchema = section('Requests that wait because every available backend is at its `maxConnections`.', {
  size: integer({
    summary: 'Most requests that wait, over all workers; one more is refused at once.',
    default: 1_000,
    reason: 'A burst of a second; what waits longer than its client is work for nobody.',
    min: 1,
    max: 1_000_000,
    zero: 'nobody waits',
  }),
  timeout: duration({
    summary: 'How long a request waits before it is refused.',
    default: '5s',
    reason: 'As long as people wait before they click again.',
    min: 10,
    max: HOUR,
  }),
}).transform((queue) => ({ size: queue.size, timeoutMs: queue.timeout }));

export const OutlierSchema = section(
  'Backends that fail in live traffic are ejected for a while. Failures in a row are counted by `health.fall`; a backend is readmitted after its time, or sooner: after `health.rise` passed checks in a row, after twice as many the second time, and so on.',
  {
    gatewayErrors: integer({
      summary: 'Answers 502, 503 and 504 in a row that eject a backend.',
      default: 5,
      reason: 'What Envoy takes: one in a row is a hiccup, five are a state.',
      min: 1,
      max: 1_000,
      zero: 'never',
    }),
    time: duration({
      summary:
        'Time of the first ejection. Each further one is longer by as much again; one is forgotten for each such time in rotation.',
      default: '30s',
      reason: 'A restart takes about as long; checks readmit sooner.',
      min: 100,
      max: DAY,
    }),
    maxTime: duration({
      summary: 'Longest ejection.',
      default: '5m',
      reason: 'Nobody waits longer than this for a backend to be tried again.',
      min: 100,
      max: 7 * DAY,
    }),
    maxShare: integer({
      summary: 'Most of a pool that is ejected at one time, in percent, rounded up; never the last available backend.',
      default: 50,
      reason: 'When more fail at once, the fault lies elsewhere, and the rest would be overrun.',
      min: 1,
      max: 100,
      zero: 'nobody is ejected',
    }),
  },
).transform((outlier) => ({
  gatewayErrors: outlier.gatewayErrors,
  timeMs: outlier.time,
  maxTimeMs: Math.max(outlier.time, outlier.maxTime),
  maxSharePercent: outlier.maxShare,
}));

export type OutlierRule = z.output<typeof OutlierSchema>;
