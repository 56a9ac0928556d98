/**
 * The last warnings and errors of the log, as they were written, for the support bundle. Made by
 * the command line as a second stream of the log; it only remembers.
 */

const LINES = 200;
/** Longer lines, such as one with a stack and a whole request, are cut. */
const MAX_LENGTH = 4_000;

export class LogTail {
  #lines: string[] = [];

  /** One line, with its end. */
  write(line: string): void {
    this.#lines.push(line.trimEnd().slice(0, MAX_LENGTH));
    // Cut in batches, so that writing stays cheap.
    if (this.#lines.length > LINES * 2) this.#lines = this.#lines.slice(-LINES);
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines.slice(-LINES);
  }
}
