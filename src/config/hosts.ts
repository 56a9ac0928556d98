/**
 * Host names, host patterns and IP addresses as the config writes them.
 *
 * Names are compared without case (RFC 9110 section 4.2.3), so they are kept in lower case. An
 * underscore is let through: internal names have them, whatever RFC 1123 says.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { mismatch, quoted, quoteHint, type Reading, read, refuse } from './reading.ts';

const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** A DNS name or IP address without brackets; lower case. */
export function isHostName(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name.length === 0 || name.length > 253) return false;
  const labels = name.split('.');
  // A last label of digits makes it a malformed IPv4 address, never a name (WHATWG URL).
  return labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
}

/** Whether packets to this IP address can only come from the same machine. */
export function isLoopback(address: string): boolean {
  if (isIPv4(address)) return address.startsWith('127.');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isLoopback(mapped);
  return isIPv6(address) && /^(?:0{0,4}:)*0{0,3}1$/.test(address);
}

/** Whether a listener on this IP address takes connections to every address of the machine. */
export function isWildcardAddress(address: string): boolean {
  return address === '0.0.0.0' || (isIPv6(address) && /^[0:]+$/.test(address));
}

/** The host as it stands in a URL or before a port: IPv6 in brackets. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Reads the host of a route: `api.example.com`, `*.example.com`, `[::1]`; lower case. */
export function readHostPattern(value: unknown): Reading<string> {
  if (typeof value !== 'string') return mismatch('a host name such as api.example.com', value, quoteHint(value));
  const host = value.toLowerCase();
  if (host === '*') return refuse('host-invalid', '"*" is not a host name', 'leave `host` out to match every host');
  const name = host.startsWith('*.') ? host.slice(2) : host;
  if (name.includes('*')) {
    return refuse('host-invalid', `${quoted(value)}: a wildcard stands only in front, as in *.example.com`);
  }
  if (host.startsWith('*.') && isIP(name) !== 0) {
    return refuse('host-invalid', `${quoted(value)}: a wildcard cannot stand before an IP address`);
  }
  const reading = readHostName(name);
  if (!reading.isRead) return { ...reading, message: reading.message.replace(quoted(name), quoted(value)) };
  return read(host.startsWith('*.') ? `*.${reading.value}` : reading.value);
}

/** Reads a host name or IP address without a port; IPv6 in brackets, as it stands in `Host`. */
export function readHostName(value: unknown): Reading<string> {
  if (typeof value !== 'string') return mismatch('a host name such as api.example.com', value, quoteHint(value));
  const host = value.toLowerCase();
  const inside = /^\[(.*)\]$/.exec(host)?.[1];
  if (inside !== undefined) {
    return isIPv6(inside) ? read(host) : refuse('host-invalid', `${quoted(value)} is not an IPv6 address`);
  }
  if (isIPv6(host)) {
    return refuse('host-invalid', `${quoted(value)}: an IPv6 address stands in brackets`, `did you mean "[${host}]"?`);
  }
  if (isHostName(host)) return read(host);
  return refuse('host-invalid', `${quoted(value)} is not a host name`, hostCorrection(host));
}

/** Reads the value of a `Host` field: a host name, with or without a port. */
export function readHostField(value: unknown): Reading<string> {
  if (typeof value !== 'string') return mismatch('a host name such as api.example.com', value, quoteHint(value));
  const match = /^(.*[^:]):(\d{1,5})$/.exec(value);
  const [, name = value, port = null] = isIPv6(value) ? [] : (match ?? []);
  const reading = readHostName(name);
  if (!reading.isRead || port === null) return reading;
  if (Number(port) > 65_535 || Number(port) < 1)
    return refuse('host-invalid', `${quoted(value)}: there is no such port`);
  return read(`${reading.value}:${Number(port)}`);
}

function hostCorrection(host: string): string | null {
  const name = /^(?:https?:\/\/)?([^/:]+)(?::\d+)?(?:\/.*)?$/.exec(host)?.[1] ?? '';
  if (name !== host && isHostName(name)) return `did you mean "${name}"?`;
  const ascii = domainToASCII(host);
  return ascii !== '' && ascii !== host && isHostName(ascii) ? `write it as "${ascii}"` : null;
}
