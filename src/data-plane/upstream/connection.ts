/**
 * One connection to a backend: HTTP/1.1 on the upstream side.
 *
 * It owns the wire and reads answers off it; an exchange lends it requests, one after another,
 * and hears what becomes of each attempt through `AttemptOwner`. A backend is not trusted: what
 * it sends is parsed as strictly as a request, and a connection on which anything was out of
 * order never serves another one.
 */

import { equalsIgnoringCase } from '../../http1/bytes.ts';
import { ChunkRuns } from '../../http1/chunk-runs.ts';
import { type ConnectionOptions, newConnectionOptions, readConnectionOptions } from '../../http1/connection-options.ts';
import { FIELD } from '../../http1/fields.ts';
import { BODY, type Framing, newFraming, responseFraming } from '../../http1/framing.ts';
import type { HeadReader } from '../../http1/head-reader.ts';
import { CHUNK } from '../../http1/parse-chunked.ts';
import { PARSE } from '../../http1/parse-head.ts';
import type { FailureCode } from '../../protocol/failures.ts';
import type { PlanPool } from '../../protocol/worker.ts';
import type { DataPlane } from '../data-plane.ts';
import type { Expiring } from '../deadlines.ts';
import { connectWire } from '../open-wire.ts';
import type { Backend } from '../pool.ts';
import { RELAY_BYTES, type Wire, type WireOwner } from '../wire.ts';
import { connectFailure, errnoOf } from './connect.ts';

/** The exchange, as a connection sees it. */
export interface AttemptOwner {
  /** Whether the request's method was HEAD. */
  readonly isHead: boolean;
  /** Whether the request has a body that careless backends do not read. */
  readonly hasUnusualBody: boolean;
  /** Whether a switch to WebSocket was asked for. */
  readonly isUpgrade: boolean;
  /** The connection is open: the request may be written. */
  onConnected(): void;
  onInterim(): void;
  onAnswerHead(): void;
  /** Whether an answer that comes in chunks goes on in chunks. Asked once its head has been told. */
  readonly takesChunks: boolean;
  /**
   * Bytes `start` to `end` go on as they lie, behind `line`; `bodyBytes` of them are the body's own.
   * Both are the same, but where an answer in chunks goes on as it is.
   */
  onAnswerBody(line: string, buffer: Buffer, start: number, end: number, bodyBytes: number): void;
  /**
   * The answer is complete; `trailers` is null where there are none.
   * @param isEndWritten whether the last bytes that went on have said so
   */
  onAnswerEnd(trailers: HeadReader | null, isEndWritten: boolean): void;
  onSwitched(): void;
  onTunnelBytes(buffer: Buffer, start: number, end: number): void;
  onTunnelEnd(): void;
  onUpstreamDrain(): void;
  /**
   * @param detail the system's word for it, or empty
   * @param isUnsent no byte of the request has been written: the backend cannot know of it
   */
  onAttemptFailed(code: FailureCode, detail: string, isUnsent: boolean): void;
}

const PHASE = { CONNECTING: 0, IDLE: 1, HEAD: 2, BODY: 3, TUNNEL: 4, CLOSED: 5 } as const;

/** Interim answers to one request. */
const MAX_INTERIMS = 32;
/** A backend closes at the end of its time-out, and the request is on its way until then. */
const KEEP_ALIVE_MARGIN_MS = 1000;

export class UpstreamConnection implements WireOwner, Expiring {
  readonly backend: Backend;
  readonly wire: Wire;
  readonly framing: Framing = newFraming();
  readonly options: ConnectionOptions = newConnectionOptions();
  /** Whether it has served a request before the one it serves now. */
  isReused = false;
  idleSinceMs = 0;
  deadlineMs = 0;
  deadlineTick = -1;
  readonly #plane: DataPlane;
  /** Of a head that has not come whole; others are read by the plane's own. */
  #reader: HeadReader | null = null;
  #pool: PlanPool;
  #owner: AttemptOwner | null;
  #phase: number = PHASE.CONNECTING;
  #isRequestSent = false;
  #isKeptAlive = false;
  #keepAliveMs = Infinity;
  /** Set by the exchange while the client's socket still reads from this wire's own buffer. */
  isBufferBusy = false;
  /** By when the attempt under way must have the head of its answer; `Infinity` for no such limit. */
  #answerDueMs = Infinity;
  #writesBefore = 0;
  #interims = 0;
  #remainingBytes = 0;
  #chunks: ChunkRuns | null = null;

