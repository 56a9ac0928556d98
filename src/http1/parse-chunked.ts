/**
 * The chunked transfer coding, taken apart (RFC 9112 section 7.1).
 *
 * Incremental and without copies: `next` says where in the given bytes the next piece of data
 * lies, and how the line with its size was written. Chunk extensions are checked and dropped. The
 * trailer section is read with the rules and limits of a head; what may be passed on of it is
 * decided in `forward-fields.ts`.
 */
import { byteAt, CR, HEX_VALUE, isBlank, LF, QUOTED, TOKEN } from './bytes.ts';
import { HeadReader } from './head-reader.ts';
import { HEAD, type HeadLimits, PARSE } from './parse-head.ts';

/** What `next` answers. */
export const CHUNK = {
  /** All bytes are used up. */
  MORE: 0,
  /** Data lies between `dataStart` and `dataEnd`. */
  DATA: 1,
  /** The body has ended; `at` is the first byte after it. */
  END: 2,
  /** The coding is broken: nothing after this can be believed. */
  BROKEN: 3,
  /** The trailer section is malformed or too large. */
  BROKEN_TRAILER: 4,
  /** A size line has been read; `chunkBytes` of data follow, from `at` on. */
  SIZE: 5,
} as const;

const STAGE = {
  SIZE_FIRST: 0,
  SIZE: 1,
  /** White space after the size: an extension must follow. */
  SIZE_BLANK: 2,
  EXTENSION_NAME_FIRST: 3,
  EXTENSION_NAME: 4,
  EXTENSION_NAME_BLANK: 5,
  EXTENSION_VALUE_FIRST: 6,
  EXTENSION_VALUE: 7,
  EXTENSION_QUOTED: 8,
  EXTENSION_ESCAPED: 9,
  EXTENSION_VALUE_BLANK: 10,
  SIZE_LF: 11,
  // Here end the stages within a size line: see `isInLine`.
  DATA: 12,
  DATA_CR: 13,
  DATA_LF: 14,
  TRAILERS: 15,
} as const;

/** Hexadecimal digits of a size: 2^52 fits into 13, and leading zeros beyond 16 are no use. */
const SIZE_DIGITS = 16;
const LARGEST_SIZE = 2 ** 48;
export interface ChunkedLimits {
  /** Extensions of all chunks of a body; a quarter of it on one line. */
  readonly chunkExtensionBytes: number;
  readonly trailerBytes: number;
}
const TRAILER_FIELDS = 100;

