/**
 * One client connection: HTTP/1.1 on the downstream side.
 *
 * It owns the wire and reads requests off it, one at a time and in order: while one is being
 * answered, what comes behind it waits, up to a limit, and then in the kernel. All about a
 * request but its bytes is the exchange's.
 */
import type { Origin } from '../http1/forward-fields.ts';
import { BODY } from '../http1/framing.ts';
import type { HeadReader } from '../http1/head-reader.ts';
import { PARSE } from '../http1/parse-head.ts';
import { readRequest } from '../http1/request.ts';
import { type Failure, type FailureCode, failureOf } from '../protocol/failures.ts';
import { failureAnswer } from './answer.ts';
import { type BodyOwner, BodyReader } from './body-reader.ts';
import type { Client } from './client.ts';
import type { DataPlane } from './data-plane.ts';
import type { Expiring } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import type { Door } from './listener.ts';
import { loggedHead } from './logged-head.ts';
import { plainAddress } from './open-wire.ts';
import { HIGH_WATER_BYTES, RELAY_BYTES, type Wire, type WireOwner } from './wire.ts';

const PHASE = {
  /** Between requests, or in the middle of a head. */
  HEAD: 0,
  /** In the middle of a request's body. */
  BODY: 1,
  /** The request is complete; its answer is not. */
  ANSWER: 2,
  TUNNEL: 3,
  /** Our last answer is out: what still comes is read and dropped (RFC 9112 section 9.6). */
  LINGER: 4,
  CLOSED: 5,
} as const;

const LINGER_MS = 2000;
/** How long a client between two requests has for one more once the balancer shuts down. */
const DRAIN_IDLE_MS = 250;
const LINGER_BYTES = 64 * 1024;

export class Downstream implements WireOwner, Client, BodyOwner, Expiring {
  readonly wire: Wire;
  readonly countedAddress: string;
  readonly door: Door;
  deadlineMs = 0;
  deadlineTick = -1;
  isEnded = false;
  readonly #plane: DataPlane;
  /** Of a head that has not come whole; others are read by the plane's own. */
  #reader: HeadReader | null = null;
  /** Lent by the plane for as long as a request is under way: most connections are idle most of the time. */
  #exchange: Exchange | null = null;
  #phase: number = PHASE.HEAD;
  /** Made with the first body: most clients send none. */
  #body: BodyReader | null = null;
  /** Bytes of later requests. */
  #ahead: Buffer | null = null;
  #isReading = false;
  #isStalled = false;
  #stalledBytes = 0;
  #lingerBytes = 0;
  #origin: Origin | null = null;
  #originMinorVersion = -1;
  #originRevision = -1;
  #address = '';

  /** @param countedAddress under which it counts towards a limit; empty where there is none */
  constructor(plane: DataPlane, wire: Wire, countedAddress: string, door: Door) {
    this.#plane = plane;
    this.countedAddress = countedAddress;
    this.door = door;
    this.wire = wire;
    plane.deadlines.set(this, plane.client.requestHeadTimeoutMs);
  }

  /**
   * Comes to an end: after the request under way, or soon where there is none. Not at once, since
   * a client's next request may be on its way already; it is answered, and is the last one. Where
   * another process serves meanwhile there is no hurry: it keeps the time that it has.
   */
  drain(): void {
    const isIdle = this.#phase === PHASE.HEAD && !this.#isHeadUnderWay;
    if (isIdle && !this.#plane.isHandedOver) this.#plane.deadlines.set(this, DRAIN_IDLE_MS);
  }

  get #isHeadUnderWay(): boolean {
    return this.#reader?.isUnderWay === true;
  }

