/**
 * The configs that were in force, with their texts, so that one can go back: the latest 20, in
 * memory. The reloader adds to it; the config editor reads it.
 *
 * Texts hold secrets as they stand in the file. They are never written anywhere else, and nobody
 * outside sees them but through `hidden-secrets.ts`.
 */
import { type Clock, SYSTEM_CLOCK } from '../clock.ts';
import type { LoadedText } from './reload.ts';

const MAX_REVISIONS = 20;
/** Of all texts together; the one in force is kept in any case. */
const MAX_TEXT_UNITS = 8 * 1024 * 1024;
/** Words for each revision. */
const MAX_CHANGES = 100;

export interface ConfigRevision extends LoadedText {
  /** From 1, counted from the start of the process. */
  readonly id: number;
  readonly atMs: number;
}

export class ConfigRevisions {
  readonly #clock: Clock;
  #kept: ConfigRevision[] = [];
  #nextId = 1;

  constructor(clock: Clock = SYSTEM_CLOCK) {
    this.#clock = clock;
  }

  /** One that changes nothing and has the same text is none. */
  add(loaded: LoadedText): void {
    const { changes } = loaded;
    if (changes.length === 0 && loaded.hash === this.current?.hash) return;
    const more = changes.length - MAX_CHANGES;
    const words = more > 0 ? [...changes.slice(0, MAX_CHANGES), `and ${more} more`] : changes;
    this.#kept.push({ ...loaded, changes: words, id: this.#nextId++, atMs: this.#clock.wallMs() });
    while (this.#kept.length > 1 && (this.#kept.length > MAX_REVISIONS || this.#units() > MAX_TEXT_UNITS)) {
      this.#kept.shift();
    }
  }

  /** Newest first. */
  list(): readonly ConfigRevision[] {
    return this.#kept.toReversed();
  }

  find(id: number): ConfigRevision | null {
    return this.#kept.find((revision) => revision.id === id) ?? null;
  }

  /** The one in force; null where the config did not come from a file. */
  get current(): ConfigRevision | null {
    return this.#kept.at(-1) ?? null;
  }

  /** Whether this very text was in force, so that what it says was said by a file. */
  hasText(text: string): boolean {
    return this.#kept.some((revision) => revision.text === text);
  }

  #units(): number {
    return this.#kept.reduce((sum, { text }) => sum + text.length, 0);
  }
}
