/**
 * The table of failures: everything that can go wrong with a request, one row a code.
 *
 * The answer to the client, the decision to try another backend, the count towards taking a
 * backend out, the counter, the log line and the dashboard label all read the same row, so that
 * they can never disagree. On the data plane nothing is thrown: a failure is one of these codes.
 *
 * The order of the rows is the order of the counters in shared memory: it is the same in every
 * thread of one process, and nothing outside the process ever sees it.
 */

/** Whose doing it was. `balancer` means that Ballast itself, or its operator, refused. */
export type FailureSide = 'client' | 'backend' | 'balancer';

/** How far the exchange had come. */
export type FailureStage = 'head' | 'route' | 'connect' | 'send' | 'answer' | 'body' | 'tunnel';

/**
 * When another attempt is allowed (RFC 9110 section 9.2.2).
 * - `safe`: no byte of the request was written, so any method may be tried again.
 * - `if-idempotent`: some of it was written; only idempotent methods with a kept body.
 * - `never`: the answer has begun, or the client is at fault.
 */
export type RetryRule = 'safe' | 'if-idempotent' | 'never';

export interface Failure {
  /** Index into the counters by code. */
  readonly index: number;
  /** The stable name: in the answer's body, the log and the metrics. */
  readonly code: FailureCode;
  readonly side: FailureSide;
  readonly stage: FailureStage;
  /** Status of the answer that Ballast makes itself; 0 where none can be given any more. */
  readonly status: number;
  readonly retry: RetryRule;
  /** Whether it counts towards taking the backend out of rotation. */
  readonly blamesBackend: boolean;
  /** One plain sentence for people. */
  readonly text: string;
}

/** One of `GET /api/v1/failures`: what a code means, for people. */
export type FailureText = Pick<Failure, 'code' | 'side' | 'stage' | 'status' | 'text'>;

type Row = readonly [FailureSide, FailureStage, number, RetryRule, boolean, string];

