/**
 * One page on the live channel: what it looks at, and how fast it reads.
 *
 * Used by `live-stream.ts` only. Nothing is ever queued for a page that reads too slowly: what it
 * has not read stays within a bound, deltas and events are left out meanwhile, and when it has
 * caught up it gets a fresh snapshot. One that stands still is cut.
 */
import type { RawData, WebSocket } from 'ws';
import type { ClientMessage } from '../../../protocol/live.ts';
import { readClientMessage } from './client-message.ts';

/** More unread bytes than this, beside a snapshot on its way, and deltas are left out. */
export const BEHIND_BYTES = 256 * 1024;
/** No more than this, and the page has caught up. */
const CAUGHT_UP_BYTES = 16 * 1024;
/** No page may ever hold more memory than this, beside a snapshot on its way. */
export const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
export const STALLED_MS = 30_000;
export const PING_MS = 20_000;
/** A page speaks when its reader moves. */
const MAX_MESSAGES_A_SECOND = 20;
const POLICY_VIOLATION = 1008;

export class LiveClient {
  /** What it looks at. */
  topics: ReadonlySet<string> = new Set();
  /** Whether it has said so itself. */
  hasSpoken = false;
  /** Number of the last message to it. */
  seq = 0;
  /** True while it has missed something: only a snapshot of all its topics may be sent. */
  isBehind = false;
  /** True when it has asked for one. */
  wantsSnapshot = false;
  /** When the last one was sent. */
  snapshotMs = Number.NEGATIVE_INFINITY;
  readonly openedMs: number;
  readonly #socket: WebSocket;
  #sentBytes = 0;
  /** Bytes of the last snapshots that may be unread without the page being slow. */
  #snapshotBytes = 0;
  #flushedBytes = 0;
  #progressMs: number;
  #pingMs: number;
  #isAnswered = true;
  #messages = 0;

  constructor(socket: WebSocket, nowMs: number, onMessage: (message: ClientMessage) => void) {
    this.#socket = socket;
    this.openedMs = nowMs;
    this.#progressMs = nowMs;
    this.#pingMs = nowMs;
    socket.on('pong', () => {
      this.#isAnswered = true;
    });
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary, onMessage));
  }

  /** Whether a delta or event may be sent; if not, it is behind from now on. */
  canFollow(): boolean {
    const unread = this.#socket.bufferedAmount;
    if (unread <= BEHIND_BYTES) this.#snapshotBytes = 0;
    if (unread > BEHIND_BYTES + this.#snapshotBytes) this.isBehind = true;
    return !this.isBehind;
  }

  /** Whether a whole snapshot is due and can be sent. */
  canCatchUp(): boolean {
    return (this.isBehind || this.wantsSnapshot) && this.#socket.bufferedAmount <= CAUGHT_UP_BYTES;
  }

  send(message: string): void {
    const bytes = Buffer.from(message);
    this.#sentBytes += bytes.length;
    this.#socket.send(bytes, { binary: false });
  }

  /** A snapshot of all its topics, or of some more. */
  sendSnapshot(message: string, isWhole: boolean, nowMs: number): void {
    if (isWhole) {
      this.isBehind = false;
      this.wantsSnapshot = false;
      this.snapshotMs = nowMs;
    }
    this.#snapshotBytes += message.length;
    this.send(message);
  }

  /** Once a second: pings, and cuts one that holds too much, stands still or is gone. */
  watch(nowMs: number): void {
    this.#messages = 0;
    const unread = this.#socket.bufferedAmount;
    const flushed = this.#sentBytes - unread;
    if (unread === 0 || flushed > this.#flushedBytes) {
      this.#flushedBytes = Math.max(flushed, this.#flushedBytes);
      this.#progressMs = nowMs;
    }
    const isTooMuch = unread > MAX_UNREAD_BYTES + this.#snapshotBytes;
    if (isTooMuch || nowMs - this.#progressMs >= STALLED_MS) return this.#socket.terminate();
    if (nowMs - this.#pingMs < PING_MS) return;
    // A pong cannot be asked of a page that has not read so far yet.
    if (!this.#isAnswered && unread === 0) return this.#socket.terminate();
    this.#isAnswered = false;
    this.#pingMs = nowMs;
    this.#socket.ping();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: RawData, isBinary: boolean, onMessage: (message: ClientMessage) => void): void {
    this.#isAnswered = true;
    this.#messages++;
    const message = isBinary || this.#messages > MAX_MESSAGES_A_SECOND ? null : readClientMessage(String(data));
    if (message === null) this.close(POLICY_VIOLATION, 'hello, topics and resync are understood here');
    else onMessage(message);
  }
}
