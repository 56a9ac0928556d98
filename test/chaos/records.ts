/** What each side of a chaos run writes down of a request: the judge joins the three by the id. */
import type { LogEntry } from '../../src/data-plane/access-log-line.ts';
import type { Behaviour } from './request-plans.ts';

/** How a request ended for its client; every one ends exactly once. */
export type ClientEnd =
  /** A whole answer. */
  | 'answered'
  /** The head of one, and less body than it should have. */
  | 'cut'
  /** The connection ended before a head. */
  | 'unanswered'
  /** The client left in the middle, as it had planned. */
  | 'left'
  /** No connection could be made. */
  | 'refused'
  /** Neither an answer nor an end within the client's patience. */
  | 'hung'
  /** What came is not HTTP/1.1. */
  | 'malformed';

export interface ClientRecord {
  readonly id: string;
  readonly method: string;
  /** What the whole body of the request would be. */
  readonly bodyBytes: number;
  readonly bodySum: number;
  /** What the body of the backend's answer must be. */
  readonly answerBytes: number;
  readonly answerSum: number;
  readonly behaviour: Behaviour;
  /** There was a fault proxy between the client and the balancer. */
  readonly isBehindFaults: boolean;
  /** When it was due, and when it ended, on the monotonic clock. */
  readonly dueMs: number;
  endedMs: number;
  /** Whether its connection had carried a request before. */
  isReused: boolean;
  end: ClientEnd | null;
  /** The system's or the reader's word for what went wrong. */
  error: string;
  /** Status of the answer; 0 without one. */
  status: number;
  /** `X-Served-By`, which every backend and no balancer sets. */
  servedBy: string;
  /** `X-Request-Id` of the answer. */
  echoedId: string;
  /** `X-Failure`, which the balancer sets on its own answers and no backend does. */
  code: string;
  /** The beginning of the body of an answer of the balancer's own. */
  text: string;
  gotBytes: number;
  gotSum: number;
}

/** A line of the access log, as far as the judge reads it. */
export type LogLine = Pick<
  LogEntry,
  'requestId' | 'method' | 'status' | 'code' | 'bytesIn' | 'bytesOut' | 'durationMs' | 'pool' | 'backend' | 'attempts'
>;

/** What a backend has seen of a request. */
export interface BackendRecord {
  readonly backend: string;
  readonly id: string;
  readonly method: string;
  /** `head`: its head has arrived. `whole`: all of it. `broken`: its connection ended before. */
  readonly event: 'head' | 'whole' | 'broken';
  readonly bytes: number;
  readonly sum: number;
}

/** Of a backend or fault proxy that answers by itself, before it has read the request. */
export const EARLY = 'early';
export const FAILURE_FIELD = 'x-failure';
