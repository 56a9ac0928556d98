/**
 * The fields that mean something to a proxy, known by name.
 *
 * Every field of a message is checked; only these few are remembered while a head is parsed.
 * Everything else is passed on as it lies in the buffer, without a string being made of it.
 */
import { byteAt } from './bytes.ts';

export const FIELD = {
  /** Any field that is passed on unseen. */
  ORDINARY: 0,
  HOST: 1,
  CONTENT_LENGTH: 2,
  TRANSFER_ENCODING: 3,
  CONNECTION: 4,
  /** Removed, whatever it says: `Keep-Alive`, `Proxy-Connection`, `TE`, `Trailer`, `HTTP2-Settings`. */
  HOP_BY_HOP: 5,
  UPGRADE: 6,
  EXPECT: 7,
  MAX_FORWARDS: 8,
  VIA: 9,
  /** What a client says about where it comes from: `X-Forwarded-*`, `Forwarded`, `X-Real-IP`. */
  FORWARDED: 10,
  /** The backend's own idle time: `Keep-Alive` is hop-by-hop, but its time-out is wanted. */
  KEEP_ALIVE: 11,
  /**
   * A name that is one of the above once `_` is read as `-`. Servers that hand fields on as
   * environment variables cannot tell the two apart, so such a field is removed.
   */
  DISGUISED: 12,
} as const;

const NAMES: Readonly<Record<string, number>> = {
  host: FIELD.HOST,
  'content-length': FIELD.CONTENT_LENGTH,
  'transfer-encoding': FIELD.TRANSFER_ENCODING,
  connection: FIELD.CONNECTION,
  'keep-alive': FIELD.KEEP_ALIVE,
  'proxy-connection': FIELD.HOP_BY_HOP,
  te: FIELD.HOP_BY_HOP,
  trailer: FIELD.HOP_BY_HOP,
  'http2-settings': FIELD.HOP_BY_HOP,
  upgrade: FIELD.UPGRADE,
  expect: FIELD.EXPECT,
  'max-forwards': FIELD.MAX_FORWARDS,
  via: FIELD.VIA,
  forwarded: FIELD.FORWARDED,
  'x-real-ip': FIELD.FORWARDED,
};
const FORWARDED_PREFIX = 'x-forwarded-';

// Candidates by length and first letter: most names of real messages miss at one look-up.
const LONGEST = Math.max(...Object.keys(NAMES).map((name) => name.length));
const bucketOf = (length: number, first: number): number => (length << 5) | (first & 0x1f);
const BUCKETS: (readonly [string, number])[][] = Array.from({ length: (LONGEST + 1) << 5 }, () => []);
for (const [name, id] of Object.entries(NAMES)) BUCKETS[bucketOf(name.length, name.charCodeAt(0))]?.push([name, id]);

const UNDERSCORE = 0x5f;
const LETTER_X = 0x18; // 'x' & 0x1f

/** Which of `FIELD` the name from `start` to `end` is. */
export function fieldOf(buffer: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const first = byteAt(buffer, start) & 0x1f;
  if (first === LETTER_X && length > FORWARDED_PREFIX.length) {
    const match = compare(buffer, start, FORWARDED_PREFIX);
    if (match !== DIFFERENT) return match === SAME ? FIELD.FORWARDED : FIELD.DISGUISED;
  }
  if (length > LONGEST) return FIELD.ORDINARY;
  const bucket = BUCKETS[bucketOf(length, first)];
  if (bucket === undefined) return FIELD.ORDINARY;
  for (let index = 0; index < bucket.length; index++) {
    const entry = bucket[index];
    if (entry === undefined) break;
    const match = compare(buffer, start, entry[0]);
    if (match !== DIFFERENT) return match === SAME ? entry[1] : FIELD.DISGUISED;
  }
  return FIELD.ORDINARY;
}

const DIFFERENT = 0;
const SAME = 1;
const DISGUISE = 2;

function compare(buffer: Uint8Array, start: number, lower: string): number {
  let result = SAME;
  for (let index = 0; index < lower.length; index++) {
    const byte = byteAt(buffer, start + index);
    const wanted = lower.charCodeAt(index);
    if ((byte | 0x20) === wanted || byte === wanted) continue;
    if (byte !== UNDERSCORE || wanted !== 0x2d) return DIFFERENT;
    result = DISGUISE;
  }
  return result;
}
