/**
 * The times of one ring: when each of its entries was written. One axis serves the columns of all
 * pools and backends, since all are sampled in the same moment.
 *
 * Times only ascend. A time that was not sampled is not there at all, so that a chart can show the
 * gap. When the wall clock was set back, what now lies in the future is dropped.
 */
export class Axis {
  readonly stepSeconds: number;
  readonly capacity: number;
  readonly #at: Float64Array;
  #next = 0;
  #length = 0;

  constructor(stepSeconds: number, capacity: number) {
    this.stepSeconds = stepSeconds;
    this.capacity = capacity;
    this.#at = new Float64Array(capacity);
  }

  get lastAt(): number {
    return this.#length === 0 ? Number.NEGATIVE_INFINITY : this.#atBack(1);
  }

  /** Adds a time; answers the place of its values in the columns. */
  push(at: number): number {
    while (this.#length > 0 && this.#atBack(1) >= at) {
      this.#next = (this.#next + this.capacity - 1) % this.capacity;
      this.#length--;
    }
    const place = this.#next;
    this.#at[place] = at;
    this.#next = (place + 1) % this.capacity;
    this.#length = Math.min(this.#length + 1, this.capacity);
    return place;
  }

  /** The places of the times from `from` to `to`, both included, oldest first. */
  places(from: number, to: number): number[] {
    const places: number[] = [];
    for (let back = this.#length; back >= 1; back--) {
      const at = this.#atBack(back);
      if (at >= from && at <= to) places.push((this.#next + this.capacity - back) % this.capacity);
    }
    return places;
  }

  at(place: number): number {
    return this.#at[place] ?? 0;
  }

  /** How many entries ago this place was written; 1 is the last. */
  ageOf(place: number): number {
    return ((this.#next - place + this.capacity - 1) % this.capacity) + 1;
  }

  /** The time `back` entries ago; 1 is the last. */
  #atBack(back: number): number {
    return this.#at[(this.#next + this.capacity - back) % this.capacity] ?? 0;
  }
}
