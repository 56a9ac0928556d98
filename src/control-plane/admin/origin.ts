/**
 * Whether a request was meant for this server and sent by its own page.
 *
 * Called for every HTTP request and every WebSocket, before anything else is looked at. Two
 * attacks end here. DNS rebinding: a foreign page makes its own name resolve to 127.0.0.1, and
 * the browser then takes this server for that page's own; but `Host` still bears the foreign
 * name. Cross-site requests: a foreign page makes the browser send a write, or open a WebSocket,
 * with this server's cookie; `Origin` and `Sec-Fetch-Site` tell where it came from, and a page
 * cannot forge them.
 */
import type { IncomingMessage } from 'node:http';
import { bracketed, isWildcardAddress } from '../../config/hosts.ts';
import { ProblemError } from './problems.ts';

const READS = ['GET', 'HEAD', 'OPTIONS'];
const ALWAYS_OWN = ['localhost', '127.0.0.1', '[::1]'];

/** The names under which this server may be asked for. */
export interface OwnHosts {
  /** All of them: lower case, IPv6 in brackets, no port. */
  readonly names: ReadonlySet<string>;
  /** Those that the operator has listed: a page may come from them on any port. */
  readonly listed: ReadonlySet<string>;
  /** Whether it listens on all addresses, so that any local address is its own. */
  readonly isWildcard: boolean;
}

export function ownHostsOf(admin: { address: { host: string }; hosts: readonly string[] }): OwnHosts {
  const { host } = admin.address;
  const listed = admin.hosts.map((name) => name.toLowerCase());
  return {
    names: new Set([...ALWAYS_OWN, bracketed(host.toLowerCase()), ...listed]),
    listed: new Set(listed),
    isWildcard: isWildcardAddress(host),
  };
}

/** The host of an authority without its port, lower case; null where it is malformed. */
export function hostOf(authority: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\]+?)\.?(?::\d{1,5})?$/i.exec(authority);
  return match?.[1]?.toLowerCase() ?? null;
}

/** Throws where `Host` is foreign, missing or repeated, or the target is another server's. */
export function checkHost(request: IncomingMessage, own: OwnHosts): void {
  // A whole URL overrules Host (RFC 9112 section 3.2.2) and is for proxies.
  if (request.url?.startsWith('/') !== true) {
    throw new ProblemError(400, 'target-refused', 'The target of a request is a path here.');
  }
  const hosts = request.headersDistinct.host ?? [];
  const host = hosts.length === 1 ? hostOf(hosts[0] ?? '') : null;
  if (host !== null && (own.names.has(host) || (own.isWildcard && isLocalAddress(request, host)))) return;
  throw new ProblemError(
    403,
    'host-refused',
    host === null ? 'Host is missing, repeated or malformed.' : `${host} is not among admin.hosts.`,
  );
}

/** Whether this method changes nothing, so that a foreign page may send it: it cannot read the answer. */
export function isRead(method: string): boolean {
  return READS.includes(method);
}

/** Throws where a write or a WebSocket was sent by a foreign page. `checkHost` comes first. */
export function checkOrigin(request: IncomingMessage, own: OwnHosts): void {
  if (request.headers['sec-fetch-site'] === 'cross-site') {
    throw new ProblemError(403, 'cross-site-refused', 'Another site may not send this request.');
  }
  const origins = request.headersDistinct.origin ?? [];
  // Only browsers send Origin, and they always do: without it, it is a script of the operator.
  if (origins.length === 0) return;
  if (origins.length === 1 && isOwnOrigin(origins[0] ?? '', request.headers.host ?? '', own)) return;
  throw new ProblemError(403, 'origin-refused', 'A page of another origin may not send this request.');
}

/** Ports tell origins apart: another server on localhost is a foreign page as well. */
function isOwnOrigin(origin: string, host: string, own: OwnHosts): boolean {
  const match = /^(https?):\/\/([^/]+)$/i.exec(origin);
  if (match === null) return false;
  const [, scheme = '', authority = ''] = match;
  const name = hostOf(authority);
  if (name === null) return false;
  const port = portOf(authority, scheme);
  if (own.listed.has(name)) return true;
  return name === hostOf(host) && port === portOf(host, scheme);
}

function portOf(authority: string, scheme: string): string {
  const standard = scheme.toLowerCase() === 'https' ? '443' : '80';
  return /:(\d{1,5})$/.exec(authority.replace(/^\[.*\]/, ''))?.[1] ?? standard;
}

/** An address cannot be rebound, and this one is where the connection has arrived. */
function isLocalAddress(request: IncomingMessage, host: string): boolean {
  const local = request.socket.localAddress?.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '') ?? '';
  return local !== '' && host === bracketed(local);
}
