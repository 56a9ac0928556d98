/**
 * The `Connection` fields of a message (RFC 9110 section 7.6.1): what they say about this
 * connection, and which other fields they make hop-by-hop.
 */
import { byteAt, equalsIgnoringCase, TOKEN } from './bytes.ts';
import { FIELD } from './fields.ts';
import type { HeadParser } from './parse-head.ts';

/** Filled anew by each call of `readConnectionOptions`. */
export interface ConnectionOptions {
  isClose: boolean;
  isKeepAlive: boolean;
  isUpgrade: boolean;
  /** Names of ordinary fields to be removed, in lower case; null where there are none. */
  nominated: Set<string> | null;
}

export function newConnectionOptions(): ConnectionOptions {
  return { isClose: false, isKeepAlive: false, isUpgrade: false, nominated: null };
}

/** Options that name no field that could be removed. */
const NOT_NOMINATED = new Set([
  // Handled whether they are named or not.
  'te',
  'trailer',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'http2-settings',
  'connection',
  // End-to-end or of the balancer's own making: no client may have them taken away.
  'host',
  'content-length',
  'via',
  'forwarded',
  'x-real-ip',
]);

/** Reads every `Connection` field of a head; members that are no tokens are ignored. */
export function readConnectionOptions(
  head: HeadParser,
  buffer: Buffer,
  base: number,
  options: ConnectionOptions,
): void {
  options.isClose = false;
  options.isKeepAlive = false;
  options.isUpgrade = false;
  options.nominated = null;
  for (let index = 0; index < head.knownCount; index++) {
    if (head.knownField(index) !== FIELD.CONNECTION) continue;
    const end = base + head.knownValueEnd(index);
    let at = base + head.knownValueStart(index);
    while (at < end) {
      const start = at;
      while (at < end && TOKEN[byteAt(buffer, at)] === 1) at++;
      if (at > start) readOption(buffer, start, at, options);
      else at++;
    }
  }
}

function readOption(buffer: Buffer, start: number, end: number, options: ConnectionOptions): void {
  if (equalsIgnoringCase(buffer, start, end, 'close')) options.isClose = true;
  else if (equalsIgnoringCase(buffer, start, end, 'keep-alive')) options.isKeepAlive = true;
  else if (equalsIgnoringCase(buffer, start, end, 'upgrade')) options.isUpgrade = true;
  else {
    const name = buffer.toString('latin1', start, end).toLowerCase();
    if (NOT_NOMINATED.has(name) || name.startsWith('x-forwarded-')) return;
    options.nominated ??= new Set();
    options.nominated.add(name);
  }
}
