/**
 * The access log of a worker: lines go out in the background, never in the way of a request.
 *
 * Lines are gathered and added to the file a few times a second. All workers add to the same
 * file, each with whole lines in one write (`O_APPEND`), so that lines are never mixed. What the
 * disk cannot take is dropped and counted: memory stays bounded, and traffic goes on.
 */
import { closeSync, openSync, write, writeSync } from 'node:fs';
import type { Plan } from '../protocol/worker.ts';
import { combinedLine, jsonLine, type LogEntry } from './access-log-line.ts';

const FLUSH_MS = 100;
/** Characters that may wait to be written. */
const MAX_WAITING = 1024 * 1024;
const STANDARD_OUTPUT = 1;

export class AccessLog {
  readonly settings: NonNullable<Plan['accessLog']>;
  readonly #fd: number;
  readonly #onDropped: () => void;
  readonly #timer: NodeJS.Timeout;
  #waiting = '';
  #isWriting = false;
  #isClosed = false;
  readonly #closed = Promise.withResolvers<void>();

  /** Throws where the file cannot be opened. */
  constructor(settings: NonNullable<Plan['accessLog']>, onDropped: () => void) {
    this.settings = settings;
    this.#onDropped = onDropped;
    this.#fd = settings.path === '-' ? STANDARD_OUTPUT : openSync(settings.path, 'a', 0o640);
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS);
  }

  add(entry: LogEntry): void {
    const line = this.settings.format === 'json' ? jsonLine(entry) : combinedLine(entry);
    if (this.#waiting.length + line.length > MAX_WAITING) return this.#onDropped();
    this.#waiting += line;
  }

  #flush(): void {
    if (this.#isWriting || this.#waiting === '') return;
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    this.#isWriting = true;
    this.#write(bytes, 0);
  }

  #write(bytes: Buffer, start: number): void {
    write(this.#fd, bytes, start, bytes.length - start, null, (error, written) => {
      const next = start + written;
      if (error !== null) this.#dropped(bytes, start);
      else if (next < bytes.length) return this.#write(bytes, next);
      this.#isWriting = false;
      if (this.#isClosed) this.#finish();
    });
  }

  #dropped(bytes: Buffer, start: number): void {
    for (let at = bytes.indexOf(0x0a, start); at !== -1; at = bytes.indexOf(0x0a, at + 1)) this.#onDropped();
  }

  /** Writes what waits, without delay, and closes the file. Resolves when no line can be lost any more. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      clearInterval(this.#timer);
      if (!this.#isWriting) this.#finish();
    }
    return this.#closed.promise;
  }

  #finish(): void {
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    try {
      writeSync(this.#fd, bytes);
      if (this.#fd !== STANDARD_OUTPUT) closeSync(this.#fd);
    } catch {
      this.#dropped(bytes, 0);
    }
    this.#closed.resolve();
  }
}
