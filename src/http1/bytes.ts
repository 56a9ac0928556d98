/**
 * Byte classes of HTTP/1.1 as 256-entry tables, and a few comparisons in place.
 *
 * The codec works on bytes as they lie in the read buffer. A string is made only once a line is
 * known to be whole and well-formed (RFC 9112 section 2.2), and always as latin1, one byte a
 * character, so that what goes out is what came in.
 */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const COLON = 0x3a;

type ByteClass = Uint8Array;

function byteClass(isMember: (byte: number) => boolean): ByteClass {
  return Uint8Array.from({ length: 256 }, (_, byte) => (isMember(byte) ? 1 : 0));
}

const isAlpha = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isOneOf =
  (characters: string) =>
  (byte: number): boolean =>
    characters.includes(String.fromCharCode(byte));

const isTokenMark = isOneOf("!#$%&'*+-.^_`|~");
const isHostMark = isOneOf("-._~%!$&'()*+;=");

/** `tchar` (RFC 9110 section 5.6.2): methods, field names, coding names. */
export const TOKEN = byteClass((byte) => isAlpha(byte) || isDigit(byte) || isTokenMark(byte));

/** What may stand in a field value: HTAB, SP, VCHAR and obs-text (RFC 9110 section 5.5). */
export const FIELD_VALUE = byteClass((byte) => byte === TAB || (byte >= 0x20 && byte !== 0x7f));

/**
 * What may stand in a request target: VCHAR but `#`. Wider than RFC 3986, since browsers send
 * `|` and `"` unencoded; bytes of 0x80 and above are refused, as no URI has them.
 */
export const TARGET = byteClass((byte) => byte > 0x20 && byte < 0x7f && byte !== 0x23);

/**
 * A registered name or IPv4 address (RFC 3986 section 3.2.2) without the comma, which in `Host`
 * can only be two values taken for one.
 */
export const HOST_NAME = byteClass((byte) => isAlpha(byte) || isDigit(byte) || isHostMark(byte));

/** What stands between the brackets of an IPv6 literal; zone identifiers are refused. */
export const HOST_IPV6 = byteClass((byte) => isDigit(byte) || isOneOf('abcdefABCDEF:.')(byte));

/** `qdtext` without its quotes: what may stand inside a quoted string, the backslash apart. */
export const QUOTED = byteClass(
  (byte) => byte === TAB || (byte >= 0x20 && byte !== 0x7f && byte !== 0x22 && byte !== 0x5c),
);

/** Value of a hexadecimal digit; 255 for any other byte. */
export const HEX_VALUE = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (isDigit(byte)) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : 255;
});

/** The byte at `at`, or 0 beyond the end. Callers bound `at`; 0 is in no class above. */
export function byteAt(buffer: Uint8Array, at: number): number {
  return buffer[at] ?? 0;
}

/** Whether a byte is optional white space (RFC 9110 section 5.6.3): SP or HTAB, and nothing else. */
export function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

/** Whether the bytes from `start` to `end` are `text`, one byte a character. */
export function isText(buffer: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index++) {
    if (byteAt(buffer, start + index) !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** Whether the bytes from `start` to `end` are `lower` (lower-case ASCII), in any case. */
export function equalsIgnoringCase(buffer: Uint8Array, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false;
  for (let index = 0; index < lower.length; index++) {
    const byte = byteAt(buffer, start + index);
    const folded = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (folded !== lower.charCodeAt(index)) return false;
  }
  return true;
}
