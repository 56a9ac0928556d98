import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FAILURES, type Failure, failureOf } from '../protocol/failures.ts';
import { type AttemptFailed, answerDueMs, mayTryAgain, triesEndMs } from './failover.ts';

const BOTH = [true, false];

/** Every combination of what is known when an attempt has failed. */
function combinations(): AttemptFailed[] {
  return FAILURES.flatMap((failure) =>
    BOTH.flatMap((isUnsent) =>
      BOTH.flatMap((isStarted) =>
        BOTH.flatMap((isIdempotent) =>
          BOTH.flatMap((isBodyKept) =>
            [1, 2, 3].map((attempts) => ({
              ...{ failure, isUnsent, isStarted, isIdempotent, isBodyKept },
              ...{ attempts, maxAttempts: 3, isInTime: true },
            })),
          ),
        ),
      ),
    ),
  );
}

const show = ({ failure, ...rest }: AttemptFailed): string => `${failure.code} ${JSON.stringify(rest)}`;

/** The failures that may come up before the answer has begun, when something was written. */
const SENT: readonly Failure[] = FAILURES.filter(({ retry }) => retry === 'if-idempotent');

describe('another attempt', () => {
  it('is never made once the client has seen some of the answer', () => {
    for (const failed of combinations()) {
      if (failed.isStarted) assert.equal(mayTryAgain(failed), false, show(failed));
    }
  });

  it('is never made when the body cannot be sent once more', () => {
    for (const failed of combinations()) {
      if (!failed.isBodyKept) assert.equal(mayTryAgain(failed), false, show(failed));
    }
  });

  it('is never made beyond the number allowed', () => {
    for (const failed of combinations()) {
      if (failed.attempts === 3) assert.equal(mayTryAgain(failed), false, show(failed));
    }
    const failure = failureOf('UPSTREAM_CONNECT_REFUSED');
    const first = { failure, isUnsent: true, isStarted: false, isIdempotent: true, isBodyKept: true, isInTime: true };
    assert.equal(mayTryAgain({ ...first, attempts: 1, maxAttempts: 1 }), false);
    assert.equal(mayTryAgain({ ...first, attempts: 1, maxAttempts: 2 }), true);
  });

  it('is never made once the time for it is used up', () => {
    for (const failed of combinations()) {
      assert.equal(mayTryAgain({ ...failed, isInTime: false }), false, show(failed));
    }
  });

  it('is never made for a request that may have been carried out and must not be twice', () => {
    for (const failed of combinations()) {
      const isCertain = failed.isUnsent || failed.failure.retry === 'safe';
      if (!isCertain && !failed.isIdempotent) assert.equal(mayTryAgain(failed), false, show(failed));
    }
  });

  it('is made for any request of which the backend has seen nothing', () => {
    for (const failed of combinations()) {
      if (failed.isStarted || !failed.isBodyKept || failed.attempts === 3) continue;
      if (failed.isUnsent || failed.failure.stage === 'connect') assert.equal(mayTryAgain(failed), true, show(failed));
    }
  });

  it('is made for an idempotent request when the backend gave no answer, or one that is refused', () => {
    assert.deepEqual(
      SENT.map(({ code }) => code),
      [
        'BACKEND_CUT',
        'UPSTREAM_STALE',
        'UPSTREAM_CLOSED',
        'UPSTREAM_RESET',
        'UPSTREAM_HEAD_TIMEOUT',
        'UPSTREAM_STATUS_REFUSED',
      ],
    );
    for (const failure of SENT) {
      const failed = {
        failure,
        isUnsent: false,
        isStarted: false,
        isIdempotent: true,
        isBodyKept: true,
        isInTime: true,
      };
      assert.equal(mayTryAgain({ ...failed, attempts: 1, maxAttempts: 2 }), true, failure.code);
    }
  });

  it('is not made where the backend did answer, but wrongly', () => {
    for (const failure of FAILURES.filter(({ retry }) => retry === 'never')) {
      const failed = {
        failure,
        isUnsent: false,
        isStarted: false,
        isIdempotent: true,
        isBodyKept: true,
        isInTime: true,
      };
      assert.equal(mayTryAgain({ ...failed, attempts: 1, maxAttempts: 9 }), false, failure.code);
    }
  });
});

describe('the time for attempts', () => {
  it('has no end where none is set', () => {
    const rule = { timeoutMs: 0, attemptTimeoutMs: 0 };
    assert.equal(triesEndMs(rule, 100), Infinity);
    for (const isBound of BOTH) assert.equal(answerDueMs(rule, isBound, 100, 150), Infinity);
  });

  it('runs from the first attempt, which it does not bind', () => {
    const rule = { timeoutMs: 1_000, attemptTimeoutMs: 0 };
    assert.equal(triesEndMs(rule, 100), 1_100);
    assert.equal(answerDueMs(rule, false, 100, 100), Infinity);
    assert.equal(answerDueMs(rule, true, 100, 700), 1_100);
  });

  it('ends with the attempt, or with all of them, whichever comes first', () => {
    const rule = { timeoutMs: 1_000, attemptTimeoutMs: 400 };
    assert.equal(answerDueMs(rule, false, 100, 100), 500);
    assert.equal(answerDueMs(rule, true, 100, 500), 900);
    assert.equal(answerDueMs(rule, true, 100, 900), 1_100);
  });
});

describe('the table of failures', () => {
  it('calls safe exactly what happens before anything is written', () => {
    for (const failure of FAILURES) {
      assert.equal(failure.retry === 'safe', failure.stage === 'connect', failure.code);
    }
  });

  it('never blames a backend for what a client or the balancer did, and tries no client again', () => {
    for (const failure of FAILURES) {
      if (failure.side !== 'backend') assert.equal(failure.blamesBackend, false, failure.code);
      if (failure.side === 'client') assert.equal(failure.retry, 'never', failure.code);
    }
  });
});
