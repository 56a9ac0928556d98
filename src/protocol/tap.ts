/**
 * The tap: single requests as they end, for a while, for somebody who looks.
 *
 * Asked for as the topic `tap?…` of the live channel (`live.ts`). While nobody asks, workers record
 * nothing of it. What a filter lets through is thinned to `TAP_PER_SECOND` over all workers; how
 * many there were is counted all the same. It ends by itself after `TAP_MINUTES`, until it is asked
 * for anew.
 */
import type { FailureCode } from './failures.ts';
import type { NamedRow } from './live.ts';

/** Requests a second that one tap shows, over all workers. */
export const TAP_PER_SECOND = 20;
export const TAP_MINUTES = 5;
/** Requests that a tap keeps; the oldest go. */
export const TAP_ROWS = 200;
/** Taps at a time, over all pages. */
export const MAX_TAPS = 8;

/** Which requests are shown; what is left out lets everything through. In the topic: `tap?pool=web&status=5xx&…`. */
export interface TapFilter {
  readonly pool?: string;
  /** Any attempt went to it. */
  readonly backend?: string;
  /** `2xx` … `5xx`, a status such as `404`, or `failed`: every one that carries a failure code. */
  readonly status?: string;
  /** Number of the route, from 1. */
  readonly route?: number;
  /** Took at least so long, milliseconds. */
  readonly minMs?: number;
  /** Address of the client. */
  readonly client?: string;
  /** Part of method, host or target. */
  readonly q?: string;
}

/** One attempt on a backend. Times are milliseconds since the head of the request was complete. */
export interface TappedAttempt {
  readonly backend: string;
  /** On a connection that had been used before. */
  readonly isReused: boolean;
  readonly startMs: number;
  /** The connection was there; null where it never was. */
  readonly connectedMs: number | null;
  /** The head of the answer was there; null where it never was. */
  readonly answerMs: number | null;
  readonly endMs: number;
  /** 0 where no answer came. */
  readonly status: number;
  /** Why it failed; null where it did not. */
  readonly code: FailureCode | null;
  /** The system's word for it, such as `ECONNREFUSED`; empty where there is none. */
  readonly detail: string;
}

/** A backend of the pool, when the first one was chosen. */
export interface TappedCandidate {
  readonly backend: string;
  /** `candidate`, `reserve`: asked once all candidates are tried, or `out`. */
  readonly role: 'candidate' | 'reserve' | 'out';
  /** Why it is out, as the control plane knew it a moment later; empty where it is not. */
  readonly reason: string;
}

/** Rows of topic `tap?…`, named `WORKER-NUMBER`, oldest first. */
export interface TappedRequest extends NamedRow {
  /** When its head was complete, milliseconds since the epoch. */
  readonly atMs: number;
  readonly worker: number;
  readonly client: string;
  readonly method: string;
  readonly host: string;
  readonly target: string;
  /** `1.0` or `1.1`. */
  readonly version: string;
  /** Fields of the request; values that may be secret are replaced by `•••`. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Number of the route that took it, from 1; null where none did. */
  readonly route: number | null;
  readonly pool: string | null;
  readonly policy: string | null;
  /** At most 50, those that were asked first. */
  readonly candidates: readonly TappedCandidate[];
  /** When it began to wait for a place, and for how long; null where it never did. */
  readonly waitedFromMs: number | null;
  readonly waitedMs: number;
  readonly attempts: readonly TappedAttempt[];
  readonly status: number;
  readonly code: FailureCode | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** From the complete head to the last byte of the answer. */
  readonly durationMs: number;
  /** From the first byte of the head to its last; null where it came at once. */
  readonly headMs: number | null;
}

/** Fields of topic `tap?…`. */
export interface TapFields {
  /** False once its time is over, or where there are too many taps. */
  readonly isOn: boolean;
  /** When it ends by itself, milliseconds since the epoch. */
  readonly endsAtMs: number;
  /** Requests that matched the filter since it began, and how many of them were shown. */
  readonly matched: number;
  readonly shown: number;
}
