/**
 * How often one address may show a wrong token or code: ten times a minute.
 *
 * Once it has, everything that it shows is refused unseen until the minute is over, the right
 * token included, or guessing would go on. Sessions are not counted and not refused, so nobody
 * who is signed in is locked out by a neighbour behind the same address.
 */
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { ProblemError } from './problems.ts';

export const MAX_FAILURES = 10;
export const FAILURE_PERIOD_MS = 60_000;
/** Bounds memory under an attack from many addresses; the one first seen goes. */
const MAX_ADDRESSES = 4096;

interface Failures {
  readonly beganMs: number;
  count: number;
}

export class FailureLimit {
  readonly #monotonicMs: () => number;
  readonly #byAddress = new Map<string, Failures>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Throws where this address has failed too often. */
  check(request: IncomingMessage): void {
    const failures = this.#current(addressOf(request));
    if (failures === undefined || failures.count < MAX_FAILURES) return;
    const seconds = Math.ceil((failures.beganMs + FAILURE_PERIOD_MS - this.#monotonicMs()) / 1000);
    throw new ProblemError(429, 'too-many-failures', `Too many wrong tokens from this address; wait ${seconds} s.`, {
      headers: { 'retry-after': String(seconds) },
    });
  }

  count(request: IncomingMessage): void {
    const address = addressOf(request);
    const failures = this.#current(address);
    if (failures !== undefined) {
      failures.count++;
      return;
    }
    this.#byAddress.delete(address);
    const oldest = this.#byAddress.size >= MAX_ADDRESSES ? this.#byAddress.keys().next().value : undefined;
    if (oldest !== undefined) this.#byAddress.delete(oldest);
    this.#byAddress.set(address, { beganMs: this.#monotonicMs(), count: 1 });
  }

  #current(address: string): Failures | undefined {
    const failures = this.#byAddress.get(address);
    return failures !== undefined && failures.beganMs + FAILURE_PERIOD_MS > this.#monotonicMs() ? failures : undefined;
  }
}

/** One machine has a whole /64 of IPv6 addresses, so the network counts. */
function addressOf(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? '';
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const groups = head.split(':').filter((group) => group !== '');
  const tailGroups = tail === undefined ? [] : tail.split(':').filter((group) => group !== '');
  const zeros = tail === undefined ? 0 : 8 - groups.length - tailGroups.length;
  return [...groups, ...Array.from({ length: zeros }, () => '0'), ...tailGroups].slice(0, 4).join(':');
}
