/** What the access log wants to know of a request's head. Only asked for where there is a log. */
import { fieldText } from '../http1/forward-fields.ts';
import type { HeadReader } from '../http1/head-reader.ts';
import type { LogEntry } from './access-log-line.ts';
import type { TrustedNetworks } from './trusted-networks.ts';

export type LoggedHead = Pick<
  LogEntry,
  'atMs' | 'client' | 'method' | 'target' | 'host' | 'minorVersion' | 'referer' | 'userAgent' | 'requestId'
>;

/**
 * Reads a head that is complete, or that was refused: what was not read of it stays empty.
 * @param peer who holds the socket
 */
export function loggedHead(reader: HeadReader, peer: string, trust: TrustedNetworks, atMs: number): LoggedHead {
  const { head, buffer, base } = reader;
  const isLineRead = head.targetEnd > 0;
  const field = (name: string): string => (head.fieldsEnd > head.fieldsStart ? fieldText(reader, name) : '');
  return {
    atMs,
    client: trust.clientOf(peer, field('x-forwarded-for')),
    method: isLineRead ? buffer.toString('latin1', base + head.start, base + head.methodEnd) : '',
    target: isLineRead ? buffer.toString('latin1', base + head.targetStart, base + head.targetEnd) : '',
    host: field('host'),
    minorVersion: head.minorVersion,
    referer: field('referer'),
    userAgent: field('user-agent'),
    requestId: field('x-request-id'),
  };
}
