/**
 * Reads the answers of one connection as their bytes come, strictly and in linear time (RFC 9112):
 * heads by the tests' own reader, bodies by count and checksum without being kept.
 */
import {
  contentLengthOf,
  type Field,
  fieldOf,
  isChunked,
  MalformedMessage,
  readHead,
} from '../harness/read-message.ts';
import { sumOf } from './bodies.ts';

export interface Answer {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  bodyBytes: number;
  bodySum: number;
  /** The beginning of the body: failure texts are short. */
  text: string;
  isWhole: boolean;
}

const STATUS_LINE = /^HTTP\/1\.[01] ([0-9]{3}) [\t\x20-\x7e\x80-\xff]*$/;
const CHUNK_LINE = /^([0-9A-Fa-f]{1,8})$/;
const MAX_TEXT = 200;
const MAX_HEAD_BYTES = 64 * 1024;

const STAGE = { NOTHING: 0, HEAD: 1, BODY: 2, CHUNK_LINE: 3, CHUNK_DATA: 4, CHUNK_END: 5, TRAILERS: 6 } as const;

export class AnswerReader {
  /** The answer under way or just complete; null before its head. */
  answer: Answer | null = null;
  #stage: number = STAGE.NOTHING;
  #method = 'GET';
  /** Bytes of a head or line that is not complete. */
  #text = '';
  #remainingBytes = 0;

  /** The answer to a request of this method is due. */
  expect(method: string): void {
    this.answer = null;
    this.#method = method;
    this.#stage = STAGE.HEAD;
  }

  /** Takes bytes as they come. Throws `MalformedMessage` where they are no answer, or nobody asked. */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#stage) {
        case STAGE.HEAD:
          at = this.#readHead(bytes, at);
          break;
        case STAGE.BODY:
        case STAGE.CHUNK_DATA:
          at = this.#readBody(bytes, at);
          break;
        case STAGE.NOTHING:
          throw new MalformedMessage(`${bytes.length - at} bytes that nobody asked for`);
        default:
          at = this.#readLine(bytes, at);
      }
    }
  }

  /** The peer has ended its side: an answer that ends with its connection is whole now. */
  end(): void {
    if (this.#stage === STAGE.BODY && this.answer?.framing === 'close') this.#complete();
  }

  #readHead(bytes: Buffer, start: number): number {
    const before = this.#text.length;
    this.#text += bytes.toString('latin1', start);
    const head = readHead(this.#text, 0);
    if (head === null) {
      if (this.#text.length > MAX_HEAD_BYTES) throw new MalformedMessage('a head without an end');
      return bytes.length;
    }
    this.#text = '';
    const status = Number(STATUS_LINE.exec(head.startLine)?.[1] ?? 0);
    if (status === 0) throw new MalformedMessage(`status line "${head.startLine}"`);
    const next = start + head.end - before;
    // Interim answers come before the one that counts.
    if (status < 200) return next;
    const length = contentLengthOf(head.fields);
    const isBodiless = this.#method === 'HEAD' || status === 204 || status === 304;
    const isInChunks = isChunked(head.fields);
    const framing = isBodiless ? 'none' : isInChunks ? 'chunked' : length === null ? 'close' : 'length';
    this.answer = { status, fields: head.fields, framing, bodyBytes: 0, bodySum: 0, text: '', isWhole: false };
    this.#remainingBytes = framing === 'length' ? (length ?? 0) : Infinity;
    this.#stage = framing === 'chunked' ? STAGE.CHUNK_LINE : STAGE.BODY;
    if (framing === 'none' || this.#remainingBytes === 0) this.#complete();
    return next;
  }

  #readBody(bytes: Buffer, start: number): number {
    const { answer } = this;
    if (answer === null) return bytes.length;
    const end = Math.min(bytes.length, start + this.#remainingBytes);
    const piece = bytes.subarray(start, end);
    answer.bodyBytes += piece.length;
    answer.bodySum = sumOf(piece, answer.bodySum);
    if (answer.text.length < MAX_TEXT) answer.text += piece.toString('latin1', 0, MAX_TEXT);
    this.#remainingBytes -= piece.length;
    if (this.#remainingBytes > 0) return end;
    if (this.#stage === STAGE.CHUNK_DATA) this.#stage = STAGE.CHUNK_END;
    else this.#complete();
    return end;
  }

  #readLine(bytes: Buffer, start: number): number {
    const feed = bytes.indexOf(0x0a, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    this.#text += bytes.toString('latin1', start, end);
    if (feed < 0) return end;
    if (!this.#text.endsWith('\r\n')) throw new MalformedMessage('a line of a chunked body without CR');
    const line = this.#text.slice(0, -2);
    this.#text = '';
    if (this.#stage === STAGE.CHUNK_END) {
      if (line !== '') throw new MalformedMessage('no CRLF after the data of a chunk');
      this.#stage = STAGE.CHUNK_LINE;
    } else if (this.#stage === STAGE.TRAILERS) {
      if (line === '') this.#complete();
    } else {
      const size = CHUNK_LINE.exec(line)?.[1];
      if (size === undefined) throw new MalformedMessage(`chunk line "${line}"`);
      this.#remainingBytes = Number.parseInt(size, 16);
      this.#stage = this.#remainingBytes === 0 ? STAGE.TRAILERS : STAGE.CHUNK_DATA;
    }
    return end;
  }

  #complete(): void {
    if (this.answer !== null) this.answer.isWhole = true;
    this.#stage = STAGE.NOTHING;
  }
}

/** Whether the peer means to keep the connection: HTTP/1.1 without `Connection: close`. */
export const isKept = (answer: Answer): boolean =>
  answer.framing !== 'close' && !/\bclose\b/i.test(fieldOf(answer.fields, 'connection') ?? '');