/** `0`, CRLF and the empty line behind it. */
const PLAIN_END_BYTES = 5;

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export class ChunkedParser {
  #limits: ChunkedLimits;
  #stage: number = STAGE.SIZE_FIRST;
  #size = 0;
  #digits = 0;
  #lineExtensionBytes = 0;
  #bodyExtensionBytes = 0;
  #trailers: HeadReader | null = null;
  #hasLeadingZero = false;

  /** Where the last size line began; the owner sets it to -1 before a read, for one that began in another. */
  lineStart = -1;
  /** After `SIZE`: the line lies whole in this read and has nothing but the digits that it needs. */
  isSizeLinePlain = false;
  /** Of the chunk whose size was read last. */
  chunkBytes = 0;

  /** First byte that the next call of `next` has to look at. */
  at = 0;
  dataStart = 0;
  dataEnd = 0;

  /** The trailer section, once the body has ended; null where it is empty. */
  get trailers(): HeadReader | null {
    return this.#trailers;
  }

  /** After `END` without trailers: its last line, and the empty one behind it, are as a size line should be. */
  get isEndPlain(): boolean {
    return this.lineStart >= 0 && this.at - this.lineStart === PLAIN_END_BYTES;
  }

  /** Whether it is between the first digit of a size and its LF, or behind the last of them. */
  get isInLine(): boolean {
    return (this.#stage > STAGE.SIZE_FIRST && this.#stage <= STAGE.SIZE_LF) || this.#stage === STAGE.TRAILERS;
  }

  constructor(limits: ChunkedLimits) {
    this.#limits = limits;
  }

  /** Makes ready for the next body, which is held to `limits`. */
  reset(limits: ChunkedLimits): void {
    this.#limits = limits;
    this.#stage = STAGE.SIZE_FIRST;
    this.#size = 0;
    this.#digits = 0;
    this.#lineExtensionBytes = 0;
    this.#bodyExtensionBytes = 0;
    this.#trailers = null;
  }

  /** Takes the next piece from the bytes between `at` and `end`. @returns one of `CHUNK` */
  next(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const byte = byteAt(buffer, at);
      switch (this.#stage) {
        case STAGE.SIZE_FIRST:
        case STAGE.SIZE: {
          const digit = byteAt(HEX_VALUE, byte);
          if (digit !== 255) {
            if (this.#digits === 0) {
              this.lineStart = at;
              this.#hasLeadingZero = digit === 0;
            }
            this.#size = this.#size * 16 + digit;
            if (++this.#digits > SIZE_DIGITS || this.#size > LARGEST_SIZE) return CHUNK.BROKEN;
            this.#stage = STAGE.SIZE;
          } else if (this.#stage === STAGE.SIZE_FIRST) return CHUNK.BROKEN;
          else if (!this.#afterSize(byte)) return CHUNK.BROKEN;
          at++;
          break;
        }
        case STAGE.SIZE_LF: {
          if (byte !== LF) return CHUNK.BROKEN;
          at++;
          const isWhole = this.lineStart >= 0 && at - this.lineStart === this.#digits + 2;
          this.isSizeLinePlain = isWhole && !this.#hasLeadingZero;
          this.#digits = 0;
          this.#lineExtensionBytes = 0;
          this.#stage = this.#size > 0 ? STAGE.DATA : STAGE.TRAILERS;
          if (this.#size === 0) break;
          this.chunkBytes = this.#size;
          this.at = at;
          return CHUNK.SIZE;
        }
        case STAGE.DATA: {
          const bytes = Math.min(end - at, this.#size);
          this.dataStart = at;
          this.dataEnd = at + bytes;
          this.at = at + bytes;
          this.#size -= bytes;
          if (this.#size === 0) this.#stage = STAGE.DATA_CR;
          return CHUNK.DATA;
        }
        case STAGE.DATA_CR: {
          if (byte !== CR) return CHUNK.BROKEN;
          at++;
          this.#stage = STAGE.DATA_LF;
          break;
        }
        case STAGE.DATA_LF: {
          if (byte !== LF) return CHUNK.BROKEN;
          at++;
          this.#stage = STAGE.SIZE_FIRST;
          break;
        }
        case STAGE.TRAILERS: {
          this.#trailers ??= new HeadReader(HEAD.TRAILERS, this.#trailerLimits(), buffer);
          const result = this.#trailers.read(buffer, at, end);
          if (result === PARSE.INCOMPLETE) return CHUNK.MORE;
          if (result === PARSE.REFUSED) return CHUNK.BROKEN_TRAILER;
          this.at = this.#trailers.next;
          if (this.#trailers.head.fieldCount === 0) this.#trailers = null;
          return CHUNK.END;
        }
        default: {
          const { chunkExtensionBytes } = this.#limits;
          if (++this.#lineExtensionBytes > chunkExtensionBytes / 4) return CHUNK.BROKEN;
          if (++this.#bodyExtensionBytes > chunkExtensionBytes) return CHUNK.BROKEN;
          if (!this.#extension(byte)) return CHUNK.BROKEN;
          at++;
        }
      }
    }
    return CHUNK.MORE;
  }

  #trailerLimits(): HeadLimits {
    return { headBytes: this.#limits.trailerBytes, fields: TRAILER_FIELDS, targetBytes: 0 };
  }

  /** What may follow a size, an extension's name or its value. */
  #afterSize(byte: number): boolean {
    if (byte === CR) this.#stage = STAGE.SIZE_LF;
    else if (byte === SEMICOLON) this.#stage = STAGE.EXTENSION_NAME_FIRST;
    else if (isBlank(byte)) this.#stage = STAGE.SIZE_BLANK;
    else return false;
    return true;
  }

  /** `chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )` */
  #extension(byte: number): boolean {
    switch (this.#stage) {
      case STAGE.SIZE_BLANK:
        if (byte === SEMICOLON) this.#stage = STAGE.EXTENSION_NAME_FIRST;
        return byte === SEMICOLON || isBlank(byte);
      case STAGE.EXTENSION_NAME_FIRST:
        if (TOKEN[byte] === 1) this.#stage = STAGE.EXTENSION_NAME;
        return TOKEN[byte] === 1 || isBlank(byte);
      case STAGE.EXTENSION_NAME:
        if (TOKEN[byte] === 1) return true;
        if (byte === EQUALS) this.#stage = STAGE.EXTENSION_VALUE_FIRST;
        else if (isBlank(byte)) this.#stage = STAGE.EXTENSION_NAME_BLANK;
        else return this.#afterSize(byte);
        return true;
      case STAGE.EXTENSION_NAME_BLANK:
        if (byte === EQUALS) this.#stage = STAGE.EXTENSION_VALUE_FIRST;
        else if (byte === SEMICOLON) this.#stage = STAGE.EXTENSION_NAME_FIRST;
        return byte === EQUALS || byte === SEMICOLON || isBlank(byte);
      case STAGE.EXTENSION_VALUE_FIRST:
        if (byte === QUOTE) this.#stage = STAGE.EXTENSION_QUOTED;
        else if (TOKEN[byte] === 1) this.#stage = STAGE.EXTENSION_VALUE;
        return byte === QUOTE || TOKEN[byte] === 1 || isBlank(byte);
      case STAGE.EXTENSION_VALUE:
        return TOKEN[byte] === 1 || this.#afterSize(byte);
      case STAGE.EXTENSION_QUOTED:
        if (byte === QUOTE) this.#stage = STAGE.EXTENSION_VALUE_BLANK;
        else if (byte === BACKSLASH) this.#stage = STAGE.EXTENSION_ESCAPED;
        else return QUOTED[byte] === 1;
        return true;
      case STAGE.EXTENSION_ESCAPED:
        this.#stage = STAGE.EXTENSION_QUOTED;
        return QUOTED[byte] === 1 || byte === QUOTE || byte === BACKSLASH;
      default:
        return this.#afterSize(byte);
    }
  }
}
