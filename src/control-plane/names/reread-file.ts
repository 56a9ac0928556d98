/**
 * A text file that belongs to the system and may change at any time, such as /etc/hosts: parsed
 * once, and again when it has changed. Used by the name lookup.
 *
 * It is looked at when somebody asks, at most once a second, and never in a way that blocks the
 * event loop. A file that is missing or cannot be read is an empty one: a balancer without
 * /etc/hosts still serves.
 */
import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../clock.ts';

const MIN_AGE_MS = 1_000;

export class RereadFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  readonly #clock: Clock;
  #value: T;
  /** What the file looked like from outside when it was read; null before that. */
  #stamp: string | null = null;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #look: Promise<void> = Promise.resolve();

  constructor(path: string, parse: (text: string) => T, clock: Clock) {
    this.#path = path;
    this.#parse = parse;
    this.#clock = clock;
    this.#value = parse('');
  }

  /** The same object until the file changes. Never rejects. */
  async value(): Promise<T> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lookedMs >= MIN_AGE_MS) {
      this.#lookedMs = nowMs;
      this.#look = this.#refresh();
    }
    await this.#look;
    return this.#value;
  }

  async #refresh(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#path);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (stamp === this.#stamp) return;
      const text = await readFile(this.#path, 'utf8');
      this.#value = this.#parse(text);
      this.#stamp = stamp;
    } catch {
      if (this.#stamp !== null) this.#value = this.#parse('');
      this.#stamp = null;
    }
  }
}
