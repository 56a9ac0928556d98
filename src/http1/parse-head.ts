/**
 * The head of an HTTP/1.1 message: start line and fields (RFC 9112 sections 2 to 5).
 *
 * Strict throughout: lines end in CRLF, words are parted by one space, no folded lines, no
 * control bytes. What is refused here is refused with one of two answers only, a malformed start
 * line or a malformed field; what a well-formed head means is decided in `framing.ts`.
 *
 * The parser is incremental. It may be given the same head in any pieces, and goes on where it
 * stopped: no byte is looked at twice but the few of the version. All positions are relative to
 * the first byte of the head, so that the bytes may move between two calls.
 *
 * It makes nothing: all it finds it writes into its own fields, valid until the next `reset`.
 */
import type { FailureCode } from '../protocol/failures.ts';
import { byteAt, COLON, CR, FIELD_VALUE, isBlank, LF, SPACE, TARGET, TOKEN } from './bytes.ts';
import { FIELD, fieldOf } from './fields.ts';

export interface HeadLimits {
  /** Whole head, bytes. */
  readonly headBytes: number;
  /** Field lines. */
  readonly fields: number;
  /** Request target, bytes. */
  readonly targetBytes: number;
}

/** What `parse` answers. */
export const PARSE = { INCOMPLETE: 0, COMPLETE: 1, REFUSED: 2 } as const;

/** What is parsed; a trailer section is a head without a start line. */
export const HEAD = { REQUEST: 0, RESPONSE: 1, TRAILERS: 2 } as const;

const STAGE = { START: 0, METHOD: 1, TARGET: 2, VERSION: 3, STATUS: 4, REASON: 5, LINE: 6, NAME: 7, VALUE: 8 } as const;

/** Numbers kept of each known field: kind, line start, value start, value end, line end. */
const KNOWN_CELLS = 5;
/** Method names longer than this are not methods. */
const METHOD_BYTES = 64;
/** Empty lines before a request that are overlooked (RFC 9112 section 2.2 asks for one). */
const EMPTY_LINES = 4;

export class HeadParser {
  readonly #kind: number;
  #limits: HeadLimits;
  #stage: number;
  #at = 0;
  #emptyLines = 0;
  #lineStart = 0;
  #nameEnd = 0;

  /** Why the head was refused; meaningful after `REFUSED` only. */
  failure: FailureCode = 'REQUEST_LINE_INVALID';
  /** First byte of the start line: empty lines before it are overlooked. */
  start = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  minorVersion = 1;
  status = 0;
  /** First byte after the start line. */
  fieldsStart = 0;
  /** First byte of the empty line that ends the head. */
  fieldsEnd = 0;
  /** First byte after the head. */
  end = 0;
  /** Field lines in all. */
  fieldCount = 0;
  /** Of those, the ones whose name is known: five numbers each, in order. */
  knownCount = 0;
  known: Int32Array = new Int32Array(KNOWN_CELLS * 16);

  constructor(kind: number, limits: HeadLimits) {
    this.#kind = kind;
    this.#limits = limits;
    this.#stage = kind === HEAD.TRAILERS ? STAGE.LINE : STAGE.START;
  }

  /** Makes ready for the next head, which is held to `limits`. */
  reset(limits: HeadLimits): void {
    this.#limits = limits;
    this.#stage = this.#kind === HEAD.TRAILERS ? STAGE.LINE : STAGE.START;
    this.#at = 0;
    this.#emptyLines = 0;
    this.start = 0;
    this.methodEnd = 0;
    this.targetEnd = 0;
    this.fieldsStart = 0;
    this.fieldsEnd = 0;
    this.fieldCount = 0;
    this.knownCount = 0;
  }

  /** Whether any byte of a head, empty lines apart, has been seen since the last `reset`. */
  get hasBegun(): boolean {
    return this.#stage !== STAGE.START;
  }

  /** Which of `FIELD` known field number `index` is. */
  knownField(index: number): number {
    return this.known[index * KNOWN_CELLS] ?? FIELD.ORDINARY;
  }
  knownLineStart(index: number): number {
    return this.known[index * KNOWN_CELLS + 1] ?? 0;
  }
  /** First byte of the value, white space before it left out. */
  knownValueStart(index: number): number {
    return this.known[index * KNOWN_CELLS + 2] ?? 0;
  }
  /** First byte after the value, white space behind it left out. */
  knownValueEnd(index: number): number {
    return this.known[index * KNOWN_CELLS + 3] ?? 0;
  }
  /** First byte after the line. */
  knownLineEnd(index: number): number {
    return this.known[index * KNOWN_CELLS + 4] ?? 0;
  }

