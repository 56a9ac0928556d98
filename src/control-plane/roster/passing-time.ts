/**
 * What time alone does to a backend: an ejection ends, ejections are forgotten, a slow start gets
 * further. Called by the roster's sweep, a few times a second, for every backend; the roster
 * itself has no timers.
 */
import type { State } from '../../state/layout.ts';
import type { Moment } from '../clock.ts';
import { forgottenIn } from './ejection.ts';
import { endEjection, readmit } from './outliers.ts';
import { NOTHING, QUIET_CHANGE, type Report } from './report.ts';
import { type BackendRecord, isAvailable, type PoolRecord } from './roster-model.ts';
import { advanceSlowStart } from './slow-start.ts';

export function passTime(state: State, pool: PoolRecord, backend: BackendRecord, now: Moment): Report {
  if (backend.isRemoved) return NOTHING;
  if (backend.isEjected && now.monotonicMs >= backend.readmitDueMs) {
    if (backend.mode === 'ready') return readmit(state, pool, backend, 'its time is over', now);
    // In maintenance nobody is readmitted; what comes after it is the operator's word.
    endEjection(backend, now);
    return QUIET_CHANGE;
  }
  forgetEjections(pool, backend, now);
  return advanceSlowStart(backend, pool.config.slowStartMs, now) ? QUIET_CHANGE : NOTHING;
}

function forgetEjections(pool: PoolRecord, backend: BackendRecord, now: Moment): void {
  if (backend.ejections === 0) return;
  if (!isAvailable(backend)) {
    // Only the time in which it serves says anything about it.
    backend.calmSinceMs = now.monotonicMs;
    return;
  }
  const { outlier } = pool.config;
  const forgotten = forgottenIn(now.monotonicMs - backend.calmSinceMs, outlier);
  backend.ejections = Math.max(0, backend.ejections - forgotten);
  backend.calmSinceMs += forgotten * outlier.timeMs;
}
