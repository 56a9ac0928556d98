/**
 * Who wants to be told of something that happens inside the control plane.
 */
export class Listeners<Happening = void> {
  readonly #listeners = new Set<(happening: Happening) => void>();

  /** Answers how to stop being told. */
  add(listener: (happening: Happening) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Returns when all have been told. One that is added meanwhile is told the next time. */
  tell(happening: Happening): void {
    for (const listener of [...this.#listeners]) listener(happening);
  }
}