  /** Opens a connection for `owner`'s attempt. */
  constructor(backend: Backend, pool: PlanPool, plane: DataPlane, owner: AttemptOwner) {
    this.backend = backend;
    this.#pool = pool;
    this.#plane = plane;
    this.#owner = owner;
    backend.connectionOpened();
    this.wire = connectWire(backend.plan.address ?? '', backend.plan.port, this);
    plane.deadlines.set(this, pool.timeouts.connectMs);
  }

  /** Has the head of the answer, from when its owner is told of it until that returns. */
  get reader(): HeadReader {
    return this.#reader ?? this.#plane.answerReader;
  }

  /** Lends an idle connection to another attempt; the request may be written at once. */
  lend(owner: AttemptOwner, pool: PlanPool): void {
    this.#owner = owner;
    this.#pool = pool;
    this.isReused = true;
    this.#answerDueMs = Infinity;
    this.#begin();
  }

  /** Limits the attempt that has just begun: the head of its answer must be there at `dueMs`. */
  answerBy(dueMs: number): void {
    this.#answerDueMs = dueMs;
    this.#wait(this.#phase === PHASE.CONNECTING ? this.#pool.timeouts.connectMs : Infinity);
  }

  /** Waits for the next step towards the answer's head, no longer than the attempt may take in all. */
  #wait(delayMs: number): void {
    const dueMs = this.#answerDueMs;
    this.#plane.deadlines.set(this, dueMs === Infinity ? delayMs : Math.min(delayMs, dueMs - this.#plane.clock.now()));
  }

  /** The whole request has been written: the answer is due. */
  requestSent(): void {
    this.#isRequestSent = true;
    if (this.#phase === PHASE.HEAD) this.#wait(this.#pool.timeouts.responseHeadMs);
  }

  /** Stops reading from the backend. Its time-outs wait too, since it is not what is slow. */
  pause(): void {
    this.wire.pause();
    this.#plane.deadlines.clear(this);
  }

  resume(): void {
    this.isBufferBusy = false;
    if (!this.wire.isPaused) return;
    this.wire.resume();
    if (this.#phase === PHASE.BODY) this.#plane.deadlines.set(this, this.#pool.timeouts.bodyIdleMs);
    if (this.#phase === PHASE.TUNNEL) this.touchTunnel();
  }

  /** Something has moved in the tunnel. */
  touchTunnel(): void {
    this.#plane.deadlines.set(this, this.#pool.timeouts.tunnelIdleMs);
  }

  /** Lets go of the attempt in the middle of it: the connection cannot be used again. */
  abandon(): void {
    this.#owner = null;
    this.close();
  }

  close(): void {
    if (this.#phase === PHASE.IDLE) this.#leaveIdle();
    this.#phase = PHASE.CLOSED;
    this.#plane.deadlines.forget(this);
    this.wire.destroy();
  }

  onConnect(): void {
    if (this.#phase !== PHASE.CONNECTING) return;
    this.#begin();
    this.#owner?.onConnected();
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      switch (this.#phase) {
        case PHASE.HEAD:
          at = this.#readHead(buffer, at, end);
          break;
        case PHASE.BODY:
          at = this.#readBody(buffer, at, end);
          break;
        case PHASE.TUNNEL:
          this.touchTunnel();
          this.#owner?.onTunnelBytes(buffer, at, end);
          return;
        case PHASE.IDLE:
          // Nobody has asked for anything: whatever this is, it is no answer.
          this.close();
          return;
        default:
          return;
      }
    }
  }

  onEnd(): void {
    switch (this.#phase) {
      case PHASE.HEAD:
        this.#fail(this.#isStale() ? 'UPSTREAM_STALE' : 'UPSTREAM_CLOSED', '');
        break;
      case PHASE.BODY:
        if (this.framing.kind === BODY.UNTIL_CLOSE) this.#complete(false, null, false);
        else this.#fail('UPSTREAM_BODY_CLOSED', '');
        break;
      case PHASE.TUNNEL:
        this.#owner?.onTunnelEnd();
        break;
      default:
        this.close();
    }
  }

  onClose(error: Error | null): void {
    const phase = this.#phase;
    if (phase === PHASE.IDLE) this.#leaveIdle();
    const errno = errnoOf(error);
    if (phase === PHASE.CONNECTING) this.#fail(connectFailure(error), errno);
    else if (phase === PHASE.HEAD)
      this.#fail(this.#isStale() ? 'UPSTREAM_STALE' : error === null ? 'UPSTREAM_CLOSED' : 'UPSTREAM_RESET', errno);
    else if (phase === PHASE.TUNNEL && error === null) this.#owner?.onTunnelEnd();
    else if (phase === PHASE.BODY || phase === PHASE.TUNNEL) this.#fail('UPSTREAM_BODY_RESET', errno);
    this.#phase = PHASE.CLOSED;
    this.#plane.deadlines.forget(this);
    this.backend.connectionClosed();
  }

  onDrain(): void {
    this.#owner?.onUpstreamDrain();
  }

  onDeadline(): void {
    switch (this.#phase) {
      case PHASE.CONNECTING:
        return this.#fail('UPSTREAM_CONNECT_TIMEOUT', '');
      case PHASE.HEAD:
        return this.#fail('UPSTREAM_HEAD_TIMEOUT', '');
      case PHASE.BODY:
        return this.#fail('UPSTREAM_BODY_TIMEOUT', '');
      case PHASE.TUNNEL:
        return this.#fail('TUNNEL_IDLE_TIMEOUT', '');
      default:
        this.close();
    }
  }

  #begin(): void {
    this.#phase = PHASE.HEAD;
    this.#isRequestSent = false;
    this.#writesBefore = this.wire.writeCount;
    this.#interims = 0;
    this.#reader = null;
    if (this.#answerDueMs === Infinity) this.#plane.deadlines.clear(this);
    else this.#wait(Infinity);
  }

  #isStale(): boolean {
    return this.isReused && this.#reader === null && this.#interims === 0;
  }

  #readHead(buffer: Buffer, start: number, end: number): number {
    const { reader } = this;
    const result = reader.read(buffer, start, end);
    if (result === PARSE.INCOMPLETE) {
      this.#keepReader(reader);
      return end;
    }
    if (result === PARSE.COMPLETE) this.#headRead(reader, end);
    else this.#fail(reader.head.failure, '');
    const { next } = reader;
    reader.reset(this.#plane.limits);
    this.#reader = null;
    return result === PARSE.COMPLETE ? next : end;
  }

  #headRead(reader: HeadReader, end: number): void {
    const { head } = reader;
    if (!responseFraming(head, reader.buffer, reader.base, this.#owner?.isHead === true, this.framing)) {
      return this.#fail('UPSTREAM_FRAMING_INVALID', '');
    }
    readConnectionOptions(head, reader.buffer, reader.base, this.options);
    if (head.status === 101) this.#switch();
    else if (head.status < 200) this.#interim();
    else this.#answer(reader.next < end);
  }

  /** The head goes on in another read: the plane gets another reader. */
  #keepReader(reader: HeadReader): void {
    if (reader === this.#plane.answerReader) this.#plane.newAnswerReader();
    this.#reader = reader;
  }

  #interim(): void {
    if (++this.#interims > MAX_INTERIMS) return this.#fail('UPSTREAM_INTERIM_FLOOD', '');
    this.#owner?.onInterim();
  }

  #switch(): void {
    if (this.#owner?.isUpgrade !== true || !this.options.isUpgrade || !this.#offersWebSocket()) {
      return this.#fail('UPSTREAM_UPGRADE_INVALID', '');
    }
    this.#phase = PHASE.TUNNEL;
    this.touchTunnel();
    this.#owner.onSwitched();
  }

  #offersWebSocket(): boolean {
    const { head, buffer, base } = this.reader;
    for (let index = 0; index < head.knownCount; index++) {
      if (head.knownField(index) !== FIELD.UPGRADE) continue;
      return equalsIgnoringCase(
        buffer,
        base + head.knownValueStart(index),
        base + head.knownValueEnd(index),
        'websocket',
      );
    }
    return false;
  }

  #answer(hasMore: boolean): void {
    const { framing, options, reader } = this;
    this.#isKeptAlive = reader.head.minorVersion === 1 ? !options.isClose : options.isKeepAlive && !options.isClose;
    this.#keepAliveMs = this.#isKeptAlive ? keepAliveMs(reader) : 0;
    this.#phase = PHASE.BODY;
    this.#owner?.onAnswerHead();
    // The owner may have dropped the answer.
    if (this.#owner === null) return;
    if (framing.kind === BODY.NONE) {
      this.#complete(!hasMore, null, false);
      return;
    }
    this.#plane.deadlines.set(this, this.#pool.timeouts.bodyIdleMs);
    this.#remainingBytes = framing.bytes;
    if (framing.kind === BODY.CHUNKED) {
      this.#chunks ??= new ChunkRuns(this.#plane.limits);
      this.#chunks.reset(this.#plane.limits, !this.#owner.takesChunks);
    } else if (framing.kind === BODY.LENGTH) {
      // A connection that last carried a small body has no use for a large buffer.
      if (framing.bytes > RELAY_BYTES) this.wire.beginRelay();
      else this.wire.endRelay(true);
    }
  }

  #readBody(buffer: Buffer, start: number, end: number): number {
    if (this.framing.kind === BODY.CHUNKED) return this.#readChunks(buffer, start, end);
    const isUntilClose = this.framing.kind === BODY.UNTIL_CLOSE;
    const stop = isUntilClose ? end : Math.min(end, start + this.#remainingBytes);
    this.#remainingBytes -= stop - start;
    const isLast = !isUntilClose && this.#remainingBytes === 0;
    if (!isLast) this.#plane.deadlines.set(this, this.#pool.timeouts.bodyIdleMs);
    if (isUntilClose && end - start > RELAY_BYTES) this.wire.beginRelay();
    this.#owner?.onAnswerBody('', buffer, start, stop, stop - start);
    if (isLast) this.#complete(stop === end, null, false);
    return isLast ? end : stop;
  }

  #readChunks(buffer: Buffer, start: number, end: number): number {
    const chunks = this.#chunks;
    // Set before anything goes on: where the client is slow over it, this clock must stop.
    this.#plane.deadlines.set(this, this.#pool.timeouts.bodyIdleMs);
    if (end - start > RELAY_BYTES) this.wire.beginRelay();
    let at = start;
    while (chunks !== null && this.#phase === PHASE.BODY) {
      const result = chunks.next(buffer, at, end);
      at = chunks.at;
      if (chunks.end > chunks.start || chunks.line !== '') {
        this.#owner?.onAnswerBody(chunks.line, buffer, chunks.start, chunks.end, chunks.bodyBytes);
      }
      if (result === CHUNK.DATA) continue;
      if (result === CHUNK.MORE || this.#phase !== PHASE.BODY) return end;
      if (result === CHUNK.END) this.#complete(at === end, chunks.trailers, chunks.isEndIncluded);
      else this.#fail('UPSTREAM_BODY_INVALID', '');
    }
    return end;
  }

  /** The answer is whole. `isClean`: and nothing came behind it. */
  #complete(isClean: boolean, trailers: HeadReader | null, isEndWritten: boolean): void {
    const owner = this.#owner;
    this.#owner = null;
    // A body that the backend has overlooked would be its next request, in another client's name.
    const isSafe = isClean && this.#isRequestSent && owner?.hasUnusualBody !== true;
    const isReusable = isSafe && this.#isKeptAlive && !this.wire.isClosed && this.#keepAliveMs > 0;
    if (isReusable) {
      this.#phase = PHASE.IDLE;
      this.#plane.deadlines.clear(this);
    }
    owner?.onAnswerEnd(trailers, isEndWritten);
    // Not before the answer's last bytes are written: they may lie in this wire's read buffer.
    if (isReusable) this.#becomeIdle();
    else this.close();
  }

  #becomeIdle(): void {
    this.wire.restRelay(!this.isBufferBusy);
    this.isBufferBusy = false;
    this.wire.resume();
    const timeoutMs = Math.min(this.#pool.idleConnections.timeoutMs, this.#keepAliveMs);
    this.idleSinceMs = this.#plane.clock.now();
    this.#plane.deadlines.set(this, timeoutMs);
    this.backend.idle.put(this, this.#pool.idleConnections.max);
    this.backend.showIdle();
  }

  #leaveIdle(): void {
    this.backend.idle.remove(this);
    this.backend.showIdle();
  }

  #fail(code: FailureCode, detail: string): void {
    const owner = this.#owner;
    this.#owner = null;
    this.#phase = PHASE.CLOSED;
    this.#plane.deadlines.forget(this);
    this.wire.destroy();
    owner?.onAttemptFailed(code, detail, this.wire.writeCount === this.#writesBefore);
  }
}

/** `Keep-Alive: timeout=5` of a backend, less the margin; `Infinity` where it names none. */
function keepAliveMs(reader: HeadReader): number {
  const { head, buffer, base } = reader;
  for (let index = 0; index < head.knownCount; index++) {
    if (head.knownField(index) !== FIELD.KEEP_ALIVE) continue;
    const value = buffer.toString('latin1', base + head.knownValueStart(index), base + head.knownValueEnd(index));
    const seconds = /(?:^|[,\s])timeout="?(\d{1,6})/i.exec(value)?.[1];
    if (seconds !== undefined) return +seconds * 1000 - KEEP_ALIVE_MARGIN_MS;
  }
  return Infinity;
}
