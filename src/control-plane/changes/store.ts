/**
 * The store: changes made at run time, kept in a file so that they survive a restart.
 *
 * The file is replaced whole and never written in place (temporary file, fsync, rename, fsync of
 * the directory), so that at every moment the old or the new one is there. One that cannot be
 * understood or read is set aside as `.bad` and told; the process then starts from the config
 * alone. A disk that is full or read-only costs a warning and nothing else: writing is tried again
 * every 5 s, and whoever waits for a change to be kept hears that it is not.
 */
import { readFile, rename } from 'node:fs/promises';
import { type Clock, SYSTEM_CLOCK, type Timer } from '../clock.ts';
import type { Journal } from '../journal.ts';
import { stageFile } from '../reload/staged-file.ts';
import { NO_CHANGES, type RuntimeChanges } from './runtime-changes.ts';
import { formatStateFile, readStateFile } from './state-file.ts';

/** Changes that nobody waits for are gathered for so long. */
const DEBOUNCE_MS = 200;
/** Until what could not be written is tried again, where no change comes before. */
const RETRY_MS = 5_000;

export interface StoreOptions {
  /** Null keeps nothing. */
  readonly path: string | null;
  readonly journal: Journal;
  readonly clock?: Clock;
  /** Replaces the file by one of this text, whole or not at all; another one in tests. */
  readonly replace?: (path: string, text: string) => Promise<void>;
}

/** Why changes are not kept where nobody has asked for it. */
const NO_FILE = 'there is no state file: changes made at run time are kept in memory only';

export class Store {
  readonly #path: string | null;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #replace: (path: string, text: string) => Promise<void>;
  #wanted = '';
  #written = formatStateFile(NO_CHANGES);
  #timer: Timer | null = null;
  /** Another process may write the file. */
  #isHeld = false;
  /** Writes follow one another; each takes what is wanted when its turn comes. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  /** Why the last write failed; null where it did not. */
  #failure: string | null = null;

  constructor(options: StoreOptions) {
    this.#path = options.path;
    this.#journal = options.journal;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#replace = options.replace ?? replaceFile;
  }

  /** Where changes are kept, and why they are not; `problem` is null where they are. */
  get status(): { readonly path: string | null; readonly problem: string | null } {
    return { path: this.#path, problem: this.#path === null ? NO_FILE : this.#failure };
  }

  /** What an earlier process has kept. Never rejects. */
  async load(): Promise<RuntimeChanges> {
    if (this.#path === null) return NO_CHANGES;
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      // It may hold something all the same: the next write must not take its place.
      if (codeOf(error) !== 'ENOENT') await this.#setAside(this.#path, `it cannot be read: ${messageOf(error)}`);
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

  /** What another process has handed over, as the text of a state file; null where that cannot be read. */
  adopt(text: string): RuntimeChanges | null {
    const reading = readStateFile(text);
    if (reading.isRead) return reading.changes;
    this.#warn('state-not-taken-over', `${reading.problem}; the state file holds instead`);
    return null;
  }

  /** Nothing is written from here on; a write that is under way comes to its end. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Writes again, beginning with what has been noted meanwhile. */
  release(): void {
    this.#isHeld = false;
    void this.persist();
  }

  /** Takes note of the changes that shall be kept; they are on disk a moment later. */
  keep(changes: RuntimeChanges): void {
    this.#wanted = formatStateFile(changes);
    if (this.#path === null || this.#wanted === this.#written) return;
    this.#timer ??= this.#clock.after(DEBOUNCE_MS, () => void this.persist());
  }

  /**
   * Resolves with null when what was noted before the call is on disk, or else with the reason why
   * it is not. Never rejects.
   */
  persist(): Promise<string | null> {
    this.#timer?.clear();
    this.#timer = null;
    const write = this.#lastWrite.then(() => this.#write());
    this.#lastWrite = write;
    return write;
  }

  async #write(): Promise<string | null> {
    const text = this.#isHeld ? '' : this.#wanted;
    if (this.#path === null) return NO_FILE;
    if (text === '' || text === this.#written) return null;
    const hadFailed = this.#failure !== null;
    try {
      await this.#replace(this.#path, text);
      this.#written = text;
      this.#failure = null;
      if (hadFailed) this.#tell('good', 'state-write-recovered', `changes are kept in ${this.#path} again`);
    } catch (error) {
      this.#failure = `cannot write ${this.#path}: ${messageOf(error)}; changes made at run time will not survive a restart`;
      // Told once until it works again.
      if (!hadFailed) this.#warn('state-write-failed', this.#failure);
      this.#timer ??= this.#clock.after(RETRY_MS, () => void this.persist());
    }
    return this.#failure;
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

/** Temporary file, fsync, rename, fsync of the directory. A failure leaves the old file as it is. */
async function replaceFile(path: string, text: string): Promise<void> {
  const staged = await stageFile(path, text, { mode: 0o600 });
  try {
    staged.commit();
  } catch (error) {
    await staged.discard();
    throw error;
  }
  await staged.sync();
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
