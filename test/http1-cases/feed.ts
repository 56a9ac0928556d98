/**
 * Feeds pieces of bytes to the codec as a socket does: every read lies in one shared buffer, at
 * any place in it, and is gone with the next one. What the codec remembers of a buffer that is
 * not its own would be garbage here.
 */

/** What stands in the buffer wherever no byte of the current read does; refused by every grammar. */
const GARBAGE = 0x00;
const MARGIN_BYTES = 7;

export class ReadBuffer {
  readonly bytes: Buffer;
  #start = 0;
  #end = 0;

  constructor(sizeBytes: number) {
    this.bytes = Buffer.alloc(sizeBytes + 2 * MARGIN_BYTES, GARBAGE);
  }

  /** Puts the next piece in; `start` and `end` say where. */
  put(piece: string): { start: number; end: number } {
    this.bytes.fill(GARBAGE, this.#start, this.#end);
    this.#start = (this.#start + 3) % MARGIN_BYTES;
    this.#end = this.#start + this.bytes.write(piece, this.#start, 'latin1');
    return { start: this.#start, end: this.#end };
  }
}

/** The longest of some pieces: what the read buffer must hold. */
export const longestOf = (pieces: readonly string[]): number =>
  pieces.reduce((longest, piece) => Math.max(longest, piece.length), 0);

/** The pieces of a stream that comes byte by byte. */
export const eachByte = (bytes: string): string[] => bytes.split('');
