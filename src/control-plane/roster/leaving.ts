/**
 * The time that a backend has for what it has in flight, once it takes no new requests: it is
 * drained, in maintenance or removed. Called by the roster's parts only.
 */
import type { Moment } from '../clock.ts';
import type { BackendRecord } from './roster-model.ts';

/** From now on it takes no new requests; what it has `inFlight` may go on for `timeoutMs`, 0 without end. */
export function beginLeaving(backend: BackendRecord, inFlight: number, timeoutMs: number, now: Moment): void {
  // From drain to maintenance, or removed while drained: it has begun already.
  backend.inFlightAtLeave ??= inFlight;
  if (backend.cutDueMs !== null || timeoutMs === 0) return;
  backend.cutAtMs = now.wallMs + timeoutMs;
  backend.cutDueMs = now.monotonicMs + timeoutMs;
  backend.isCut = false;
}

/** It takes requests again. */
export function stopLeaving(backend: BackendRecord): void {
  backend.inFlightAtLeave = null;
  backend.cutAtMs = null;
  backend.cutDueMs = null;
  backend.isCut = false;
}

/** Whether its time is used up. Then workers are told once in any case, for the sake of its idle connections, … */
export function isCutDue(backend: BackendRecord, inFlight: number, now: Moment): boolean {
  if (backend.cutDueMs === null || now.monotonicMs < backend.cutDueMs) return false;
  // … and again while anything is in flight: a worker may follow an older plan for a moment.
  return !backend.isCut || inFlight > 0;
}
