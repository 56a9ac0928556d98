/**
 * The life of one request: from its head to the last byte of its answer.
 *
 *   begin → route → place (or wait) → idle connection or a new one → request out → answer in → finish
 *                     ↑                                                  │
 *                     └──────────────── failover: again? ────────────────┘
 *
 * One object for each request under way, used again for one client after the other. It knows heads,
 * pieces of bodies, ends and failures; the wires belong to `downstream` and `upstream`. Nothing
 * is thrown here: what goes wrong is a row of the failure table, and a throw is a bug.
 */

import { sizeLine } from '../http1/chunk-runs.ts';
import { type AnswerFraming, writeRequestHead, writeResponseHead, writeTrailers } from '../http1/forward-fields.ts';
import { BODY } from '../http1/framing.ts';
import type { HeadReader } from '../http1/head-reader.ts';
import { newRequest, type Request } from '../http1/request.ts';
import { type Failure, type FailureCode, failureOf } from '../protocol/failures.ts';
import { connectionLine, failureAnswer, INTERIM_FRAMING, lastHopAnswer, SWITCH_FRAMING } from './answer.ts';
import type { Client } from './client.ts';
import type { DataPlane } from './data-plane.ts';
import { answerDueMs, mayTryAgain, triesEndMs } from './failover.ts';
import { findAnswer, findFailure } from './live-findings.ts';
import { type LoggedHead, loggedHead } from './logged-head.ts';
import { Placement, type PlacementOwner } from './placement.ts';
import type { Backend, Pool } from './pool.ts';
import { RequestBody } from './request-body.ts';
import type { Story } from './story.ts';
import { Tunnel } from './tunnel.ts';
import { type AttemptOwner, UpstreamConnection } from './upstream/connection.ts';

/** A request that cannot be repeated avoids connections that have waited longer than this. */
const FRESH_ENOUGH_MS = 1000;

/** Methods whose bodies some servers leave unread. */
const USUALLY_BODYLESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

export class Exchange implements AttemptOwner, PlacementOwner {
  readonly request: Request = newRequest();
  readonly #plane: DataPlane;
  #client: Client;
  readonly #placement: Placement;
  readonly #body = new RequestBody();
  readonly #answer: AnswerFraming = { isChunked: false, keepsLength: true, connectionLine: '' };
  isActive = false;
  #startMs = 0;
  #pool: Pool | null = null;
  /** Of the plan with which it began, like all that a client or backend is told of it. */
  #failureField: string | null = null;
  #headText = '';
  /** What the access log wants to know of the head; null without one. */
  #logged: LoggedHead | null = null;
  /** What the tap shows of it; null while nobody looks. */
  #story: Story | null = null;
  #lastBackend = '';
  #attempts = 0;
  #isFreshOnly = false;
  #backend: Backend | null = null;
  #connection: UpstreamConnection | null = null;
  #isConnected = false;
  #firstAttemptMs = 0;
  #attemptStartMs = 0;
  #status = 0;
  #isStarted = false;
  /** All of the answer has come from the backend, and not all of it is with the kernel. */
  #isDelivering = false;
  #isKeptAlive = false;
  #answerBytes = 0;
  #tunnel: Tunnel | null = null;

  constructor(plane: DataPlane, client: Client) {
    this.#plane = plane;
    this.#client = client;
    this.#placement = new Placement(plane, this);
  }

  /** It serves another client from now on. */
  lend(client: Client): void {
    this.#client = client;
  }

  /** It serves nobody for a while, and keeps nothing of the last one. */
  rest(): void {
    this.#headText = '';
    this.#tunnel = null;
    this.#body.forget();
  }

  get isHead(): boolean {
    return this.request.isHead;
  }
  get hasUnusualBody(): boolean {
    return this.request.framing.kind !== BODY.NONE && USUALLY_BODYLESS.has(this.request.method);
  }
  get isUpgrade(): boolean {
    return this.request.isUpgrade;
  }
  get isTunnel(): boolean {
    return this.#tunnel !== null;
  }

