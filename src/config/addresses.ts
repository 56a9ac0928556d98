/**
 * Addresses to listen on: `:8080` (every address), `127.0.0.1:8090`, `[::1]:80`, `localhost:80`.
 *
 * The host is an IP address, never a name: a listener must not depend on a name server. Port 0
 * asks the system for a free port.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { bracketed } from './hosts.ts';
import { mismatch, quoted, type Reading, read, refuse } from './reading.ts';

export interface Address {
  /** IP address without brackets; `::` takes IPv4 as well. */
  readonly host: string;
  /** 0..65535 */
  readonly port: number;
}

/** Reads an address to listen on. */
export function readAddress(value: unknown): Reading<Address> {
  if (typeof value === 'number') {
    return refuse('address-invalid', `${value} is not an address`, `did you mean ":${value}"?`);
  }
  if (typeof value !== 'string') return mismatch('an address such as ":8080"', value);
  const match = /^(.*):(\d{1,5})$/.exec(value);
  if (match === null || isIPv6(value)) {
    return refuse('address-invalid', `${quoted(value)} is not an address with a port`, correction(value));
  }
  const [, hostText = '', portText = ''] = match;
  const port = Number(portText);
  if (port > 65_535) return refuse('address-invalid', `${quoted(value)}: ports end at 65535`);
  const host = hostOf(hostText.toLowerCase());
  if (host === null) {
    return refuse(
      'address-invalid',
      `${quoted(value)}: ${quoted(hostText)} is not an IP address`,
      hostText === '*' ? `did you mean ":${port}"?` : 'name an IP address, or none to listen on all of them',
    );
  }
  return read({ host, port });
}

/** The address as a client would write it. */
export function formatAddress(address: Address): string {
  return `${bracketed(address.host)}:${address.port}`;
}

function hostOf(text: string): string | null {
  if (text === '') return '::';
  if (text === 'localhost') return '127.0.0.1';
  if (isIPv4(text)) return text;
  const inside = /^\[(.*)\]$/.exec(text)?.[1] ?? '';
  return isIPv6(inside) ? inside : null;
}

function correction(text: string): string | null {
  if (/^\d{1,5}$/.test(text)) return `did you mean ":${text}"?`;
  const url = /^https?:\/\/([^/]+:\d+)\/?$/.exec(text)?.[1];
  if (url !== undefined) return `did you mean "${url}"?`;
  if (isIPv4(text)) return `did you mean "${text}:8080"?`;
  if (isIPv6(text)) return `did you mean "[${text}]:8080"?`;
  return null;
}
