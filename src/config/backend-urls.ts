/**
 * URLs of backends: `http://host:port`, nothing more. Without a port it is 80.
 *
 * Read by hand and not by `URL`, which would turn `0x7f.1` into `127.0.0.1` and drop a path in
 * silence. A password in the URL never gets into a message.
 */
import { isIPv6 } from 'node:net';
import { bracketed, isHostName } from './hosts.ts';
import { mismatch, quoted, type Reading, read, refuse } from './reading.ts';

export interface BackendUrl {
  /** `http://host:port`, lower case, always with the port, IPv6 in brackets. */
  readonly url: string;
  /** Name or IP address, without brackets. */
  readonly host: string;
  /** 1..65535 */
  readonly port: number;
}

/** Reads the URL of a backend. */
export function readBackendUrl(value: unknown): Reading<BackendUrl> {
  if (typeof value !== 'string') return mismatch('a URL such as http://127.0.0.1:8081', value);
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/([^/?#]*)(.*)$/s.exec(value);
  if (match === null) return withoutScheme(value);
  const [, scheme = '', authority = '', rest = ''] = match;
  const at = authority.lastIndexOf('@');
  const hostAndPort = authority.slice(at + 1);
  if (scheme.toLowerCase() === 'https') {
    return refuse('url-scheme-unsupported', 'https to backends is not supported yet', `use "http://${hostAndPort}"`);
  }
  if (scheme.toLowerCase() !== 'http') {
    return refuse('url-scheme-unsupported', `backends are reached by http, not by ${quoted(scheme)}`);
  }
  if (at >= 0) {
    return refuse(
      'url-not-bare',
      'the URL of a backend has no user or password',
      `did you mean "http://${hostAndPort}"?`,
    );
  }
  const target = readHostAndPort(hostAndPort);
  if (target === null) return refuse('url-invalid', `${quoted(value)} is not a URL with a valid host and port`);
  if (rest !== '' && rest !== '/') {
    const part = rest.startsWith('/') ? 'path' : rest.startsWith('?') ? 'query' : 'fragment';
    return refuse(
      'url-not-bare',
      `${quoted(value)}: the URL of a backend has no ${part}; requests keep their own`,
      `did you mean "${target.url}"?`,
    );
  }
  return read(target);
}

/** How a backend without a name is called: `10.0.0.1:80`, `[::1]:80`. */
export function backendNameOf(host: string, port: number): string {
  return `${bracketed(host)}:${port}`;
}

function readHostAndPort(text: string): BackendUrl | null {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text.toLowerCase());
  if (match === null) return null;
  const [, written = '', portText = '80'] = match;
  const inside = /^\[(.*)\]$/.exec(written)?.[1];
  if (inside === undefined ? !isHostName(written) : !isIPv6(inside)) return null;
  const host = inside ?? written;
  const port = Number(portText);
  if (port < 1 || port > 65_535) return null;
  return { url: `http://${backendNameOf(host, port)}`, host, port };
}

function withoutScheme(text: string): Reading<BackendUrl> {
  const target = readHostAndPort(text.replace(/^\/\//, '').replace(/\/$/, ''));
  const suggestion = target === null ? null : `did you mean "${target.url}"?`;
  const shown = text.includes('@') ? 'this' : quoted(text);
  return refuse('url-invalid', `${shown} is not a URL: a backend is written as http://host:port`, suggestion);
}