  /** Begins with the head that `reader` has completed and `request` describes. */
  begin(reader: HeadReader): void {
    const plane = this.#plane;
    const { request } = this;
    this.isActive = true;
    plane.exchangeBegan();
    this.#startMs = plane.clock.now();
    this.#attempts = 0;
    this.#isFreshOnly = false;
    this.#status = 0;
    this.#isStarted = false;
    this.#tunnel = null;
    this.#answerBytes = 0;
    this.#isKeptAlive = request.isKeepAlive;
    this.#logged =
      plane.accessLog === null ? null : loggedHead(reader, this.#client.address, plane.trust, plane.clock.wallMs());
    this.#story = plane.tap === null ? null : plane.tap.begin(reader, this.#client.address, plane.trust);
    this.#lastBackend = '';
    this.#failureField = plane.failureField;
    const pool = this.#route(reader);
    this.#pool = pool;
    this.#body.begin(request.framing.kind, pool?.plan.retry.bodyBytes ?? 0, request.isIdempotent);
    if (pool === null) return this.#fail(failureOf('ROUTE_NOT_FOUND'));
    if (request.method === 'OPTIONS' && request.maxForwards === 0) return this.#answerAsLastHop();
    const authority = pool.plan.backends[0]?.authority ?? 'localhost';
    this.#headText = writeRequestHead(reader, request, this.#client.origin(request.minorVersion), authority);
    this.#placement.seekFirst(pool);
  }

  #route(reader: HeadReader): Pool | null {
    const { routes } = this.#plane;
    const { request } = this;
    const path = routes.isCatchAll ? '/' : reader.buffer.toString('latin1', request.pathStart, request.pathEnd);
    const route = routes.match(request.host, request.isPathMissing ? `/${path}` : path);
    if (route === null) return null;
    this.#plane.routeTaken(route.slot);
    const pool = this.#plane.pool(route.pool);
    this.#story?.routed(routes.numberOf(route), pool);
    return pool;
  }

  onNotPlaced(failure: Failure): void {
    this.#story?.isNotPlaced();
    this.#fail(failure);
  }

