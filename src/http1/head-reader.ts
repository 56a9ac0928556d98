/**
 * Reads heads out of a stream of reads.
 *
 * Nearly every head lies whole in one read and is parsed where it lies. Only when one does not,
 * its first bytes are copied aside, since the read buffer is about to be used again, and the rest
 * is added as it comes.
 */
import { type HeadLimits, HeadParser, PARSE } from './parse-head.ts';

/** First size of the place for a head that came in pieces; it grows up to the limit. */
const FIRST_BYTES = 1024;

export class HeadReader {
  readonly head: HeadParser;
  #limits: HeadLimits;
  #kept: Buffer | null = null;
  #keptBytes = 0;

  /** Where the head's bytes lie, after `COMPLETE` or `REFUSED`, until the read buffer is used again. */
  buffer: Buffer;
  /** Position in `buffer` that the head's own positions count from. */
  base = 0;

  constructor(kind: number, limits: HeadLimits, buffer: Buffer) {
    this.head = new HeadParser(kind, limits);
    this.#limits = limits;
    this.buffer = buffer;
  }

  /** Whether part of a head has been read. */
  get isUnderWay(): boolean {
    return this.head.hasBegun;
  }

  /** Makes ready for the next head, which is held to `limits`. */
  reset(limits: HeadLimits): void {
    this.#limits = limits;
    this.head.reset(limits);
    this.#kept = null;
    this.#keptBytes = 0;
  }

  /**
   * Reads on, from `start` to `end` of `chunk`.
   * @returns one of `PARSE`; after `COMPLETE`, `next` is the first byte of `chunk` not read
   */
  read(chunk: Buffer, start: number, end: number): number {
    if (this.#kept === null) {
      const result = this.head.parse(chunk, start, end);
      if (result === PARSE.INCOMPLETE) {
        this.#keep(chunk, start, end);
      } else {
        this.buffer = chunk;
        this.base = start;
        this.next = start + this.head.end;
      }
      return result;
    }
    // The parser refuses at the limit, so one byte more than that is enough to be judged.
    const room = this.#limits.headBytes + 1 - this.#keptBytes;
    const keptBefore = this.#keptBytes;
    const kept = this.#keep(chunk, start, Math.min(end, start + Math.max(room, 0)));
    const result = this.head.parse(kept, 0, this.#keptBytes);
    this.buffer = kept;
    this.base = 0;
    this.next = start + this.head.end - keptBefore;
    return result;
  }

  /** See `read`. */
  next = 0;

  /** When the first byte of a head that came in pieces was read; 0 where its owner does not keep it. */
  sinceMs = 0;

  #keep(chunk: Buffer, start: number, end: number): Buffer {
    const needed = this.#keptBytes + end - start;
    let kept = this.#kept;
    if (kept === null || kept.length < needed) {
      const size = Math.max(FIRST_BYTES, needed, (kept?.length ?? 0) * 2);
      const larger = Buffer.allocUnsafeSlow(Math.min(size, Math.max(needed, this.#limits.headBytes + 1)));
      kept?.copy(larger, 0, 0, this.#keptBytes);
      kept = larger;
      this.#kept = larger;
    }
    chunk.copy(kept, this.#keptBytes, start, end);
    this.#keptBytes = needed;
    return kept;
  }
}
