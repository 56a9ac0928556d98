/** A tapped request as something to take elsewhere: JSON, and a command that repeats it. Pure. */
import type { TappedRequest } from '../protocol.ts';

/** Stands in the place of what may be secret. */
const REDACTED = '•••';
/** `curl` says these itself, or they hold for one connection only (RFC 9110 section 7.6.1). */
const LEFT_OUT = new Set([
  'host',
  'content-length',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
]);

export const isRedacted = (value: string): boolean => value.includes(REDACTED);

/** Longer ones than the tap tells end so. */
const isCut = (value: string): boolean => value.endsWith('…');

export const jsonOf = (request: TappedRequest): string => JSON.stringify(request, null, 2);

/**
 * The same request once more, by `curl`, to `base` (such as `http://127.0.0.1:8080`): without the
 * fields that are redacted, and without its body, which nobody has kept.
 */
export function curlOf(request: TappedRequest, base: string): string {
  const { method, host, target, version, fields } = request;
  const words = ['curl', method === 'HEAD' ? '--head' : '-i'];
  if (version === '1.0') words.push('--http1.0');
  if (method !== 'GET' && method !== 'HEAD') words.push('-X', quote(method));
  const isPath = target.startsWith('/');
  if (!isPath) words.push('--request-target', quote(target));
  const path = isPath ? target : '/';
  if (/\/\.\.?(\/|\?|$)/.test(path)) words.push('--path-as-is');
  if (/[[\]{}]/.test(path)) words.push('--globoff');
  if (host !== '') words.push('-H', quote(`Host: ${host}`));
  for (const [name, value] of fields) {
    if (LEFT_OUT.has(name.toLowerCase()) || isRedacted(value) || isCut(value)) continue;
    // An empty value would take the field away; a semicolon sends it empty.
    words.push('-H', quote(value === '' ? `${name};` : `${name}: ${value}`));
  }
  return [...words, quote(`${base.replace(/\/$/, '')}${path}`)].join(' ');
}

/** One word for a POSIX shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** What the command leaves out, in words; empty where it is the whole request. */
export function curlGaps({ fields, target, bytesIn }: TappedRequest): string {
  const named = (isOne: (value: string) => boolean): string =>
    fields
      .filter(([, value]) => isOne(value))
      .map(([name]) => name)
      .join(', ');
  const [redacted, cut] = [named(isRedacted), named(isCut)];
  const gaps = [
    ...(redacted === '' ? [] : [`${redacted} (redacted)`]),
    ...(cut === '' ? [] : [`${cut} (too long)`]),
    ...(isRedacted(target) || isCut(target) ? ['parts of the target'] : []),
    ...(bytesIn > 0 ? ['the body, which is not kept'] : []),
  ];
  return gaps.length === 0 ? '' : `without ${gaps.join(' and ')}`;
}
