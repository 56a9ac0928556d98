/**
 * The remaining kinds of values: names, paths, statuses, the token, the name in `Via`, whole
 * numbers. Each reader takes whatever stands in the file and says what is wrong with it.
 */
import { isIP } from 'node:net';
import { POLICIES, policyNamed } from '../balancing/policies.ts';
import { didYouMean } from './closest.ts';
import { mismatch, quoted, quoteHint, type Reading, read, refuse } from './reading.ts';

/** Reads a whole number. Digits in a text count, so that a variable can fill it. */
export function readInteger(value: unknown): Reading<number> {
  if (typeof value === 'string' && /^-?\d{1,15}$/.test(value)) return read(Number(value));
  if (typeof value !== 'number') return mismatch('a whole number', value);
  if (!Number.isSafeInteger(value)) return mismatch('a whole number', value);
  return read(value);
}

/** Reads the name of a pool or listener: a letter, then letters, digits, `_` and `-`. */
export function readName(value: unknown): Reading<string> {
  if (typeof value !== 'string') return mismatch('a name', value, quoteHint(value));
  if (/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(value)) return read(value);
  const plain = value
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[^A-Za-z]+|-+$/g, '')
    .slice(0, 64);
  return refuse(
    'name-invalid',
    `${quoted(value)} is not a name: it is a letter, then letters, digits, _ and -, at most 64 in all`,
    plain === '' ? null : `did you mean \`${plain}\`?`,
  );
}