  onWaiting(): void {
    this.#story?.waits();
    if (this.#client.isEnded) this.#clientLeft();
  }

  /** A place on `backend` is taken: the next attempt begins. */
  onPlaced(pool: Pool, backend: Backend): void {
    this.#pool = pool;
    const plane = this.#plane;
    if (++this.#attempts > 1) pool.retried();
    this.#backend = backend;
    this.#lastBackend = backend.plan.name;
    this.#story?.tries(pool, backend.plan.name);
    const nowMs = plane.clock.now();
    const isFurther = this.#attempts > 1;
    this.#attemptStartMs = nowMs;
    if (!isFurther) this.#firstAttemptMs = nowMs;
    const dueMs = answerDueMs(pool.plan.retry, isFurther && this.#body.isEnded, this.#firstAttemptMs, nowMs);
    const usedSinceMs = this.request.isIdempotent ? 0 : nowMs - FRESH_ENOUGH_MS;
    const idle = this.#isFreshOnly ? undefined : backend.takeIdle(usedSinceMs);
    if (idle !== undefined) {
      this.#connection = idle;
      idle.lend(this, pool.plan);
      if (dueMs !== Infinity) idle.answerBy(dueMs);
      this.onConnected();
      return;
    }
    this.#isConnected = false;
    plane.makeRoomUpstream();
    this.#connection = new UpstreamConnection(backend, pool.plan, plane, this);
    if (dueMs !== Infinity) this.#connection.answerBy(dueMs);
  }

  onConnected(): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#isConnected = true;
    this.#story?.connected(connection.isReused);
    connection.wire.writeText(this.#headText);
    this.#body.replay(connection.wire);
    if (this.#body.isEnded) connection.requestSent();
    else this.#client.resumeRequest();
  }

  /** A piece of the request's body, from the client: see `BodyOwner`. */
  onRequestBody(line: string, buffer: Buffer, start: number, end: number, bodyBytes: number): void {
    if (!this.isActive) return;
    const target = this.#isConnected ? (this.#connection?.wire ?? null) : null;
    const isTaken = this.#body.write(line, buffer, start, end, bodyBytes, this.#client.wire, target);
    if (!isTaken) this.#client.pauseRequest();
  }

  /** The request is complete. */
  onRequestEnd(trailers: HeadReader | null, isEndWritten: boolean): void {
    if (!this.isActive) return;
    const lines = writeTrailers(trailers, this.request.connection.nominated);
    this.#body.end(lines, isEndWritten, this.#isConnected ? (this.#connection?.wire ?? null) : null);
    if (this.#isConnected) this.#connection?.requestSent();
  }

  /** The request turned out to be broken, or the client took too long over it. */
  onRequestFailed(code: FailureCode): void {
    if (!this.isActive) return;
    const failure = failureOf(code);
    this.#isKeptAlive = false;
    this.#abandon(failure);
    this.#fail(failure);
  }

  /** The client is gone, or must go: the answer has nobody to go to. */
  onClientGone(code: FailureCode): void {
    if (!this.isActive) return;
    // A tunnel ends by one of its sides leaving: that is no failure.
    const failure = this.isTunnel && code === 'CLIENT_CLOSED' ? null : failureOf(code);
    this.#abandon(failure);
    this.#count(failure);
  }

  #clientLeft(): void {
    this.onClientGone('CLIENT_CLOSED');
    this.#client.cut(false);
  }

  /** The client has read what it was sent. */
  onClientDrain(): void {
    if (this.#isDelivering) this.#delivered();
    else this.#connection?.resume();
  }

  /**
   * The client sends no more: in a tunnel, the backend hears of it. It may still wait for its
   * answer, but a place in the queue is for those who stay for certain.
   */
  onClientEnd(): void {
    if (this.#placement.isWaiting) this.#clientLeft();
    this.#tunnel?.clientEnded();
    this.#endTunnel();
  }

  onUpstreamDrain(): void {
    this.#client.resumeRequest();
  }

  onInterim(): void {
    const connection = this.#connection;
    // HTTP/1.0 knows no interim answers (RFC 9110 section 15.2).
    if (connection === null || this.request.minorVersion === 0) return;
    const { reader, framing, options } = connection;
    this.#client.wire.writeText(writeResponseHead(reader, framing, options.nominated, INTERIM_FRAMING));
  }

  onAnswerHead(): void {
    const connection = this.#connection;
    if (connection === null) return;
    const { request } = this;
    const { reader, framing, options } = connection;
    this.#status = reader.head.status;
    this.#story?.answered(this.#status);
    findAnswer(this.#plane, this.#pool, this.#backend, this.#status);
    if (this.#status >= 400 && this.#triesElsewhere()) return;
    this.#isStarted = true;
    const answer = this.#answer;
    const isOpenEnded = framing.kind === BODY.CHUNKED || framing.kind === BODY.UNTIL_CLOSE;
    // An answer before the end of its request, or one whose end only a close can tell, is the
    // last one on this connection.
    if (!this.#body.isEnded || (isOpenEnded && request.minorVersion === 0) || this.#plane.isDraining)
      this.#isKeptAlive = false;
    answer.isChunked = isOpenEnded && request.minorVersion === 1;
    answer.keepsLength = !isOpenEnded && this.#status !== 204;
    answer.connectionLine = connectionLine(this.#isKeptAlive, this.request.minorVersion);
    this.#client.wire.writeText(writeResponseHead(reader, framing, options.nominated, answer));
  }

  get takesChunks(): boolean {
    return this.#answer.isChunked;
  }

  onAnswerBody(line: string, buffer: Buffer, start: number, end: number, bodyBytes: number): void {
    const connection = this.#connection;
    if (connection === null) return;
    const { wire } = this.#client;
    this.#answerBytes += bodyBytes;
    if (line !== '') wire.writeText(line);
    // What came in chunks goes on in them; what ends with its connection is put into some.
    const isWrapped = this.#answer.isChunked && connection.framing.kind === BODY.UNTIL_CLOSE;
    if (isWrapped) wire.writeText(sizeLine(bodyBytes));
    const isTaken = wire.writeBytes(buffer, start, end, connection.wire);
    if (isWrapped) wire.writeText('\r\n');
    if (isTaken) return;
    connection.isBufferBusy = true;
    connection.pause();
    this.#client.answerStalled();
  }

  onAnswerEnd(trailers: HeadReader | null, isEndWritten: boolean): void {
    if (this.#answer.isChunked && !isEndWritten && !this.request.isHead) {
      this.#client.wire.writeText(`0\r\n${writeTrailers(trailers, this.#connection?.options.nominated ?? null)}\r\n`);
    }
    this.#finishAttempt(null);
    const { wire } = this.#client;
    if (wire.pendingBytes === 0 && !wire.isClosed) return this.#delivered();
    // What the kernel has not taken is lost with the client: until it has, the answer is not whole.
    this.#isDelivering = true;
    this.#client.answerStalled();
  }

  #delivered(): void {
    this.#count(null);
    this.#client.exchangeEnded(this.#isKeptAlive);
  }

  onSwitched(): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#status = 101;
    this.#isStarted = true;
    this.#tunnel = new Tunnel(this.#client, connection);
    this.#isKeptAlive = false;
    this.#story?.answered(101);
    findAnswer(this.#plane, this.#pool, this.#backend, this.#status);
    const { reader, framing, options } = connection;
    this.#client.wire.writeText(writeResponseHead(reader, framing, options.nominated, SWITCH_FRAMING));
    this.#client.switched();
  }

  onTunnelBytesFromClient(buffer: Buffer, start: number, end: number): void {
    if (this.isActive) this.#tunnel?.fromClient(buffer, start, end);
  }

  onTunnelBytes(buffer: Buffer, start: number, end: number): void {
    this.#tunnel?.fromBackend(buffer, start, end);
  }

  onTunnelEnd(): void {
    this.#tunnel?.backendEnded();
    this.#endTunnel();
  }

  #endTunnel(): void {
    if (!this.isActive || this.#tunnel?.isEnded !== true) return;
    this.#abandon(null);
    this.#count(null);
    this.#client.exchangeEnded(false);
  }

  onAttemptFailed(code: FailureCode, detail: string, isUnsent: boolean): void {
    const failure = failureOf(code);
    const backend = this.#backend;
    const pool = this.#pool;
    this.#finishAttempt(failure, detail);
    if (backend === null || pool === null) return;
    const endMs = triesEndMs(pool.plan.retry, this.#firstAttemptMs);
    // A further attempt that was cut short says nothing about the backend.
    const isCutShort = this.#attempts > 1 && this.#plane.clock.now() >= endMs;
    if (failure.blamesBackend && !isCutShort) findFailure(this.#plane, pool, backend, code, detail);
    if (code === 'DESCRIPTORS_EXHAUSTED') this.#plane.giveBackIdle();
    // A connection that had grown stale says nothing about the backend: that try is not counted.
    const isStale = code === 'UPSTREAM_STALE';
    if (!this.#mayTryAgain(pool, failure, isUnsent, isStale ? 0 : this.#attempts)) return this.#fail(failure);
    if (isStale) this.#isFreshOnly = true;
    else this.#placement.tried(backend);
    // The budget is against adding load where there is trouble; what was cut adds none.
    this.#placement.seekAgain(failure, !isStale && code !== 'BACKEND_CUT', endMs);
  }

  #mayTryAgain(pool: Pool, failure: Failure, isUnsent: boolean, attempts: number): boolean {
    const { retry } = pool.plan;
    return mayTryAgain({
      failure,
      isUnsent,
      isStarted: this.#isStarted,
      isIdempotent: this.request.isIdempotent,
      isBodyKept: this.#body.isKept,
      attempts,
      maxAttempts: retry.attempts,
      isInTime: this.#plane.clock.now() < triesEndMs(retry, this.#firstAttemptMs),
    });
  }

  /** Drops the answer whose head is here for another try, if its status is to be tried again and another backend takes it. */
  #triesElsewhere(): boolean {
    const backend = this.#backend;
    const pool = this.#pool;
    if (backend === null || pool === null || !pool.refuses(this.#status)) return false;
    const failure = failureOf('UPSTREAM_STATUS_REFUSED');
    if (!this.#mayTryAgain(pool, failure, false, this.#attempts)) return false;
    this.#placement.tried(backend);
    const next = this.#placement.takeNow();
    if (next === null) return false;
    this.#abandon(failure);
    this.#status = 0;
    this.onPlaced(this.#placement.pool ?? pool, next);
    return true;
  }

  /** Ends the attempt under way if it is on this backend; another one may follow. */
  cutBackend(slot: number): void {
    const connection = this.#connection;
    if (connection === null || this.#backend?.slot !== slot) return;
    connection.abandon();
    this.onAttemptFailed('BACKEND_CUT', '', !this.#isConnected);
  }

  /** Gives the attempt up from this side. */
  #abandon(failure: Failure | null): void {
    const connection = this.#connection;
    this.#finishAttempt(failure);
    connection?.abandon();
  }

  #finishAttempt(failure: Failure | null, detail = ''): void {
    const backend = this.#backend;
    if (backend === null) return;
    this.#backend = null;
    this.#connection = null;
    this.#isConnected = false;
    if (this.#tunnel !== null) {
      this.#body.bytes += this.#tunnel.bytesFromClient;
      this.#answerBytes += this.#tunnel.bytesFromBackend;
    }
    this.#story?.attemptEnded(failure, detail);
    const latencyMs = this.#plane.clock.now() - this.#attemptStartMs;
    backend.finish(this.#status, failure, latencyMs, this.#body.bytes, this.#answerBytes);
    this.#pool?.queue.placeFreed();
  }

  /** Ends the exchange by an answer of our own, or by a visible cut. */
  #fail(failure: Failure): void {
    if (this.#isStarted) {
      this.#count(failure);
      // An answer that ends with its connection can only be seen to be cut by a reset.
      this.#client.cut(!this.isTunnel && !this.#answer.isChunked && !this.#answer.keepsLength);
      return;
    }
    this.#isStarted = true;
    this.#status = failure.status;
    if (!this.#body.isEnded || failure.side === 'client' || this.#plane.isDraining) this.#isKeptAlive = false;
    const line = connectionLine(this.#isKeptAlive, this.request.minorVersion);
    this.#client.wire.writeText(failureAnswer(failure, this.request.isHead, line, this.#failureField));
    this.#count(failure);
    this.#client.exchangeEnded(this.#isKeptAlive);
  }

  #answerAsLastHop(): void {
    this.#status = 204;
    if (!this.#body.isEnded) this.#isKeptAlive = false;
    this.#client.wire.writeText(lastHopAnswer(connectionLine(this.#isKeptAlive, this.request.minorVersion)));
    this.#count(null);
    this.#client.exchangeEnded(this.#isKeptAlive);
  }

  #count(failure: Failure | null): void {
    this.isActive = false;
    this.#isDelivering = false;
    this.#placement.end();
    const latencyMs = this.#plane.clock.now() - this.#startMs;
    this.#log(failure, latencyMs);
    if (this.#story !== null) this.#tell(this.#story, failure, latencyMs);
    if (this.#pool === null) this.#plane.finishWithoutPool(failure);
    else this.#pool.finish(this.#status, failure, latencyMs, this.#body.bytes, this.#answerBytes);
    this.#pool = null;
    // Last, so that a reader who sees no exchange under way finds all of them counted.
    this.#plane.exchangeEnded();
  }

  #tell(story: Story, failure: Failure | null, durationMs: number): void {
    this.#story = null;
    story.ended(this.#status, failure, durationMs, this.#body.bytes, this.#answerBytes);
    this.#plane.tap?.ended(story);
  }

  #log(failure: Failure | null, durationMs: number): void {
    const logged = this.#logged;
    if (logged === null) return;
    this.#logged = null;
    this.#plane.accessLog?.add({
      ...logged,
      status: this.#status,
      code: failure?.code ?? '',
      bytesIn: this.#body.bytes,
      bytesOut: this.#answerBytes,
      durationMs,
      pool: this.#pool?.plan.name ?? '',
      backend: this.#lastBackend,
      attempts: this.#attempts,
    });
  }
}
