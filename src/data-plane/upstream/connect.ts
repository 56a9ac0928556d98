/** What a failed connection is called: the system's error to a row of the failure table. */
import type { FailureCode } from '../../protocol/failures.ts';
import { shortageOf } from '../../protocol/shortages.ts';

const BY_ERRNO: Readonly<Record<string, FailureCode>> = {
  ECONNREFUSED: 'UPSTREAM_CONNECT_REFUSED',
  ECONNRESET: 'UPSTREAM_CONNECT_RESET',
  ECONNABORTED: 'UPSTREAM_CONNECT_RESET',
  EHOSTUNREACH: 'UPSTREAM_CONNECT_UNREACHABLE',
  ENETUNREACH: 'UPSTREAM_CONNECT_UNREACHABLE',
  ENETDOWN: 'UPSTREAM_CONNECT_UNREACHABLE',
  EHOSTDOWN: 'UPSTREAM_CONNECT_UNREACHABLE',
  ETIMEDOUT: 'UPSTREAM_CONNECT_TIMEOUT',
};

/** The failure of a connection that never opened. */
export function connectFailure(error: Error | null): FailureCode {
  const errno = errnoOf(error);
  return BY_ERRNO[errno] ?? shortageOf(errno) ?? 'UPSTREAM_CONNECT_FAILED';
}

/** The system's name of an error, such as `ECONNREFUSED`; empty where it has none. */
export function errnoOf(error: Error | null): string {
  return (error as NodeJS.ErrnoException | null)?.code ?? '';
}
