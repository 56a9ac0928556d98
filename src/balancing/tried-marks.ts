/**
 * Answers "has this exchange tried that backend?" in constant time, for one picker.
 *
 * `tried` is nearly always empty and then costs nothing. It can also grow to the whole pool: when
 * every backend is full, an exchange finds that out one pick at a time. Looking each candidate up
 * in the list would make that cubic (1,000 full backends: half a second), so the list is turned
 * into marks first, and a mark is valid only while it equals the current stamp, so that nothing
 * has to be cleared. Called by the policies; one object a picker, since it is reused.
 */
export class TriedMarks {
  readonly #stamps: Uint32Array;
  #stamp = 1;

  constructor(candidates: readonly number[]) {
    let highest = 0;
    for (const backend of candidates) if (backend > highest) highest = backend;
    this.#stamps = new Uint32Array(highest + 1);
  }

  /** Marks these backends and forgets the ones of the call before. */
  mark(tried: readonly number[]): void {
    this.#stamp = (this.#stamp + 1) >>> 0;
    if (this.#stamp === 0) {
      this.#stamps.fill(0);
      this.#stamp = 1;
    }
    // A backend that is no candidate any more may lie beyond the end: that write has no effect.
    for (let index = 0; index < tried.length; index++) this.#stamps[tried[index] ?? 0] = this.#stamp;
  }

  /** Whether the last `mark` held this candidate. */
  has(backend: number): boolean {
    return this.#stamps[backend] === this.#stamp;
  }
}
