/**
 * Again or stop? The one decision after a failed attempt (RFC 9110 section 9.2.2).
 *
 * The wire decides what is allowed: a request of which nothing was written may go anywhere; one
 * that was written may only go again if the method bears it and its whole body is still at hand;
 * once the client has seen a byte of the answer, there is no other try. How long all of it may take
 * is reckoned here as well. Whether a pool can bear more attempts is another question: see
 * `retry-budget.ts`.
 */
import type { Failure } from '../protocol/failures.ts';
import type { PlanPool } from '../protocol/worker.ts';

type RetryRule = Pick<PlanPool['retry'], 'timeoutMs' | 'attemptTimeoutMs'>;

export interface AttemptFailed {
  readonly failure: Failure;
  /** No byte of the request was written to the backend. */
  readonly isUnsent: boolean;
  /** The client has been sent some of the answer. */
  readonly isStarted: boolean;
  readonly isIdempotent: boolean;
  /** All that the client has sent of the body so far can be sent once more. */
  readonly isBodyKept: boolean;
  /** Attempts so far, this one included. */
  readonly attempts: number;
  /** Attempts allowed in all. */
  readonly maxAttempts: number;
  /** The time for further attempts is not used up. */
  readonly isInTime: boolean;
}

export function mayTryAgain(failed: AttemptFailed): boolean {
  if (failed.isStarted || !failed.isBodyKept || failed.attempts >= failed.maxAttempts || !failed.isInTime) return false;
  if (failed.isUnsent || failed.failure.retry === 'safe') return true;
  return failed.failure.retry === 'if-idempotent' && failed.isIdempotent;
}

/** Until when further attempts may begin; `Infinity` is for ever. */
export function triesEndMs({ timeoutMs }: RetryRule, firstAttemptMs: number): number {
  return timeoutMs === 0 ? Infinity : firstAttemptMs + timeoutMs;
}

/**
 * By when an attempt that begins now must have the head of its answer, beside the time-outs of
 * the connection; `Infinity` for no such limit.
 * @param isBound whether the time for further attempts binds it: not the first one, and none whose
 *   request the client is still sending, since an upload has no limit but its pace
 */
export function answerDueMs(rule: RetryRule, isBound: boolean, firstAttemptMs: number, nowMs: number): number {
  const ownMs = rule.attemptTimeoutMs === 0 ? Infinity : nowMs + rule.attemptTimeoutMs;
  return isBound ? Math.min(ownMs, triesEndMs(rule, firstAttemptMs)) : ownMs;
}
