/**
 * A connection as the data plane uses it: reads into a shared buffer, writes gathered.
 *
 * What is common to its two kinds, `handle-wire.ts` and `socket-wire.ts`; nothing here knows HTTP.
 *
 * 1. Reads go into one buffer that all connections of the worker share, not into a fresh one each.
 *    What a reader wants to keep it copies.
 * 2. A wire that carries a large body gets a larger buffer of its own (`relay-buffers.ts`). Its bytes
 *    are written to the other side as they lie: if the kernel takes them all, the buffer is free
 *    for the next read; if not, the reader pauses until they are gone. Nothing is copied.
 * 3. Smaller bodies, which lie in the shared buffer, are copied once behind the text before them, to
 *    a place that stays in the cache, and go out in one `write` of one piece.
 * 4. Text to be written in one turn of the event loop is gathered and goes out in one `write` of
 *    one latin1 string, all wires of the turn together, after every read of the turn.
 */
import { areRelayBuffersShort, lendRelayBuffer, returnRelayBuffer } from './relay-buffers.ts';

const SHARED_BYTES = 64 * 1024;
/** Bytes handed to the kernel's queue and not yet taken, above which the source is paused. */
export const HIGH_WATER_BYTES = 64 * 1024;
/** Bodies up to this size are gathered with their head as text. */
export const GATHER_BYTES = 8 * 1024;

/** Bodies beyond this size have their wire read into a buffer of its own; smaller ones are copied once. */
export const RELAY_BYTES = 32 * 1024;
/** For such a body and the text before it: what one write holds where the kernel does not take it. */
const COPY_BYTES = RELAY_BYTES + 8 * 1024;

/** What all wires without a buffer of their own read into. */
export const SHARED = Buffer.allocUnsafeSlow(SHARED_BYTES);

/** The owner of a wire: what it reads and what becomes of it. */
export interface WireOwner {
  /** Bytes `start` to `end` of `buffer` have come; they are gone when this returns. */
  onBytes(buffer: Buffer, start: number, end: number): void;
  /** The other side has ended its direction. */
  onEnd(): void;
  /** The kernel has taken what made a write answer false. */
  onDrain(): void;
  /** Only for wires that were opened from here. */
  onConnect(): void;
  /** The connection is gone; `error` is null where it was closed in order. */
  onClose(error: Error | null): void;
}

export const NOBODY: WireOwner = {
  onBytes: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onConnect: () => undefined,
  onClose: () => undefined,
};

/** Where the next copy is made: the same place again, unless the kernel has not taken all of the last one. */
let copy = Buffer.allocUnsafeSlow(COPY_BYTES);

// Emptied by its count: to set the length of an array is a call into the engine, for each turn.
const queued: (Wire | null)[] = [];
let queuedCount = 0;

function flushQueued(): void {
  // A flush may queue other wires: they go out in the same round.
  for (let index = 0; index < queuedCount; index++) {
    const wire = queued[index];
    queued[index] = null;
    wire?.endTurn();
  }
  queuedCount = 0;
}

export abstract class Wire {
  owner: WireOwner = NOBODY;
  relayBuffer: Buffer | null = null;
  isPaused = false;
  isEnded = false;
  isClosed = false;
  /** Writes handed on so far: whether it moved tells sent from unsent. */
  writeCount = 0;
  /** Bytes written whose write the kernel has not taken whole. */
  pendingBytes = 0;
  #text = '';
  #isQueued = false;
  #endsAfterText = false;
  #isFinishing = false;
  #isReleased = false;
  /** The source waits for the large writes to be taken. */
  #isAwaited = false;
  #error: Error | null = null;

  /** IP address of the other side; `unknown` once it is gone. */
  abstract readonly address: string;
  /** A figure that falls whenever the kernel takes anything, and that only more writes can raise. */
  abstract readonly untakenBytes: number;
  /** Writes text, one byte a character, and then `bytes` as they lie; sets `pendingBytes`. */
  protected abstract send(text: string, bytes: Buffer | null): void;
  protected abstract startReading(): void;
  protected abstract stopReading(): void;
  /** Ends this direction after what was sent. */
  protected abstract shut(): void;
  /** Gives the connection up; `closed` follows, later. */
  protected abstract release(isReset: boolean): void;

  /** Adds text, one byte a character, to what goes out at the end of this turn. */
  writeText(text: string): void {
    this.#text += text;
    this.#queue();
  }

