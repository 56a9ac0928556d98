/**
 * The values of one subject in one ring: a few columns of Float32, in chunks that are made when
 * something first happens in them. What has never had a request costs nothing.
 *
 * The values of one moment lie side by side: writing them touches one line of the cache, and the
 * sampler writes a thousand times a second what a chart reads now and then.
 *
 * NaN stands for null: nothing measured, or the subject did not exist.
 */
export class Columns {
  readonly #idle: readonly number[];
  readonly #capacity: number;
  readonly #chunkLength: number;
  readonly #chunks: (Float32Array | null)[];

  /** @param idle what each column holds while nothing happens: 0 or NaN */
  constructor(idle: readonly number[], capacity: number, chunkLength: number) {
    if (capacity % chunkLength !== 0) throw new Error(`chunks of ${chunkLength} do not fill ${capacity}`);
    this.#idle = idle;
    this.#capacity = capacity;
    this.#chunkLength = chunkLength;
    this.#chunks = new Array<Float32Array | null>(capacity / chunkLength).fill(null);
  }

  get bytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + (chunk?.byteLength ?? 0), 0);
  }

  /** `place` as the axis gave it; a ring that is shorter than its axis goes round more often. */
  write(place: number, values: ArrayLike<number>): void {
    const at = place % this.#capacity;
    const index = Math.floor(at / this.#chunkLength);
    let chunk = this.#chunks[index] ?? null;
    if (chunk === null) {
      if (this.#isIdle(values)) return;
      chunk = this.#newChunk();
      this.#chunks[index] = chunk;
    }
    const first = (at % this.#chunkLength) * this.#idle.length;
    for (let column = 0; column < this.#idle.length; column++) chunk[first + column] = values[column] ?? Number.NaN;
  }

  read(column: number, place: number): number {
    const at = place % this.#capacity;
    const chunk = this.#chunks[Math.floor(at / this.#chunkLength)] ?? null;
    if (chunk === null) return this.#idle[column] ?? Number.NaN;
    return chunk[(at % this.#chunkLength) * this.#idle.length + column] ?? Number.NaN;
  }

  #isIdle(values: ArrayLike<number>): boolean {
    for (let column = 0; column < this.#idle.length; column++) {
      if (!Object.is(values[column], this.#idle[column])) return false;
    }
    return true;
  }

  /** By copies of what is there already: a loop over all values is long enough to wake the optimizing compiler, 5 MB. */
  #newChunk(): Float32Array {
    const chunk = new Float32Array(this.#idle.length * this.#chunkLength);
    chunk.set(this.#idle);
    for (let done = this.#idle.length; done < chunk.length; done *= 2) chunk.copyWithin(done, 0, done);
    return chunk;
  }
}