  /**
   * Goes on parsing the head that begins at `base`, as far as the bytes reach.
   * @param end First byte after those that are there.
   * @returns one of `PARSE`
   */
  parse(buffer: Uint8Array, base: number, end: number): number {
    // No byte beyond the limit is judged, so that why a head is refused does not depend on the reads.
    const limit = base + this.#limits.headBytes;
    if (end <= limit) return this.#parse(buffer, base, end);
    const result = this.#parse(buffer, base, limit);
    return result === PARSE.INCOMPLETE ? this.#refuseSize() : result;
  }

  #parse(buffer: Uint8Array, base: number, end: number): number {
    let at = base + this.#at;
    for (;;) {
      // Where a stage runs out of bytes it leaves `at` on the first one that it has not judged.
      switch (this.#stage) {
        case STAGE.START: {
          if (at >= end) return this.#wait(at - base);
          const byte = byteAt(buffer, at);
          if (byte === CR && this.#kind === HEAD.REQUEST) {
            if (at + 1 >= end) return this.#wait(at - base);
            if (byteAt(buffer, at + 1) !== LF || ++this.#emptyLines > EMPTY_LINES) return this.#refuseLine();
            at += 2;
            this.start = at - base;
            break;
          }
          this.#stage = this.#kind === HEAD.REQUEST ? STAGE.METHOD : STAGE.VERSION;
          this.#lineStart = this.start;
          break;
        }
        case STAGE.METHOD: {
          const stop = Math.min(end, base + this.start + METHOD_BYTES + 1);
          while (at < stop && TOKEN[buffer[at] as number] === 1) at++;
          if (at >= stop) {
            if (at < base + this.start + METHOD_BYTES + 1) return this.#wait(at - base);
            return this.#refuse('REQUEST_METHOD_TOO_LONG');
          }
          if (byteAt(buffer, at) !== SPACE || at === base + this.start) return this.#refuseLine();
          this.methodEnd = at - base;
          at++;
          this.targetStart = at - base;
          this.#stage = STAGE.TARGET;
          break;
        }
        case STAGE.TARGET: {
          const limit = base + this.targetStart + this.#limits.targetBytes;
          const stop = Math.min(end, limit + 1);
          while (at < stop && TARGET[buffer[at] as number] === 1) at++;
          if (at > limit) return this.#refuse('REQUEST_TARGET_TOO_LONG');
          if (at >= end) return this.#wait(at - base);
          if (byteAt(buffer, at) !== SPACE || at === base + this.targetStart)
            return this.#refuse('REQUEST_TARGET_INVALID');
          this.targetEnd = at - base;
          at++;
          this.#lineStart = at - base;
          this.#stage = STAGE.VERSION;
          break;
        }
        case STAGE.VERSION: {
          const isRequest = this.#kind === HEAD.REQUEST;
          const template = isRequest ? 'HTTP/d.d\r\n' : 'HTTP/d.d ';
          const version = base + this.#lineStart;
          for (; at - version < template.length; at++) {
            if (at >= end) return this.#wait(at - base);
            const byte = byteAt(buffer, at);
            const wanted = template.charCodeAt(at - version);
            const isRight = wanted === 0x64 ? byte >= 0x30 && byte <= 0x39 : byte === wanted;
            if (!isRight) return this.#refuseLine();
          }
          this.minorVersion = byteAt(buffer, version + 7) - 0x30;
          const isKnown = byteAt(buffer, version + 5) === 0x31 && this.minorVersion <= 1;
          if (!isKnown) return this.#refuse(isRequest ? 'REQUEST_VERSION_UNSUPPORTED' : 'UPSTREAM_HEAD_INVALID');
          this.#stage = isRequest ? STAGE.LINE : STAGE.STATUS;
          this.fieldsStart = at - base;
          break;
        }
        case STAGE.STATUS: {
          // Three digits, then a space (RFC 9112 section 4), or nothing at all, as some servers
          // leave the space out together with the reason.
          const digits = base + this.#lineStart + 9;
          if (end - digits < 4) {
            for (let index = digits; index < end; index++) {
              if (index - digits < 3 && (byteAt(buffer, index) < 0x30 || byteAt(buffer, index) > 0x39))
                return this.#refuseLine();
            }
            return this.#wait(at - base);
          }
          let status = 0;
          for (let index = digits; index < digits + 3; index++) {
            const byte = byteAt(buffer, index);
            if (byte < 0x30 || byte > 0x39) return this.#refuseLine();
            status = status * 10 + byte - 0x30;
          }
          if (status < 100 || status > 599) return this.#refuseLine();
          this.status = status;
          at = digits + 3;
          if (byteAt(buffer, at) === SPACE) at++;
          else if (byteAt(buffer, at) !== CR) return this.#refuseLine();
          this.#stage = STAGE.REASON;
          break;
        }
        case STAGE.REASON: {
          while (at < end && FIELD_VALUE[buffer[at] as number] === 1) at++;
          if (at >= end) return this.#wait(at - base);
          if (byteAt(buffer, at) !== CR) return this.#refuseLine();
          if (at + 1 >= end) return this.#wait(at - base);
          if (byteAt(buffer, at + 1) !== LF) return this.#refuseLine();
          at += 2;
          this.fieldsStart = at - base;
          this.#stage = STAGE.LINE;
          break;
        }
        case STAGE.LINE: {
          if (at >= end) return this.#wait(at - base);
          if (byteAt(buffer, at) === CR) {
            if (at + 1 >= end) return this.#wait(at - base);
            if (byteAt(buffer, at + 1) !== LF) return this.#refuseField();
            this.fieldsEnd = at - base;
            this.end = at + 2 - base;
            this.#at = this.end;
            return PARSE.COMPLETE;
          }
          if (++this.fieldCount > this.#limits.fields) return this.#refuseSize();
          this.#lineStart = at - base;
          this.#stage = STAGE.NAME;
          break;
        }
        case STAGE.NAME: {
          while (at < end && TOKEN[buffer[at] as number] === 1) at++;
          if (at >= end) return this.#wait(at - base);
          // Anything but the colon is an error here: white space before it, a fold, a bare CR.
          if (byteAt(buffer, at) !== COLON || at - base === this.#lineStart) return this.#refuseField();
          this.#nameEnd = at - base;
          at++;
          this.#stage = STAGE.VALUE;
          break;
        }
        default: {
          while (at < end && FIELD_VALUE[buffer[at] as number] === 1) at++;
          if (at >= end) return this.#wait(at - base);
          if (byteAt(buffer, at) !== CR) return this.#refuseField();
          if (at + 1 >= end) return this.#wait(at - base);
          if (byteAt(buffer, at + 1) !== LF) return this.#refuseField();
          const field = fieldOf(buffer, base + this.#lineStart, base + this.#nameEnd);
          if (field !== FIELD.ORDINARY) this.#remember(field, buffer, base, at);
          at += 2;
          this.#stage = STAGE.LINE;
        }
      }
    }
  }

  #remember(field: number, buffer: Uint8Array, base: number, lineEnd: number): void {
    let valueStart = base + this.#nameEnd + 1;
    let valueEnd = lineEnd;
    while (valueStart < valueEnd && isBlank(byteAt(buffer, valueStart))) valueStart++;
    while (valueEnd > valueStart && isBlank(byteAt(buffer, valueEnd - 1))) valueEnd--;
    let cell = this.knownCount * KNOWN_CELLS;
    if (cell === this.known.length) {
      const larger = new Int32Array(this.known.length * 2);
      larger.set(this.known);
      this.known = larger;
    }
    this.known[cell++] = field;
    this.known[cell++] = this.#lineStart;
    this.known[cell++] = valueStart - base;
    this.known[cell++] = valueEnd - base;
    this.known[cell] = lineEnd + 2 - base;
    this.knownCount++;
  }

  #wait(at: number): number {
    this.#at = at;
    return at >= this.#limits.headBytes ? this.#refuseSize() : PARSE.INCOMPLETE;
  }

  #refuse(failure: FailureCode): number {
    this.failure = failure;
    return PARSE.REFUSED;
  }

  #refuseLine(): number {
    return this.#refuse(this.#kind === HEAD.REQUEST ? 'REQUEST_LINE_INVALID' : 'UPSTREAM_HEAD_INVALID');
  }

  #refuseField(): number {
    if (this.#kind === HEAD.TRAILERS) return this.#refuse('REQUEST_TRAILER_INVALID');
    return this.#refuse(this.#kind === HEAD.REQUEST ? 'REQUEST_FIELD_INVALID' : 'UPSTREAM_HEAD_INVALID');
  }

  #refuseSize(): number {
    if (this.#kind === HEAD.TRAILERS) return this.#refuse('REQUEST_TRAILER_INVALID');
    return this.#refuse(this.#kind === HEAD.REQUEST ? 'REQUEST_HEAD_TOO_LARGE' : 'UPSTREAM_HEAD_TOO_LARGE');
  }
}
