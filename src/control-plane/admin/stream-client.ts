/**
 * One page on the live channel, and how fast it reads.
 *
 * Used by `stream.ts` only. Nothing is ever queued for a page that reads too slowly: what it has
 * not read stays within a bound, deltas and events are left out meanwhile, and when it has caught
 * up it gets a fresh snapshot. One that stands still is cut.
 */
import type { RawData, WebSocket } from 'ws';

/** More unread bytes than this, beside a snapshot on its way, and deltas are left out. */
export const BEHIND_BYTES = 256 * 1024;
/** No more than this, and the page has caught up. */
const CAUGHT_UP_BYTES = 16 * 1024;
/** No page may ever hold more memory than this, beside a snapshot on its way. */
export const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
export const STALLED_MS = 30_000;
export const PING_MS = 20_000;
/** A page says nothing but `resync`. */
const MAX_MESSAGES_A_SECOND = 20;
const POLICY_VIOLATION = 1008;

export class StreamClient {
  /** True while it has missed something: only a snapshot may be sent. */
  isBehind = false;
  /** True when it has asked for a snapshot. */
  wantsSnapshot = false;
  /** When its last snapshot was sent. */
  snapshotMs = Number.NEGATIVE_INFINITY;
  readonly #socket: WebSocket;
  #sentBytes = 0;
  /** Bytes of the last snapshot that may be unread without the page being slow. */
  #snapshotBytes = 0;
  #flushedBytes = 0;
  #progressMs: number;
  #pingMs: number;
  #isAnswered = true;
  #messages = 0;

  constructor(socket: WebSocket, nowMs: number, onResync: () => void) {
    this.#socket = socket;
    this.#progressMs = nowMs;
    this.#pingMs = nowMs;
    socket.on('pong', () => {
      this.#isAnswered = true;
    });
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary, onResync));
  }

  /** Whether a delta or event may be sent; if not, it is behind from now on. */
  canFollow(): boolean {
    const unread = this.#socket.bufferedAmount;
    if (unread <= BEHIND_BYTES) this.#snapshotBytes = 0;
    if (unread > BEHIND_BYTES + this.#snapshotBytes) this.isBehind = true;
    return !this.isBehind;
  }

  /** Whether a snapshot is due and can be sent. */
  canCatchUp(): boolean {
    return (this.isBehind || this.wantsSnapshot) && this.#socket.bufferedAmount <= CAUGHT_UP_BYTES;
  }

  send(message: Buffer): void {
    this.#sentBytes += message.length;
    this.#socket.send(message, { binary: false });
  }

  sendSnapshot(message: Buffer, nowMs: number): void {
    this.isBehind = false;
    this.wantsSnapshot = false;
    this.snapshotMs = nowMs;
    this.#snapshotBytes = message.length;
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

  #receive(data: RawData, isBinary: boolean, onResync: () => void): void {
    this.#isAnswered = true;
    this.#messages++;
    if (isBinary || this.#messages > MAX_MESSAGES_A_SECOND || !isResync(String(data))) {
      this.close(POLICY_VIOLATION, 'only {"op":"resync"} is understood here');
      return;
    }
    this.wantsSnapshot = true;
    onResync();
  }
}

function isResync(text: string): boolean {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === 'object' && message !== null && 'op' in message && message.op === 'resync';
  } catch {
    return false;
  }
}
