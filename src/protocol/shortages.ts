/**
 * The errors by which the system says that this machine falls short of something that a connection
 * needs. The other side has no part in them: they must never count against a backend.
 *
 * Read by workers, for connections that cannot be made, and by health checks.
 */
import type { FailureCode } from './failures.ts';

const BY_ERRNO: Readonly<Record<string, FailureCode>> = {
  EMFILE: 'DESCRIPTORS_EXHAUSTED',
  ENFILE: 'DESCRIPTORS_EXHAUSTED',
  EADDRNOTAVAIL: 'PORTS_EXHAUSTED',
  ENOBUFS: 'SOCKET_MEMORY_EXHAUSTED',
  ENOMEM: 'SOCKET_MEMORY_EXHAUSTED',
};

/** What this machine falls short of where a connection fails with `errno`; null where it does not. */
export function shortageOf(errno: string): FailureCode | null {
  return BY_ERRNO[errno] ?? null;
}