/** Reads the name of a backend, which may also look like `10.0.0.1:80` or `[::1]:80`. */
export function readBackendName(value: unknown): Reading<string> {
  if (typeof value !== 'string') return mismatch('a name', value, quoteHint(value));
  if (/^[A-Za-z0-9[][A-Za-z0-9._:[\]-]{0,259}$/.test(value)) return read(value);
  return refuse(
    'name-invalid',
    `${quoted(value)} is not a name of a backend: it has letters, digits and . _ : - [ ], at most 260 in all`,
  );
}

/** Reads which addresses of a name are used. */
export function readAddressUse(value: unknown): Reading<'one' | 'all'> {
  if (value === 'one' || value === 'all') return read(value);
  return mismatch('one or all', value);
}

/** Reads the name of a policy in the register. */
export function readPolicy(value: unknown): Reading<string> {
  if (typeof value !== 'string') return mismatch('the name of a policy', value);
  if (policyNamed(value) !== null) return read(value);
  const names = POLICIES.map((policy) => policy.name);
  return refuse(
    'policy-unknown',
    `there is no policy ${quoted(value)}`,
    didYouMean(value, names) ?? `the policies are ${names.join(', ')}`,
  );
}

/** Reads the path of a health check, which may carry a query. */
export function readRequestPath(value: unknown): Reading<string> {
  if (typeof value !== 'string') return mismatch('a path such as /healthz', value);
  if (!value.startsWith('/')) {
    const suggestion = /^[\w.~-]/.test(value) && !value.includes('://') ? `did you mean "/${value}"?` : null;
    return refuse('path-invalid', `${quoted(value)}: a path begins with /`, suggestion);
  }
  if (value.length > 2048) return refuse('path-invalid', 'a path has at most 2048 characters');
  if (!/^[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*$/.test(value)) {
    return refuse(
      'path-invalid',
      `${quoted(value)} has characters that a path does not take as they are`,
      encoded(value),
    );
  }
  return read(value);
}

/**
 * Reads the path prefix of a route: `/v1` stands for itself and all below it, and so does `/v1/`.
 * Null for `/`, which every path begins with.
 */
export function readPathPrefix(value: unknown): Reading<string | null> {
  const reading = readRequestPath(value);
  if (!reading.isRead) return reading;
  const path = reading.value;
  if (path.includes('*')) {
    const plain = path.replace(/\/?\*+$/, '');
    const suggestion = plain.includes('*') ? null : `did you mean "${plain === '' ? '/' : plain}"?`;
    return refuse('path-invalid', `${quoted(path)}: a path matches as a prefix, without wildcards`, suggestion);
  }
  if (path.includes('?')) return refuse('path-invalid', `${quoted(path)}: a route matches the path, not the query`);
  if (/\/\.{1,2}(?:\/|$)/.test(path) || path.includes('//')) {
    return refuse('path-invalid', `${quoted(path)} has empty segments or dots for segments`);
  }
  const prefix = path.replace(/\/$/, '');
  return read(prefix === '' ? null : prefix);
}

export type StatusRange = readonly [from: number, to: number];

/** Reads statuses: `200`, `200-399`, `200-299,304`, or a list of these; as inclusive ranges. */
export function readStatuses(value: unknown): Reading<readonly StatusRange[]> {
  const parts = (Array.isArray(value) ? value : [value]).flatMap((part: unknown) =>
    typeof part === 'number' ? [String(part)] : typeof part === 'string' ? part.split(',') : [null],
  );
  if (parts.length === 0) return refuse('too-few', 'at least one status is needed');
  const ranges: StatusRange[] = [];
  for (const part of parts) {
    if (part === null) return mismatch('statuses such as 200-399', value);
    const match = /^(\d{3})(?:-(\d{3}))?$/.exec(part.trim());
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    if (match === null || from < 200 || to > 599 || from > to) {
      const wide = /^([2-5])xx$/i.exec(part.trim())?.[1];
      return refuse(
        'statuses-invalid',
        `${quoted(part)} is not a status or range between 200 and 599`,
        wide === undefined ? null : `did you mean "${wide}00-${wide}99"?`,
      );
    }
    ranges.push([from, to]);
  }
  return read(ranges);
}

/** Reads the statuses that are tried again: those of `readStatuses` from 400 up, or none. */
export function readRetryStatuses(value: unknown): Reading<readonly StatusRange[]> {
  if (value === null || (Array.isArray(value) && value.length === 0)) return read([]);
  const reading = readStatuses(value);
  if (!reading.isRead || reading.value.every(([from]) => from >= 400)) return reading;
  return refuse('statuses-invalid', 'only an error, 400 to 599, can be tried again');
}

/** Reads yes or no, also as text, which is what a variable gives. */
export function readFlag(value: unknown): Reading<boolean> {
  if (typeof value === 'boolean') return read(value);
  if (value === 'true' || value === 'false') return read(value === 'true');
  return mismatch('true or false', value);
}

/** Reads the admin token; an empty one is none. The value never gets into a message. */
export function readToken(value: unknown): Reading<string | null> {
  if (value === null || value === '') return read(null);
  if (typeof value !== 'string') return refuse('type-mismatch', 'expected a token as text', quoteHint(value));
  if (!/^[\x21-\x7e]{1,512}$/.test(value)) {
    return refuse('token-invalid', 'a token has 1 to 512 visible ASCII characters and no spaces');
  }
  return read(value);
}

/** Reads the pseudonym for `Via`: a token of RFC 9110 section 5.6.2. */
export function readVia(value: unknown): Reading<string> {
  if (typeof value !== 'string') return mismatch('a name', value, quoteHint(value));
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(value)) return read(value);
  return refuse('via-invalid', `${quoted(value)} cannot stand in Via: letters, digits and -._~ do, at most 64 of them`);
}

function encoded(text: string): string | null {
  const correct = text.replace(/[^\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]/gu, (character) =>
    character === '#' ? '%23' : encodeURIComponent(character.isWellFormed() ? character : ' '),
  );
  return `did you mean ${quoted(correct)}?`;
}

/** Reads an address or a network in CIDR notation; the value is always `address/bits`. */
export function readNetwork(value: unknown): Reading<string> {
  if (typeof value !== 'string') return mismatch('a network such as 10.0.0.0/8', value, quoteHint(value));
  const [address = '', bits, ...rest] = value.split('/');
  const family = isIP(address);
  const longest = family === 6 ? 128 : 32;
  const isRight = family !== 0 && rest.length === 0 && (bits === undefined || /^\d{1,3}$/.test(bits));
  if (isRight && Number(bits ?? longest) <= longest) return read(`${address}/${bits ?? longest}`);
  return refuse('network-invalid', `${quoted(value)} is not a network: write 10.0.0.0/8, 192.0.2.1 or fd00::/8`);
}

/** Reads the name of the file of the access log. */
export function readLogPath(value: unknown): Reading<string> {
  if (typeof value !== 'string' || value === '') return mismatch('the name of a file, or "-"', value);
  return read(value);
}

/** Reads the format of the access log. */
export function readLogFormat(value: unknown): Reading<'json' | 'combined'> {
  if (value === 'json' || value === 'combined') return read(value);
  return mismatch('json or combined', value, didYouMean(String(value), ['json', 'combined']));
}

/** Fields that frame, route or are removed on the way: no place for a failure code. */
const RESERVED_FIELDS =
  /^(connection|content-.*|transfer-encoding|keep-alive|upgrade|trailer|te|retry-after|allow|date)$/i;

/** Reads the name of a field. */
export function readFieldName(value: unknown): Reading<string> {
  if (typeof value !== 'string') return mismatch('the name of a field', value, quoteHint(value));
  if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(value)) {
    return refuse('field-invalid', `${quoted(value)} is not a field name: a letter, then letters, digits and -`);
  }
  if (RESERVED_FIELDS.test(value)) return refuse('field-invalid', `${quoted(value)} has a meaning of its own`);
  return read(value);
}