// biome-ignore format: a table is read by its columns
const ROWS = {
  // What the client sent is not a request that can be passed on.
  REQUEST_LINE_INVALID: ['client', 'head', 400, 'never', false, 'The request line is malformed.'],
  REQUEST_METHOD_TOO_LONG: ['client', 'head', 501, 'never', false, 'The method is longer than any known one.'],
  REQUEST_METHOD_REFUSED: ['client', 'head', 405, 'never', false, 'CONNECT and TRACE are not served here.'],
  REQUEST_TARGET_INVALID: ['client', 'head', 400, 'never', false, 'The request target is malformed.'],
  REQUEST_TARGET_TOO_LONG: ['client', 'head', 414, 'never', false, 'The request target is longer than the limit.'],
  REQUEST_VERSION_UNSUPPORTED: ['client', 'head', 505, 'never', false, 'Only HTTP/1.0 and HTTP/1.1 are spoken here.'],
  REQUEST_FIELD_INVALID: ['client', 'head', 400, 'never', false, 'A field line is malformed.'],
  REQUEST_HEAD_TOO_LARGE: ['client', 'head', 431, 'never', false, 'The request head is larger than the limit.'],
  REQUEST_HOST_INVALID: [
    'client',
    'head',
    400,
    'never',
    false,
    'Host is missing, repeated, malformed or contradicts the target.',
  ],
  REQUEST_LENGTH_INVALID: ['client', 'head', 400, 'never', false, 'Content-Length is malformed or repeated.'],
  REQUEST_LENGTH_CONFLICT: [
    'client',
    'head',
    400,
    'never',
    false,
    'Content-Length and Transfer-Encoding together are ambiguous.',
  ],
  REQUEST_CODING_INVALID: [
    'client',
    'head',
    400,
    'never',
    false,
    'Transfer-Encoding is malformed or chunked is not its last coding.',
  ],
  REQUEST_CODING_UNSUPPORTED: ['client', 'head', 501, 'never', false, 'Only the transfer coding chunked is supported.'],
  REQUEST_EXPECTATION_FAILED: ['client', 'head', 417, 'never', false, 'The expectation is not one that can be met.'],
  REQUEST_LOOP: ['client', 'head', 508, 'never', false, 'The request has been through this balancer before.'],
  REQUEST_CHUNK_INVALID: ['client', 'body', 400, 'never', false, 'The chunked request body is malformed.'],
  REQUEST_BODY_TOO_LARGE: ['client', 'body', 413, 'never', false, 'The request body is larger than the limit.'],
  REQUEST_TRAILER_INVALID: ['client', 'body', 400, 'never', false, 'The trailer section is malformed or too large.'],
  REQUEST_HEAD_TIMEOUT: ['client', 'head', 408, 'never', false, 'The request head did not arrive in time.'],
  REQUEST_BODY_TIMEOUT: ['client', 'body', 408, 'never', false, 'The request body stalled.'],
  REQUEST_INCOMPLETE: ['client', 'body', 400, 'never', false, 'The connection ended before the request did.'],
  // The client has too many connections open, or everybody together has: it is closed unread.
  CONNECTIONS_FULL: ['balancer', 'head', 0, 'never', false, 'The worker has as many client connections as it may.'],
  CLIENT_CONNECTIONS_FULL: ['client', 'head', 0, 'never', false, 'The client has as many connections as one address may.'],
  HEAP_EXHAUSTED: ['balancer', 'head', 503, 'never', false, 'The worker is short of memory and takes no new requests.'],
  // The client went away or stopped reading.
  CLIENT_CLOSED: [
    'client',
    'answer',
    0,
    'never',
    false,
    'The client closed the connection before the answer was complete.',
  ],
  CLIENT_READ_TIMEOUT: ['client', 'body', 0, 'never', false, 'The client stopped reading the answer.'],
  // Ballast cannot place the request.
  ROUTE_NOT_FOUND: ['balancer', 'route', 404, 'never', false, 'No route matches this host and path.'],
  POOL_UNAVAILABLE: ['balancer', 'route', 503, 'never', false, 'No backend of the pool is available.'],
  POOL_FULL: [
    'balancer',
    'route',
    503,
    'never',
    false,
    'Every available backend of the pool is at its connection limit, and so is the queue.',
  ],
  QUEUE_TIMEOUT: [
    'balancer',
    'route',
    503,
    'never',
    false,
    'Every available backend stayed at its connection limit for as long as a request may wait.',
  ],
  BACKEND_CUT: [
    'balancer',
    'answer',
    503,
    'if-idempotent',
    false,
    'The backend was taken away and the time for its last requests is used up.',
  ],
  SHUTTING_DOWN: [
    'balancer',
    'answer',
    503,
    'never',
    false,
    'The balancer is shutting down and the time for it is used up.',
  ],
  // No byte of the request has been written to the backend.
  UPSTREAM_CONNECT_REFUSED: ['backend', 'connect', 502, 'safe', true, 'The backend refused the connection.'],
  UPSTREAM_CONNECT_RESET: [
    'backend',
    'connect',
    502,
    'safe',
    true,
    'The backend reset the connection while it was being made.',
  ],
  UPSTREAM_CONNECT_UNREACHABLE: ['backend', 'connect', 502, 'safe', true, 'The backend cannot be reached.'],
  UPSTREAM_CONNECT_TIMEOUT: [
    'backend',
    'connect',
    504,
    'safe',
    true,
    'The backend did not accept the connection in time.',
  ],
  UPSTREAM_CONNECT_FAILED: [
    'backend',
    'connect',
    502,
    'safe',
    true,
    'The connection to the backend could not be made.',
  ],
  // The same, and this machine is to blame: another backend may still have an idle connection.
  DESCRIPTORS_EXHAUSTED: [
    'balancer',
    'connect',
    503,
    'safe',
    false,
    'No file descriptor is left for a connection to the backend.',
  ],
  PORTS_EXHAUSTED: [
    'balancer',
    'connect',
    503,
    'safe',
    false,
    'No local address and port is left for a connection to the backend.',
  ],
  SOCKET_MEMORY_EXHAUSTED: [
    'balancer',
    'connect',
    503,
    'safe',
    false,
    'The system has no memory for a connection to the backend.',
  ],
  // Some of the request has been written.
  UPSTREAM_STALE: [
    'backend',
    'send',
    502,
    'if-idempotent',
    false,
    'A kept-alive connection was closed by the backend as it was used again.',
  ],
  UPSTREAM_CLOSED: [
    'backend',
    'answer',
    502,
    'if-idempotent',
    true,
    'The backend closed the connection without an answer.',
  ],
  UPSTREAM_RESET: [
    'backend',
    'answer',
    502,
    'if-idempotent',
    true,
    'The backend reset the connection without an answer.',
  ],
  UPSTREAM_HEAD_TIMEOUT: [
    'backend',
    'answer',
    504,
    'if-idempotent',
    true,
    'The backend did not begin its answer in time.',
  ],
  UPSTREAM_HEAD_INVALID: ['backend', 'answer', 502, 'never', true, "The head of the backend's answer is malformed."],
  UPSTREAM_HEAD_TOO_LARGE: [
    'backend',
    'answer',
    502,
    'never',
    true,
    "The head of the backend's answer is larger than the limit.",
  ],
  UPSTREAM_FRAMING_INVALID: [
    'backend',
    'answer',
    502,
    'never',
    true,
    "The length of the backend's answer is ambiguous.",
  ],
  UPSTREAM_INTERIM_FLOOD: ['backend', 'answer', 502, 'never', true, 'The backend sent too many interim answers.'],
  UPSTREAM_UPGRADE_INVALID: [
    'backend',
    'answer',
    502,
    'never',
    true,
    'The backend switched to a protocol that was not asked for.',
  ],
  // The answer has begun: its end can only be a visible cut.
  UPSTREAM_BODY_CLOSED: [
    'backend',
    'body',
    502,
    'never',
    true,
    'The backend closed the connection in the middle of its answer.',
  ],
  UPSTREAM_STATUS_REFUSED: [
    'backend',
    'answer',
    502,
    'if-idempotent',
    false,
    'The backend answered with a status that is to be tried again.',
  ],
  UPSTREAM_BODY_RESET: [
    'backend',
    'body',
    502,
    'never',
    true,
    'The backend reset the connection in the middle of its answer.',
  ],
  UPSTREAM_BODY_INVALID: ['backend', 'body', 502, 'never', true, "The body of the backend's answer is malformed."],
  UPSTREAM_BODY_TIMEOUT: ['backend', 'body', 504, 'never', true, "The body of the backend's answer stalled."],
  TUNNEL_IDLE_TIMEOUT: [
    'balancer',
    'tunnel',
    0,
    'never',
    false,
    'Neither side of the tunnel sent anything for the idle time.',
  ],
} as const satisfies Record<string, Row>;

export type FailureCode = keyof typeof ROWS;

function toFailure([code, row]: [FailureCode, Row], index: number): Failure {
  const [side, stage, status, retry, blamesBackend, text] = row;
  return Object.freeze({ index, code, side, stage, status, retry, blamesBackend, text });
}

/** Every failure, in the order of its counter. */
export const FAILURES: readonly Failure[] = (Object.entries(ROWS) as [FailureCode, Row][]).map(toFailure);

const BY_CODE = Object.fromEntries(FAILURES.map((failure) => [failure.code, failure]));

/** The row of `code`. */
export function failureOf(code: FailureCode): Failure {
  return BY_CODE[code] as Failure;
}
