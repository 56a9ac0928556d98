/**
 * Reads whole streams of requests or answers with the codec under test. The answer is plain data,
 * the same for every way to cut the stream, so that two ways can be compared at a glance.
 */
import { newConnectionOptions, readConnectionOptions } from '../../src/http1/connection-options.ts';
import {
  type AnswerFraming,
  type Origin,
  writeRequestHead,
  writeResponseHead,
} from '../../src/http1/forward-fields.ts';
import { BODY, type Framing, newFraming, responseFraming } from '../../src/http1/framing.ts';
import { HEAD } from '../../src/http1/parse-head.ts';
import { newRequest, type Request, readRequest } from '../../src/http1/request.ts';
import { longestOf, ReadBuffer } from './feed.ts';
import { BODY_NAMES, type Message, type ReadStream, type StreamOptions, StreamReader } from './message-stream.ts';

export const VIA = 'ballast';
export const AUTHORITY = 'backend.example:8080';
/** What a connection adds to each request. */
export const ORIGIN: Origin = {
  isTrusted: false,
  forLine: 'X-Forwarded-For: 192.0.2.1\r\n',
  protoLine: 'X-Forwarded-Proto: http\r\n',
  viaLine: 'Via: 1.1 ballast\r\n',
};

class RequestReader extends StreamReader {
  readonly #request: Request = newRequest();

  constructor(options: StreamOptions, buffer: Buffer) {
    super(HEAD.REQUEST, options, buffer);
  }

  protected override get framing(): Framing {
    return this.#request.framing;
  }

  protected override nominatedFields(): Set<string> | null {
    return this.#request.connection.nominated;
  }

  protected override bodyFailure(isTrailer: boolean): string {
    return isTrailer ? 'REQUEST_TRAILER_INVALID' : 'REQUEST_CHUNK_INVALID';
  }

  protected override describe(): Message | string {
    const { reader } = this;
    const request = this.#request;
    const failure = readRequest(reader, this.options.viaName ?? VIA, request);
    if (failure !== null) return failure;
    const { head, buffer, base } = reader;
    const text = (start: number, end: number): string => buffer.toString('latin1', base + start, base + end);
    const written = writeRequestHead(reader, request, this.options.origin ?? ORIGIN, AUTHORITY);
    return {
      head: text(head.start, head.end),
      method: request.method,
      status: 0,
      minorVersion: request.minorVersion,
      rawTarget: text(head.targetStart, head.targetEnd),
      target: written.slice(request.method.length + 1, written.indexOf(' HTTP/1.1\r\n')),
      host: request.host,
      isKeepAlive: request.isKeepAlive,
      isUpgrade: request.isUpgrade,
      expectsContinue: request.expectsContinue,
      maxForwards: request.maxForwards,
      nominated: [...(request.connection.nominated ?? [])],
      framing: BODY_NAMES[request.framing.kind] ?? '',
      lengthBytes: request.framing.bytes,
      written,
      ...{ body: '', trailers: '', writtenTrailers: '', isComplete: false },
    };
  }
}

/** What an exchange tells an HTTP/1.1 client about the body of an answer. */
function usualAnswer(status: number, framing: Framing): AnswerFraming {
  const isOpenEnded = framing.kind === BODY.CHUNKED || framing.kind === BODY.UNTIL_CLOSE;
  return { isChunked: isOpenEnded, keepsLength: !isOpenEnded && status > 199 && status !== 204, connectionLine: '' };
}

class ResponseReader extends StreamReader {
  readonly framing = newFraming();
  readonly #connection = newConnectionOptions();
  #answers = 0;

  constructor(options: StreamOptions, buffer: Buffer) {
    super(HEAD.RESPONSE, options, buffer);
  }

  protected override nominatedFields(): Set<string> | null {
    return this.#connection.nominated;
  }

  protected override bodyFailure(): string {
    return 'UPSTREAM_BODY_INVALID';
  }

  protected override describe(): Message | string {
    const { reader, framing } = this;
    const { head, buffer, base } = reader;
    const method = this.options.methods?.[this.#answers] ?? 'GET';
    if (!responseFraming(head, buffer, base, method === 'HEAD', framing)) return 'UPSTREAM_FRAMING_INVALID';
    if (head.status >= 200) this.#answers++;
    const connection = this.#connection;
    readConnectionOptions(head, buffer, base, connection);
    const answer = this.options.answer ?? usualAnswer(head.status, framing);
    return {
      head: buffer.toString('latin1', base, base + head.end),
      method,
      status: head.status,
      minorVersion: head.minorVersion,
      ...{ rawTarget: '', target: '', host: '', isUpgrade: connection.isUpgrade, expectsContinue: false },
      isKeepAlive: !connection.isClose && (head.minorVersion === 1 || connection.isKeepAlive),
      maxForwards: -1,
      nominated: [...(connection.nominated ?? [])],
      framing: BODY_NAMES[framing.kind] ?? '',
      lengthBytes: framing.bytes,
      written: writeResponseHead(reader, framing, connection.nominated, answer),
      ...{ body: '', trailers: '', writtenTrailers: '', isComplete: false },
    };
  }
}

function readPieces(reader: StreamReader, buffer: ReadBuffer, pieces: readonly string[]): ReadStream {
  for (const piece of pieces) {
    const { start, end } = buffer.put(piece);
    reader.push(buffer.bytes, start, end);
  }
  return reader.stream;
}

/** Reads what a client sends, piece by piece. */
export function readRequests(pieces: readonly string[], options: StreamOptions = {}): ReadStream {
  const buffer = new ReadBuffer(longestOf(pieces));
  return readPieces(new RequestReader(options, buffer.bytes), buffer, pieces);
}

/** Reads what a backend sends, piece by piece. */
export function readResponses(pieces: readonly string[], options: StreamOptions = {}): ReadStream {
  const buffer = new ReadBuffer(longestOf(pieces));
  return readPieces(new ResponseReader(options, buffer.bytes), buffer, pieces);
}

/** The field lines of a head. */
export function fieldLines(head: string): [name: string, value: string][] {
  return head
    .split('\r\n')
    .slice(1, -2)
    .map((line) => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 1).replace(/^[ \t]+|[ \t]+$/g, ''),
    ]);
}
