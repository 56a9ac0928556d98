/**
 * The file that says which process serves: one line, its number. Written by whoever serves, and
 * replaced whole, so that a reader finds the old number or the new one and never half of one.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

export class PidFile {
  readonly #path: string;
  readonly #temporary: string;

  /** Throws where it cannot be written: better before anything has started than after. */
  constructor(path: string) {
    this.#path = path;
    this.#temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(this.#temporary, `${process.pid}\n`);
  }

  /** This process serves from now on. */
  write(): void {
    writeFileSync(this.#temporary, `${process.pid}\n`);
    renameSync(this.#temporary, this.#path);
  }

  /** Removes it, unless another process has written it since. Never throws. */
  remove(): void {
    try {
      rmSync(this.#temporary, { force: true });
      if (readFileSync(this.#path, 'utf8') === `${process.pid}\n`) rmSync(this.#path);
    } catch {
      // It is not there, or no longer ours to touch.
    }
  }
}