  /** How long this client has for its next request. */
  get #idleMs(): number {
    const { isDraining, isHandedOver, client } = this.#plane;
    return isDraining && !isHandedOver ? DRAIN_IDLE_MS : client.keepAliveTimeoutMs;
  }

  /** The client's address, without the prefix of an IPv4 address on an IPv6 socket. */
  get address(): string {
    if (this.#address === '') this.#address = plainAddress(this.wire.address);
    return this.#address;
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    switch (this.#phase) {
      case PHASE.HEAD:
      case PHASE.BODY:
        return this.#read(buffer, start, end);
      case PHASE.ANSWER:
        return this.#readAhead(buffer, start, end);
      case PHASE.TUNNEL:
        this.#relayIfLarge(end - start);
        return this.#exchange?.onTunnelBytesFromClient(buffer, start, end);
      case PHASE.LINGER:
        this.#lingerBytes += end - start;
        // Not closed: a reset could overtake the answer. What more there is waits with the client.
        if (this.#lingerBytes > LINGER_BYTES) this.wire.pause();
    }
  }

  /** Reads as many requests as there are, one after another. */
  #read(buffer: Buffer, start: number, end: number): void {
    let at = start;
    this.#isReading = true;
    while (at < end) {
      if (this.#phase === PHASE.HEAD) at = this.#readHead(buffer, at, end);
      else if (this.#phase === PHASE.BODY) at = this.#readBody(buffer, at, end);
      else if (this.#phase === PHASE.ANSWER) {
        this.#readAhead(buffer, at, end);
        break;
      } else break;
    }
    this.#isReading = false;
  }

  #readHead(buffer: Buffer, start: number, end: number): number {
    const plane = this.#plane;
    const reader = this.#reader ?? plane.headReader;
    const isFirst = !reader.isUnderWay;
    const result = reader.read(buffer, start, end);
    if (result === PARSE.INCOMPLETE) {
      this.#keepReader(reader);
      // The whole head has one deadline, from its first byte: more bytes do not move it.
      if (isFirst) {
        plane.deadlines.set(this, plane.client.requestHeadTimeoutMs);
        reader.sinceMs = plane.clock.now();
      }
      return end;
    }
    if (result === PARSE.REFUSED) return this.#refuseHead(reader, reader.head.failure, end);
    const exchange = (this.#exchange ??= plane.lendExchange(this));
    const { request } = exchange;
    const failure = readRequest(reader, plane.viaName, request);
    if (failure !== null) return this.#refuseHead(reader, failure, end);
    const { kind, bytes } = request.framing;
    const limit = plane.limits.bodyBytes;
    const isTooLarge = limit > 0 && kind === BODY.LENGTH && bytes > limit;
    if (isTooLarge) return this.#refuseHead(reader, 'REQUEST_BODY_TOO_LARGE', end);
    if (plane.isShedding) return this.#refuseHead(reader, 'HEAP_EXHAUSTED', end, request.isHead);
    const at = reader.next;
    if (kind === BODY.NONE) {
      this.#phase = PHASE.ANSWER;
      this.wire.endRelay(true);
      plane.deadlines.clear(this);
    } else {
      this.#phase = PHASE.BODY;
      this.#body ??= new BodyReader(plane, this);
      this.#body.begin(request.framing);
      plane.deadlines.set(this, plane.client.bodyIdleTimeoutMs);
    }
    exchange.begin(reader);
    reader.reset(this.#plane.limits);
    this.#reader = null;
    return at;
  }

  /** The head goes on in another read, or its words are wanted later: the plane gets another reader. */
  #keepReader(reader: HeadReader): void {
    if (reader === this.#plane.headReader) this.#plane.newHeadReader();
    this.#reader = reader;
  }

  #refuseHead(reader: HeadReader, code: FailureCode, end: number, isHead = false): number {
    this.#keepReader(reader);
    return this.#refuse(code, end, isHead);
  }

  #readBody(buffer: Buffer, start: number, end: number): number {
    const body = this.#body;
    if (body === null) return end;
    this.#plane.deadlines.set(this, this.#plane.client.bodyIdleTimeoutMs);
    if (body.isTooSlow(end - start)) return this.#refuse('REQUEST_BODY_TIMEOUT', end);
    this.#relayIfLarge(end - start);
    return body.read(buffer, start, end);
  }

  get isReadingBody(): boolean {
    return this.#phase === PHASE.BODY;
  }

  onBody(line: string, buffer: Buffer, start: number, end: number, bodyBytes: number): void {
    this.#exchange?.onRequestBody(line, buffer, start, end, bodyBytes);
  }

  onBodyFailed(code: FailureCode): void {
    this.#refuse(code, 0);
  }

  onBodyEnd(trailers: HeadReader | null, isEndWritten: boolean): void {
    this.#phase = PHASE.ANSWER;
    this.#plane.deadlines.clear(this);
    this.wire.restRelay(!this.#isSourceBusy);
    this.#isSourceBusy = false;
    this.wire.resume();
    this.#exchange?.onRequestEnd(trailers, isEndWritten);
  }

  /** Whether the backend's socket still holds bytes of this wire's own read buffer. */
  #isSourceBusy = false;

  #relayIfLarge(bytes: number): void {
    if (bytes > RELAY_BYTES) this.wire.beginRelay();
  }

  #readAhead(buffer: Buffer, start: number, end: number): void {
    const piece = buffer.subarray(start, end);
    this.#ahead = this.#ahead === null ? Buffer.from(piece) : Buffer.concat([this.#ahead, piece]);
    if (this.#ahead.length >= this.#plane.limits.pipelineBytes) this.wire.pause();
  }

  /** Refuses what the client sends and is done with it. @returns `end`: no byte of it is read */
  #refuse(code: FailureCode, end: number, isHead = false): number {
    if (this.#exchange?.isActive === true) {
      this.#exchange.onRequestFailed(code);
    } else {
      const failure = failureOf(code);
      this.wire.writeText(failureAnswer(failure, isHead, 'Connection: close\r\n', this.#plane.failureField));
      this.#plane.finishWithoutPool(failure);
      this.#tellRefused(failure);
      this.#linger();
    }
    return end;
  }

  /** A request that was refused before there was an exchange is a line of the log as well, and is shown. */
  #tellRefused(failure: Failure): void {
    const { accessLog, tap, trust, clock } = this.#plane;
    const reader = this.#reader ?? this.#plane.headReader;
    tap?.refused(reader, this.address, trust, failure);
    if (accessLog === null) return;
    const head = loggedHead(reader, this.address, trust, clock.wallMs());
    const { status, code } = failure;
    accessLog.add({
      ...head,
      status,
      code,
      bytesIn: 0,
      bytesOut: 0,
      durationMs: 0,
      pool: '',
      backend: '',
      attempts: 0,
    });
  }

  origin(minorVersion: number): Origin {
    const plane = this.#plane;
    if (this.#origin === null || minorVersion !== this.#originMinorVersion || plane.revision !== this.#originRevision) {
      this.#originMinorVersion = minorVersion;
      this.#originRevision = plane.revision;
      this.#origin = {
        isTrusted: plane.trust.has(this.address),
        forLine: `X-Forwarded-For: ${this.address}\r\n`,
        protoLine: 'X-Forwarded-Proto: http\r\n',
        viaLine: `Via: 1.${minorVersion} ${plane.viaName}\r\n`,
      };
    }
    return this.#origin;
  }

  switched(): void {
    this.#phase = PHASE.TUNNEL;
    const ahead = this.#ahead;
    this.#ahead = null;
    this.wire.resume();
    if (ahead !== null) this.#exchange?.onTunnelBytesFromClient(ahead, 0, ahead.length);
    if (this.isEnded) this.#exchange?.onClientEnd();
  }

  pauseRequest(): void {
    this.#isSourceBusy = this.wire.relayBuffer !== null;
    this.wire.pause();
    this.#plane.deadlines.clear(this);
  }

  resumeRequest(): void {
    this.#isSourceBusy = false;
    if (!this.wire.isPaused || (this.#phase !== PHASE.BODY && this.#phase !== PHASE.TUNNEL)) return;
    this.wire.resume();
    if (this.#phase !== PHASE.BODY) return;
    this.#plane.deadlines.set(this, this.#plane.client.bodyIdleTimeoutMs);
    // It was the backend that was slow.
    this.#body?.beginPace();
  }

  answerStalled(): void {
    this.#isStalled = true;
    this.#stalledBytes = this.wire.untakenBytes;
    if (this.#phase !== PHASE.BODY) this.#plane.deadlines.set(this, this.#plane.client.writeIdleTimeoutMs);
  }

  onDrain(): void {
    if (this.#isStalled) {
      this.#isStalled = false;
      if (this.#phase === PHASE.ANSWER || this.#phase === PHASE.TUNNEL) this.#plane.deadlines.clear(this);
    }
    if (this.#phase === PHASE.HEAD) this.#readWhatWaits();
    else this.#exchange?.onClientDrain();
  }

  exchangeEnded(isKeptAlive: boolean): void {
    if (this.#phase === PHASE.CLOSED || this.#phase === PHASE.LINGER) return;
    // An answer that has not said so is not the last one, whatever happened since: see `drain`.
    const isLast = this.#ahead === null && this.isEnded && !this.#isReading;
    if (!isKeptAlive || isLast) {
      // A client that wanted the close itself sends nothing more. After a body it might: some add
      // an empty line.
      const request = this.#exchange?.request;
      const isSaid =
        this.#phase === PHASE.ANSWER && request?.isKeepAlive === false && request.framing.kind === BODY.NONE;
      return this.#linger(isSaid && this.#ahead === null && !this.#isReading);
    }
    this.#phase = PHASE.HEAD;
    this.#stalledBytes = Infinity;
    this.#plane.deadlines.set(this, this.#idleMs);
    // In the middle of `#read` the loop there goes on by itself.
    // A client that sends on but does not read: its requests wait in the kernel until it does.
    if (this.wire.pendingBytes > HIGH_WATER_BYTES) this.wire.pause();
    else if (!this.#isReading && this.#ahead !== null) this.#readWhatWaits();
    else if (!this.#isReading) this.#giveExchangeBack();
  }

  #giveExchangeBack(): void {
    if (this.#exchange === null) return;
    this.#plane.takeExchangeBack(this.#exchange);
    this.#exchange = null;
  }

  /** Reads on in what came while the last request was being answered. */
  #readWhatWaits(): void {
    while (this.#ahead !== null && this.#phase === PHASE.HEAD) {
      const ahead = this.#ahead;
      this.#ahead = null;
      this.#read(ahead, 0, ahead.length);
    }
    if (this.#phase === PHASE.CLOSED || this.#phase === PHASE.LINGER) return;
    if ((this.#ahead?.length ?? 0) < this.#plane.limits.pipelineBytes) this.wire.resume();
    if (this.isEnded && this.#phase !== PHASE.ANSWER) this.#clientEnded();
  }

  cut(isReset: boolean): void {
    this.wire.flush();
    this.#phase = PHASE.CLOSED;
    if (isReset) this.wire.reset();
    else this.wire.destroy();
  }

  onEnd(): void {
    this.isEnded = true;
    this.#clientEnded();
  }

  #clientEnded(): void {
    switch (this.#phase) {
      case PHASE.HEAD:
        if (this.#ahead !== null) return;
        if (this.#isHeadUnderWay) this.#refuse('REQUEST_INCOMPLETE', 0);
        else this.#linger();
        break;
      case PHASE.BODY:
        this.#refuse('REQUEST_INCOMPLETE', 0);
        break;
      case PHASE.LINGER:
        break;
      default:
        // A client may end its side and wait for the answer all the same.
        this.#exchange?.onClientEnd();
    }
  }

  onDeadline(): void {
    const plane = this.#plane;
    if (this.wire.pendingBytes > 0 && this.#phase !== PHASE.BODY) {
      // The client does not read. As long as it takes anything at all it is only slow.
      const isMoving = this.wire.untakenBytes < this.#stalledBytes;
      this.#stalledBytes = this.wire.untakenBytes;
      if (isMoving) return plane.deadlines.set(this, plane.client.writeIdleTimeoutMs);
      this.#exchange?.onClientGone('CLIENT_READ_TIMEOUT');
      return this.cut(true);
    }
    if (this.#phase === PHASE.BODY) this.#refuse('REQUEST_BODY_TIMEOUT', 0);
    else if (this.#phase === PHASE.HEAD && this.#isHeadUnderWay) this.#refuse('REQUEST_HEAD_TIMEOUT', 0);
    else if (this.#phase !== PHASE.ANSWER && this.#phase !== PHASE.TUNNEL) this.close();
  }

  onConnect(): void {
    // Accepted wires are open from the start.
  }

  onClose(): void {
    this.#phase = PHASE.CLOSED;
    this.#plane.deadlines.forget(this);
    this.#exchange?.onClientGone('CLIENT_CLOSED');
    this.#giveExchangeBack();
    this.#plane.downstreamClosed(this);
  }

  /** Closes at once, whatever is under way. */
  close(): void {
    this.#phase = PHASE.CLOSED;
    this.wire.destroy();
  }

  /** Ends the attempt under way if it is on this backend. */
  cutBackend(slot: number): void {
    this.#exchange?.cutBackend(slot);
  }

  /** Ends what is under way for good: the time for shutting down is used up. */
  abort(): void {
    this.#exchange?.onClientGone('SHUTTING_DOWN');
    this.close();
  }

  /** @param isSaid the client has said its last word: there is nothing to wait for */
  #linger(isSaid = false): void {
    this.#phase = PHASE.LINGER;
    this.#stalledBytes = Infinity;
    this.#lingerBytes = 0;
    this.#ahead = null;
    if (isSaid) this.wire.finish();
    else this.wire.end();
    this.wire.resume();
    this.#plane.deadlines.set(this, LINGER_MS);
  }
}
