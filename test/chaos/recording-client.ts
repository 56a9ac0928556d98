/**
 * One client connection that sends planned requests, one after another, behaves as each plan says
 * and writes down how each ended. It never tries anything twice.
 */
import net from 'node:net';
import { fieldOf, MalformedMessage } from '../harness/read-message.ts';
import { AnswerReader, isKept } from './answer-reader.ts';
import { bodyOf, sumOfBody } from './bodies.ts';
import { type ClientEnd, type ClientRecord, FAILURE_FIELD } from './records.ts';
import { type RequestPlan, targetOf } from './request-plans.ts';

/** A body goes out in pieces of this size where its client is slow, and a chunked one always. */
const PIECES = 3;
const PAUSE_MS = 15;

/** A record of a request that has not been sent. */
export function newRecord(plan: RequestPlan, dueMs: number, isBehindFaults: boolean): ClientRecord {
  const { id, method, bodyBytes, answerBytes, behaviour } = plan;
  const gotBytes = method === 'HEAD' ? 0 : answerBytes;
  return {
    id,
    method,
    bodyBytes,
    bodySum: sumOfBody(id, 'request', bodyBytes),
    answerBytes: gotBytes,
    answerSum: sumOfBody(id, 'answer', gotBytes),
    behaviour,
    isBehindFaults,
    dueMs,
    endedMs: 0,
    isReused: false,
    end: null,
    error: '',
    status: 0,
    servedBy: '',
    echoedId: '',
    code: '',
    text: '',
    gotBytes: 0,
    gotSum: 0,
  };
}

/** The head of the request, as its backend reads it. */
export function headOf(plan: RequestPlan, port: number): string {
  const { id, method, bodyBytes, isBodyChunked } = plan;
  const hasBody = bodyBytes > 0 || method === 'POST' || method === 'PUT' || method === 'PATCH';
  const framing = isBodyChunked ? 'Transfer-Encoding: chunked\r\n' : hasBody ? `Content-Length: ${bodyBytes}\r\n` : '';
  return `${method} ${targetOf(plan)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Request-Id: ${id}\r\n${framing}\r\n`;
}

/** The bytes of a body as they go out, whole or in pieces. */
function piecesOf({ id, bodyBytes, isBodyChunked, behaviour }: RequestPlan): Buffer[] {
  const body = bodyOf(id, 'request', bodyBytes);
  if (!isBodyChunked && behaviour !== 'slow') return [body];
  const step = Math.ceil(bodyBytes / PIECES);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bodyBytes; at += step) {
    const piece = body.subarray(at, at + step);
    pieces.push(
      isBodyChunked
        ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
        : piece,
    );
  }
  if (isBodyChunked) pieces.push(Buffer.from('0\r\n\r\n'));
  return pieces;
}

export class RecordingClient {
  readonly #port: number;
  readonly #socket: net.Socket;
  readonly #reader = new AnswerReader();
  #plan: RequestPlan | null = null;
  #record: ClientRecord | null = null;
  #whenEnded: (() => void) | null = null;
  #timers: NodeJS.Timeout[] = [];
  #isUsed = false;
  #isConnected = false;

  constructor(port: number) {
    this.#port = port;
    this.#socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const socket = this.#socket;
    socket.on('connect', () => {
      this.#isConnected = true;
    });
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onLost(error.code ?? error.message));
    socket.on('close', () => this.#onLost('closed'));
  }

