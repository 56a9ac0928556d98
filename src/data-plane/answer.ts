/** The answers that Ballast makes itself, short, plain, named by their failure code; and its own words in those of others. */
import type { AnswerFraming } from '../http1/forward-fields.ts';
import type { Failure } from '../protocol/failures.ts';

/**
 * Reason phrases of what Ballast answers itself. Node has them all, but in `node:http`: client and
 * server would be loaded into each worker, 2 ms and 0.4 MB.
 */
export const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  508: 'Loop Detected',
};

/** Seconds after which a client may well try again; every 503 says so. */
const RETRY_AFTER_SECONDS = 1;

/** Of an interim answer: it has no body, and says nothing about the connection. */
export const INTERIM_FRAMING: AnswerFraming = { isChunked: false, keepsLength: false, connectionLine: '' };

/** Of the answer that makes a tunnel. */
export const SWITCH_FRAMING: AnswerFraming = {
  isChunked: false,
  keepsLength: false,
  connectionLine: 'Connection: Upgrade\r\nUpgrade: websocket\r\n',
};

/** What the client is told of its connection, with its CRLF: nothing where its version says so already. */
export function connectionLine(isKeptAlive: boolean, minorVersion: number): string {
  if (!isKeptAlive) return 'Connection: close\r\n';
  return minorVersion === 0 ? 'Connection: keep-alive\r\n' : '';
}

/**
 * A whole answer as text.
 * @param isHead leave the body out, but say how long it would be (RFC 9110 section 9.3.2)
 * @param line `Connection` line with its CRLF, or empty
 * @param failureField name of a field for the code as well, or null
 */
export function failureAnswer(failure: Failure, isHead: boolean, line: string, failureField: string | null): string {
  const body = `${failure.code}: ${failure.text}\n`;
  const retryAfter = failure.status === 503 ? `Retry-After: ${RETRY_AFTER_SECONDS}\r\n` : '';
  const allow = failure.status === 405 ? 'Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS\r\n' : '';
  const codeLine = failureField === null ? '' : `${failureField}: ${failure.code}\r\n`;
  const head =
    `HTTP/1.1 ${failure.status} ${REASONS[failure.status] ?? ''}\r\n` +
    'Content-Type: text/plain; charset=utf-8\r\n' +
    `Content-Length: ${body.length}\r\n${retryAfter}${allow}${codeLine}${line}\r\n`;
  return isHead ? head : head + body;
}

/** The answer to an OPTIONS request that may travel no further (RFC 9110 section 7.6.2). */
export function lastHopAnswer(line: string): string {
  return `HTTP/1.1 204 No Content\r\n${line}\r\n`;
}
