/**
 * Where a harness part leaves what must be undone when a test ends. A `TestContext` is one; a
 * runner that starts things for many tests keeps its own `CleanupList`.
 */
export interface Cleanup {
  after(undo: () => void | Promise<void>): void;
}

/** Undoes in reverse order, all of it, and then throws the first error that came up. */
export class CleanupList implements Cleanup {
  readonly #undos: (() => void | Promise<void>)[] = [];

  after(undo: () => void | Promise<void>): void {
    this.#undos.push(undo);
  }

  async run(): Promise<void> {
    const errors: unknown[] = [];
    for (const undo of this.#undos.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