  /**
   * Writes bytes `start` to `end` of `buffer`, after the text so far.
   * @returns false if the source should pause until `onDrain`
   */
  writeBytes(buffer: Buffer, start: number, end: number, source: Wire): boolean {
    if (this.isClosed) return true;
    if (end - start <= GATHER_BYTES && this.#text.length + end - start <= GATHER_BYTES * 2) {
      this.#text += buffer.toString('latin1', start, end);
      this.#queue();
      return this.pendingBytes <= HIGH_WATER_BYTES;
    }
    const isOwn = buffer === source.relayBuffer;
    const text = this.#text;
    this.#text = '';
    this.writeCount++;
    // Not behind what is pending, where nothing is taken at once: a copy of its own size holds less.
    const isCopied = !isOwn && this.pendingBytes === 0 && text.length + end - start <= COPY_BYTES;
    if (isCopied) this.#sendCopy(text, buffer, start, end);
    else this.send(text, isOwn ? buffer.subarray(start, end) : Buffer.from(buffer.subarray(start, end)));
    if (this.pendingBytes === 0) return true;
    // The kernel still reads from the source's own buffer: not a byte may be read into it.
    this.#isAwaited = isOwn || this.pendingBytes > HIGH_WATER_BYTES;
    return !this.#isAwaited;
  }

  /** Writes `text` and what must not stay where it lies, in one piece. */
  #sendCopy(text: string, buffer: Buffer, start: number, end: number): void {
    const textBytes = text === '' ? 0 : copy.write(text, 0, 'latin1');
    buffer.copy(copy, textBytes, start, end);
    this.send('', copy.subarray(0, textBytes + end - start));
    if (this.pendingBytes > 0) copy = Buffer.allocUnsafeSlow(COPY_BYTES);
  }

  /** Ends this direction once all that was written has gone out. */
  end(): void {
    this.#endsAfterText = true;
    this.#queue();
  }

  /**
   * Closes once all that was written is with the kernel. Only for where the other side will send
   * nothing more: what it sends to a closed connection would cost it what it has not read yet.
   */
  finish(): void {
    this.#isFinishing = true;
    this.end();
  }

  /** Once in a turn in which there was anything to write or to tell. */
  endTurn(): void {
    this.#isQueued = false;
    if (this.#isReleased) this.closed();
    else this.flush();
  }

  /** Writes out the text gathered so far. */
  flush(): void {
    if (this.isClosed) return;
    if (this.#text !== '') {
      const text = this.#text;
      this.#text = '';
      this.writeCount++;
      this.send(text, null);
    }
    if (this.#endsAfterText && !this.isEnded) {
      this.isEnded = true;
      if (this.isClosed) return;
      if (this.#isFinishing && this.pendingBytes === 0) this.destroy();
      else this.shut();
    }
  }

  #queue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    if (queuedCount === 0) setImmediate(flushQueued);
    queued[queuedCount++] = this;
  }

  /** Stops reading; what the kernel holds stays there. */
  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    if (!this.isClosed) this.stopReading();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (!this.isClosed) this.startReading();
  }

  /** Gives this wire a read buffer of its own, from its next read on. */
  beginRelay(): void {
    this.relayBuffer ??= lendRelayBuffer();
  }

  /**
   * Between two messages. The next one is likely to be as large as the last, so a buffer that
   * is free stays, as long as there are not too many.
   * @param isFree whether nothing of it is still to be written anywhere
   */
  restRelay(isFree: boolean): void {
    if (!isFree || areRelayBuffersShort()) this.endRelay(isFree);
  }

  /**
   * Takes the read buffer back.
   * @param isFree whether nothing of it is still to be written anywhere
   */
  endRelay(isFree: boolean): void {
    const buffer = this.relayBuffer;
    if (buffer === null) return;
    this.relayBuffer = null;
    returnRelayBuffer(buffer, isFree);
  }

  /** Closes at once; text not written out yet is lost. `onClose` follows. */
  destroy(): void {
    this.#close(false);
  }

  /** Closes with a reset, so that the other side cannot take what it has for the whole. */
  reset(): void {
    this.#close(true);
  }

  #close(isReset: boolean): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.release(isReset);
  }

  /** For the two kinds: the kernel has taken all but `pendingBytes`. */
  protected taken(pendingBytes: number): void {
    const hadPending = this.pendingBytes > 0;
    this.pendingBytes = pendingBytes;
    if (pendingBytes > 0 || !hadPending || this.isClosed) return;
    this.#isAwaited = false;
    this.owner.onDrain();
  }

  /** For the two kinds: it cannot go on. */
  protected failed(error: Error): void {
    this.#error ??= error;
    this.#close(false);
  }

  /** For the two kinds: the connection is gone at the end of this turn. */
  protected released(): void {
    this.#isReleased = true;
    this.#queue();
  }

  /** For the two kinds: the connection is gone. */
  protected closed(): void {
    this.#isReleased = false;
    this.isClosed = true;
    this.endRelay(false);
    const { owner } = this;
    this.owner = NOBODY;
    owner.onClose(this.#error);
  }
}
