/**
 * The store: changes made at run time, kept in a file so that they survive a restart.
 *
 * The file is replaced whole and never written in place (temporary file, fsync, rename, fsync of
 * the directory), so that at every moment the old or the new one is there. One that cannot be
 * understood is set aside as `.bad` and told; the process then starts from the config alone. A
 * disk that is full or read-only costs a warning and nothing else.
 */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, SYSTEM_CLOCK, type Timer } from './clock.ts';
import type { Journal } from './journal.ts';
import { NO_CHANGES, type RuntimeChanges } from './runtime-changes.ts';
import { formatStateFile, readStateFile } from './state-file.ts';

/** Changes that nobody waits for are gathered for so long. */
const DEBOUNCE_MS = 200;

export interface StoreOptions {
  /** Null keeps nothing. */
  readonly path: string | null;
  readonly journal: Journal;
  readonly clock?: Clock;
}

export class Store {
  readonly #path: string | null;
  readonly #journal: Journal;
  readonly #clock: Clock;
  #wanted = '';
  #written = formatStateFile(NO_CHANGES);
  #timer: Timer | null = null;
  /** Writes follow one another; each takes what is wanted when its turn comes. */
  #lastWrite: Promise<void> = Promise.resolve();
  #hasFailed = false;

  constructor(options: StoreOptions) {
    this.#path = options.path;
    this.#journal = options.journal;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
  }

  /** What an earlier process has kept. Never rejects. */
  async load(): Promise<RuntimeChanges> {
    if (this.#path === null) return NO_CHANGES;
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (!isMissing(error)) this.#warn('state-read-failed', `cannot read ${this.#path}: ${messageOf(error)}`);
      return NO_CHANGES;
    }
    const reading = readStateFile(text);
    if (reading.isRead) {
      this.#written = formatStateFile(reading.changes);
      return reading.changes;
    }
    await this.#setAside(this.#path, reading.problem);
    return NO_CHANGES;
  }

  /** Takes note of the changes that shall be kept; they are on disk a moment later. */
  keep(changes: RuntimeChanges): void {
    this.#wanted = formatStateFile(changes);
    if (this.#path === null || this.#wanted === this.#written) return;
    this.#timer ??= this.#clock.after(DEBOUNCE_MS, () => void this.persist());
  }

  /** Resolves when what was noted before the call is on disk, or could not be written. Never rejects. */
  persist(): Promise<void> {
    this.#timer?.clear();
    this.#timer = null;
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#lastWrite;
    this.#lastWrite = promise;
    void before.then(() => this.#write()).then(resolve);
    return promise;
  }

  async #write(): Promise<void> {
    const text = this.#wanted;
    const hasNothingNew = text === '' || text === this.#written;
    if (this.#path === null || hasNothingNew) return;
    try {
      await replaceFile(this.#path, text);
      this.#written = text;
      if (this.#hasFailed) this.#tell('good', 'state-write-recovered', `changes are kept in ${this.#path} again`);
      this.#hasFailed = false;
    } catch (error) {
      // Told once until it works again; each later change tries anew.
      if (!this.#hasFailed) {
        const text = `cannot write ${this.#path}: ${messageOf(error)}; changes made at run time will not survive a restart`;
        this.#warn('state-write-failed', text);
      }
      this.#hasFailed = true;
    }
  }

  async #setAside(path: string, problem: string): Promise<void> {
    const aside = `${path}.bad`;
    try {
      await rename(path, aside);
      this.#warn('state-file-bad', `${path}: ${problem}; it is set aside as ${aside}, and the config file alone holds`);
    } catch (error) {
      this.#warn('state-file-bad', `${path}: ${problem}; it cannot be set aside: ${messageOf(error)}`);
    }
  }

  #warn(kind: string, text: string): void {
    this.#tell('warning', kind, text);
  }

  #tell(level: 'good' | 'warning', kind: string, text: string): void {
    this.#journal.add({ level, kind, subject: '', text, origin: 'state file' });
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  const directory = await open(dirname(path), 'r');
  try {
    // The rename itself is on disk only with its directory.
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