  /** Whether it can carry another request. */
  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable && this.#socket.readable;
  }

  /** Sends one request; resolves when it has ended in whatever way. */
  send(plan: RequestPlan, record: ClientRecord, patienceMs: number): Promise<void> {
    this.#plan = plan;
    this.#record = record;
    record.isReused = this.#isUsed;
    this.#isUsed = true;
    this.#reader.expect(plan.method);
    const ended = new Promise<void>((resolve) => {
      this.#whenEnded = resolve;
    });
    this.#timers = [setTimeout(() => this.#finish('hung'), patienceMs)];
    this.#write(plan);
    return ended;
  }

  close(): void {
    this.#socket.destroy();
  }

  #write(plan: RequestPlan): void {
    const socket = this.#socket;
    const head = Buffer.from(headOf(plan, this.#port), 'latin1');
    if (plan.behaviour === 'leave-in-head') {
      socket.write(head.subarray(0, plan.leaveAfterBytes));
      this.#leaveSoon();
      return;
    }
    const [first, ...rest] = plan.bodyBytes === 0 ? [] : piecesOf(plan);
    if (plan.behaviour === 'leave-in-body') {
      const body = Buffer.concat([...(first === undefined ? [] : [first]), ...rest]);
      socket.write(Buffer.concat([head, body.subarray(0, plan.leaveAfterBytes)]));
      this.#leaveSoon();
      return;
    }
    socket.write(first === undefined ? head : Buffer.concat([head, first]));
    if (plan.behaviour === 'slow') this.#writeSlowly(rest);
    else for (const piece of rest) socket.write(piece);
    if (plan.behaviour === 'half-close') socket.end();
    else if (plan.behaviour === 'leave-in-answer' && plan.leaveAfterBytes === 0) this.#leaveSoon();
  }

  /** One after the other: timers that are late may fire in another order. */
  #writeSlowly([next, ...rest]: readonly Buffer[]): void {
    if (next === undefined) return;
    this.#timers.push(
      setTimeout(() => {
        this.#socket.write(next);
        this.#writeSlowly(rest);
      }, PAUSE_MS),
    );
  }

  #leaveSoon(): void {
    this.#timers.push(setTimeout(() => this.#finish('left'), PAUSE_MS));
  }

  #read(bytes: Buffer): void {
    const { answer: before } = this.#reader;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      if (this.#record !== null) this.#record.error = error.message;
      return this.#finish('malformed');
    }
    const { answer } = this.#reader;
    const plan = this.#plan;
    if (answer === null || plan === null) return;
    if (before === null) this.#noteHead();
    const hasRead = answer.bodyBytes >= plan.leaveAfterBytes;
    if (answer.isWhole) this.#finish('answered');
    else if (plan.behaviour === 'leave-in-answer' && hasRead) this.#finish('left');
  }

  #noteHead(): void {
    const { answer } = this.#reader;
    const record = this.#record;
    if (answer === null || record === null) return;
    record.status = answer.status;
    record.servedBy = fieldOf(answer.fields, 'x-served-by') ?? '';
    record.echoedId = fieldOf(answer.fields, 'x-request-id') ?? '';
    record.code = fieldOf(answer.fields, FAILURE_FIELD) ?? '';
  }

  #onEnd(): void {
    this.#reader.end();
    if (this.#reader.answer?.isWhole === true) this.#finish('answered');
    this.#onLost('ended');
  }

  /** There will be no more of the answer. */
  #onLost(word: string): void {
    const record = this.#record;
    if (record !== null) {
      record.error ||= word;
      const isBegun = this.#reader.answer !== null;
      this.#finish(!this.#isConnected ? 'refused' : isBegun ? 'cut' : 'unanswered');
    }
    this.#socket.destroy();
  }

  #finish(end: ClientEnd): void {
    const plan = this.#plan;
    const record = this.#record;
    if (record === null || plan === null) return;
    this.#record = null;
    this.#plan = null;
    for (const timer of this.#timers) clearTimeout(timer);
    const { answer } = this.#reader;
    record.end = end;
    record.endedMs = performance.now();
    record.gotBytes = answer?.bodyBytes ?? 0;
    record.gotSum = answer?.bodySum ?? 0;
    if (record.code !== '') record.text = answer?.text ?? '';
    const isLast = end !== 'answered' || answer === null || !isKept(answer) || plan.behaviour === 'half-close';
    // One that is not connected yet would only be reset once it is.
    if (end === 'left' && plan.isReset && this.#isConnected) this.#socket.resetAndDestroy();
    else if (isLast) this.#socket.destroy();
    this.#whenEnded?.();
    this.#whenEnded = null;
  }
}
