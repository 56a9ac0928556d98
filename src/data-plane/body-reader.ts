/**
 * Takes the body of a request out of a client's bytes, by its length or in chunks, and holds it to
 * its limits: its size, and the pace at which it must come.
 *
 * One for a client that sends bodies, used again for each of them. What it finds goes to its owner
 * at once; nothing is kept.
 */
import { ChunkRuns } from '../http1/chunk-runs.ts';
import { BODY, type Framing } from '../http1/framing.ts';
import type { HeadReader } from '../http1/head-reader.ts';
import { CHUNK } from '../http1/parse-chunked.ts';
import type { FailureCode } from '../protocol/failures.ts';
import type { DataPlane } from './data-plane.ts';

/** The client's side, as its body reader sees it. */
export interface BodyOwner {
  /** False once it wants no more of this body. */
  readonly isReadingBody: boolean;
  /**
   * Bytes `start` to `end` are to go on as they lie, behind `line`; `bodyBytes` of them are the
   * body's own, and the rest its coding.
   */
  onBody(line: string, buffer: Buffer, start: number, end: number, bodyBytes: number): void;
  /**
   * The body is complete; `trailers` is null where there are none.
   * @param isEndWritten whether the last bytes that went on have said so
   */
  onBodyEnd(trailers: HeadReader | null, isEndWritten: boolean): void;
  /** No byte after this can be believed, or is wanted. */
  onBodyFailed(code: FailureCode): void;
}

export class BodyReader {
  readonly #plane: DataPlane;
  readonly #owner: BodyOwner;
  #chunks: ChunkRuns | null = null;
  #isChunked = false;
  #remainingBytes = 0;
  /** Of a chunked body: what has come so far. */
  #bytes = 0;
  /** The pace is taken over windows as long as the time between two pieces may be. */
  #paceSinceMs = 0;
  #paceBytes = 0;

  constructor(plane: DataPlane, owner: BodyOwner) {
    this.#plane = plane;
    this.#owner = owner;
  }

  /** Makes ready for the body that `framing` describes. */
  begin({ kind, bytes }: Framing): void {
    this.#isChunked = kind === BODY.CHUNKED;
    this.#remainingBytes = bytes;
    this.#bytes = 0;
    if (this.#isChunked) {
      this.#chunks ??= new ChunkRuns(this.#plane.limits);
      this.#chunks.reset(this.#plane.limits, false);
    }
    this.beginPace();
  }

  /** The pace is measured anew: it was not the client that was slow. */
  beginPace(): void {
    this.#paceSinceMs = this.#plane.clock.now();
    this.#paceBytes = 0;
  }

  /** Counts `bytes` that have come. @returns whether the last whole window has brought less than it must */
  isTooSlow(bytes: number): boolean {
    const { client, clock } = this.#plane;
    if (client.bodyBytesPerSecond === 0) return false;
    this.#paceBytes += bytes;
    const elapsedMs = clock.now() - this.#paceSinceMs;
    if (elapsedMs < client.bodyIdleTimeoutMs) return false;
    if (this.#paceBytes < (client.bodyBytesPerSecond * elapsedMs) / 1000) return true;
    this.beginPace();
    return false;
  }

  /** Reads on. @returns the first byte that is not of the body; `end` after a failure */
  read(buffer: Buffer, start: number, end: number): number {
    if (this.#isChunked) return this.#readChunks(buffer, start, end);
    const stop = Math.min(end, start + this.#remainingBytes);
    this.#remainingBytes -= stop - start;
    this.#owner.onBody('', buffer, start, stop, stop - start);
    if (this.#remainingBytes === 0 && this.#owner.isReadingBody) this.#owner.onBodyEnd(null, false);
    return stop;
  }

  #readChunks(buffer: Buffer, start: number, end: number): number {
    const chunks = this.#chunks;
    const limit = this.#plane.limits.bodyBytes;
    let at = start;
    while (chunks !== null && this.#owner.isReadingBody) {
      const result = chunks.next(buffer, at, end);
      at = chunks.at;
      this.#bytes += chunks.bodyBytes;
      if (limit > 0 && this.#bytes > limit) return this.#fail('REQUEST_BODY_TOO_LARGE', end);
      if (chunks.end > chunks.start || chunks.line !== '') {
        this.#owner.onBody(chunks.line, buffer, chunks.start, chunks.end, chunks.bodyBytes);
      }
      if (result === CHUNK.DATA) continue;
      if (result === CHUNK.MORE || !this.#owner.isReadingBody) return end;
      if (result === CHUNK.BROKEN) return this.#fail('REQUEST_CHUNK_INVALID', end);
      if (result === CHUNK.BROKEN_TRAILER) return this.#fail('REQUEST_TRAILER_INVALID', end);
      this.#owner.onBodyEnd(chunks.trailers, chunks.isEndIncluded);
      return at;
    }
    return end;
  }

  #fail(code: FailureCode, end: number): number {
    this.#owner.onBodyFailed(code);
    return end;
  }
}
