/**
 * The body of a request on its way to the backend, in the form in which it is written there,
 * and what is kept of it for the next attempt.
 *
 * Bytes that come before there is a connection must be kept anyway. After that they are kept
 * only while they could be needed again and fit.
 */
import { BODY } from '../http1/framing.ts';
import { GATHER_BYTES, type Wire } from './wire.ts';

export class RequestBody {
  #isChunked = false;
  #limitBytes = 0;
  #sentLimitBytes = 0;
  /** One buffer, and not one a piece: a piece may be a single byte. */
  #kept: Buffer = NOTHING;
  #keptBytes = 0;
  /** Everything so far can be sent once more. */
  isKept = true;
  isEnded = false;
  /** Body bytes received, as the client meant them. */
  bytes = 0;

  /**
   * @param limitBytes how much may be kept for another attempt
   * @param isRepeatable whether a request that has been sent could be sent once more. If not,
   *   only as much is kept as may still lie unwritten in the wire of a stale connection.
   */
  begin(kind: number, limitBytes: number, isRepeatable: boolean): void {
    this.#isChunked = kind === BODY.CHUNKED;
    this.#limitBytes = limitBytes;
    this.#sentLimitBytes = isRepeatable ? limitBytes : Math.min(limitBytes, GATHER_BYTES);
    this.forget();
    this.isKept = true;
    this.isEnded = kind === BODY.NONE;
    this.bytes = 0;
  }

  /** Lets go of what was kept. */
  forget(): void {
    if (this.#keptBytes > 0) this.#kept = NOTHING;
    this.#keptBytes = 0;
  }

  /** Whether more has been kept than the limit allows: the client should be paused. */
  get isFull(): boolean {
    return this.#keptBytes > this.#limitBytes;
  }

  /**
   * Passes on a piece, in the coding in which it goes on.
   * @param line to be written before it; empty for none
   * @param bodyBytes how much of it is the body's own
   * @param target where it goes; null while there is no connection
   * @returns false if the client should pause until the target has drained
   */
  write(
    line: string,
    buffer: Buffer,
    start: number,
    end: number,
    bodyBytes: number,
    source: Wire,
    target: Wire | null,
  ): boolean {
    this.bytes += bodyBytes;
    if (line !== '') this.#writeText(line, target);
    if (this.#keeps(end - start, target)) this.#keep(buffer, start, end);
    if (target === null) return !this.isFull;
    return target.writeBytes(buffer, start, end, source);
  }

  /**
   * The client has sent all.
   * @param trailers lines to send on, each with its CRLF
   * @param isWritten whether the last piece has said so
   */
  end(trailers: string, isWritten: boolean, target: Wire | null): void {
    this.isEnded = true;
    if (this.#isChunked && !isWritten) this.#writeText(`0\r\n${trailers}\r\n`, target);
  }

  /** Sends all that has been kept, to a connection on which nothing of it was written. */
  replay(target: Wire): void {
    if (this.#keptBytes > 0) target.writeBytes(this.#kept, 0, this.#keptBytes, target);
    if (this.#keptBytes > this.#sentLimitBytes) this.#letGo();
  }

  #letGo(): void {
    this.isKept = false;
    this.#kept = NOTHING;
    this.#keptBytes = 0;
  }

  #writeText(text: string, target: Wire | null): void {
    if (this.#keeps(text.length, target)) this.#keepText(text);
    target?.writeText(text);
  }

  /** Before there is a connection everything is kept; after, as long as it fits. */
  #keeps(bytes: number, target: Wire | null): boolean {
    if (!this.isKept) return false;
    if (target === null || this.#keptBytes + bytes <= this.#sentLimitBytes) return true;
    this.#letGo();
    return false;
  }

  #keep(buffer: Buffer, start: number, end: number): void {
    this.#makeRoom(end - start);
    buffer.copy(this.#kept, this.#keptBytes, start, end);
    this.#keptBytes += end - start;
  }

  #keepText(text: string): void {
    this.#makeRoom(text.length);
    this.#kept.write(text, this.#keptBytes, 'latin1');
    this.#keptBytes += text.length;
  }

  /** The first piece gets a buffer of its size; with more to come, it doubles. */
  #makeRoom(bytes: number): void {
    const neededBytes = this.#keptBytes + bytes;
    if (neededBytes <= this.#kept.length) return;
    const grown = Buffer.allocUnsafe(Math.max(neededBytes, this.#kept.length * 2));
    this.#kept.copy(grown, 0, 0, this.#keptBytes);
    this.#kept = grown;
  }
}

const NOTHING = Buffer.alloc(0);
