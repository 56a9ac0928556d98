/**
 * Slow start: a backend that is new or has come back gets its share step by step.
 *
 * Called by the roster only. As in Envoy the share is time elapsed over time in all, and a tenth
 * at the least; in tenths, since workers lay out their sequences anew at each step. Never at the
 * start of the process, when all are as cold as each other.
 */
import { FULL_RAMP } from '../../state/layout.ts';
import type { Moment } from '../clock.ts';
import type { BackendRecord } from './roster-model.ts';

/** The tenths that it may have after so long. */
export function rampAfter(elapsedMs: number, slowStartMs: number): number {
  if (elapsedMs >= slowStartMs) return FULL_RAMP;
  return Math.max(1, Math.floor((FULL_RAMP * elapsedMs) / slowStartMs));
}

/** It has just come, or come back. */
export function beginSlowStart(backend: BackendRecord, slowStartMs: number, now: Moment): void {
  backend.rampSinceMs = now.monotonicMs;
  advanceSlowStart(backend, slowStartMs, now);
}

/** @returns whether it has got further */
export function advanceSlowStart(backend: BackendRecord, slowStartMs: number, now: Moment): boolean {
  if (backend.rampSinceMs === null) return false;
  const ramp = rampAfter(now.monotonicMs - backend.rampSinceMs, slowStartMs);
  if (ramp === FULL_RAMP) backend.rampSinceMs = null;
  if (ramp === backend.ramp) return false;
  backend.ramp = ramp;
  return true;
}
