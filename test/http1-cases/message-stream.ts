/**
 * A stream of messages as the codec under test reads it, without a socket: what `downstream.ts`
 * and `upstream/connection.ts` do with bytes, without the time and the other side. Which head it
 * is and what it means is the subclass's: see `read-stream.ts`.
 */
import { type AnswerFraming, type Origin, writeTrailers } from '../../src/http1/forward-fields.ts';
import { BODY, type Framing } from '../../src/http1/framing.ts';
import { HeadReader } from '../../src/http1/head-reader.ts';
import { CHUNK, type ChunkedLimits, ChunkedParser } from '../../src/http1/parse-chunked.ts';
import { type HeadLimits, PARSE } from '../../src/http1/parse-head.ts';

export const LIMITS: HeadLimits = { headBytes: 32_768, fields: 200, targetBytes: 16_384 };
const CHUNKED_LIMITS: ChunkedLimits = { chunkExtensionBytes: 16_384, trailerBytes: 16_384 };

export const BODY_NAMES = ['none', 'length', 'chunked', 'until close'] as const;

export interface Message {
  /** The head as it came, empty lines before it left out. */
  head: string;
  method: string;
  status: number;
  minorVersion: number;
  /** As it came, and as it goes on. */
  rawTarget: string;
  target: string;
  host: string;
  isKeepAlive: boolean;
  isUpgrade: boolean;
  expectsContinue: boolean;
  maxForwards: number;
  /** Fields that `Connection` takes out. */
  nominated: string[];
  framing: string;
  lengthBytes: number;
  /** The head as it goes on. */
  written: string;
  body: string;
  trailers: string;
  writtenTrailers: string;
  isComplete: boolean;
}

export interface ReadStream {
  messages: Message[];
  /** Code of the refusal that ended the stream; null where there was none. */
  refused: string | null;
  /** Bytes that belong to no message, behind the last complete one. */
  unreadBytes: number;
}

export interface StreamOptions {
  readonly limits?: HeadLimits;
  readonly origin?: Origin;
  readonly viaName?: string;
  /** Methods of the requests that the answers of a response stream belong to; `GET` where it ends. */
  readonly methods?: readonly string[];
  /** What the client is told about the body of an answer. */
  readonly answer?: AnswerFraming;
}

export abstract class StreamReader {
  readonly stream: ReadStream = { messages: [], refused: null, unreadBytes: 0 };
  protected readonly options: StreamOptions;
  protected readonly reader: HeadReader;
  readonly #chunked = new ChunkedParser(CHUNKED_LIMITS);
  #message: Message | null = null;
  #kind: number = BODY.NONE;
  #remainingBytes = 0;
  #readBytes = 0;
  #completeBytes = 0;

  constructor(kind: number, options: StreamOptions, buffer: Buffer) {
    this.options = options;
    this.reader = new HeadReader(kind, options.limits ?? LIMITS, buffer);
  }

  /** What the head means; a text is why it is refused. */
  protected abstract describe(): Message | string;
  protected abstract readonly framing: Framing;
  protected abstract nominatedFields(): Set<string> | null;
  /** Code for a chunked body that is broken. */
  protected abstract bodyFailure(isTrailer: boolean): string;

  push(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && this.stream.refused === null) {
      const next = this.#message === null ? this.#readHead(buffer, at, end) : this.#readBody(buffer, at, end);
      this.#readBytes += next - at;
      at = next;
      if (this.#message?.isComplete === true) {
        this.#completeBytes = this.#readBytes;
        this.#message = null;
      }
    }
    this.#readBytes += end - at;
    this.stream.unreadBytes = this.#readBytes - this.#completeBytes;
  }

  #readHead(buffer: Buffer, start: number, end: number): number {
    const { reader } = this;
    const result = reader.read(buffer, start, end);
    if (result === PARSE.INCOMPLETE) return end;
    const message = result === PARSE.REFUSED ? reader.head.failure : this.describe();
    if (typeof message === 'string') {
      this.stream.refused = message;
      return start;
    }
    const { next } = reader;
    message.isComplete = this.framing.kind === BODY.NONE;
    this.#kind = this.framing.kind;
    this.#remainingBytes = this.framing.bytes;
    this.#chunked.reset(CHUNKED_LIMITS);
    this.stream.messages.push(message);
    this.#message = message;
    reader.reset(this.options.limits ?? LIMITS);
    return next;
  }

  #readBody(buffer: Buffer, start: number, end: number): number {
    const message = this.#message;
    if (message === null) return end;
    if (this.#kind !== BODY.CHUNKED) {
      const stop = this.#kind === BODY.LENGTH ? Math.min(end, start + this.#remainingBytes) : end;
      this.#remainingBytes -= stop - start;
      message.body += buffer.toString('latin1', start, stop);
      message.isComplete = this.#kind === BODY.LENGTH && this.#remainingBytes === 0;
      return stop;
    }
    const chunked = this.#chunked;
    for (let at = start; ; ) {
      const result = chunked.next(buffer, at, end);
      if (result === CHUNK.MORE) return end;
      if (result === CHUNK.SIZE) {
        at = chunked.at;
        continue;
      }
      if (result === CHUNK.DATA) {
        at = chunked.dataEnd;
        message.body += buffer.toString('latin1', chunked.dataStart, chunked.dataEnd);
        continue;
      }
      if (result !== CHUNK.END) {
        this.stream.refused = this.bodyFailure(result === CHUNK.BROKEN_TRAILER);
        return at;
      }
      const { trailers } = chunked;
      if (trailers !== null) {
        message.trailers = trailers.buffer.toString('latin1', trailers.base, trailers.base + trailers.head.fieldsEnd);
      }
      message.writtenTrailers = writeTrailers(trailers, this.nominatedFields());
      message.isComplete = true;
      return chunked.at;
    }
  }
}
