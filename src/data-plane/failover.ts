/**
 * Again or stop? The one decision after a failed attempt (RFC 9110 section 9.2.2).
 *
 * The wire decides what is allowed: a request of which nothing was written may go anywhere; one
 * that was written may only go again if the method bears it and its whole body is still at hand;
 * once the client has seen a byte of the answer, there is no other try.
 */
import type { Failure } from '../protocol/failures.ts';

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
}

export function mayTryAgain(failed: AttemptFailed): boolean {
  if (failed.isStarted || !failed.isBodyKept || failed.attempts >= failed.maxAttempts) return false;
  if (failed.isUnsent || failed.failure.retry === 'safe') return true;
  return failed.failure.retry === 'if-idempotent' && failed.isIdempotent;
}
