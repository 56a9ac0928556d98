/**
 * The app, loaded when something of it is first asked for. Used by `server.ts`.
 *
 * Many a balancer is only probed and scraped, and every one has its first answer to give: without
 * the app a start takes 60 ms less, and 10 MB less are in memory until somebody looks. The first
 * request waits for it about as long.
 */
import type { App } from './app.ts';

export class LateApp {
  readonly #make: () => Promise<App>;
  #making: Promise<App> | null = null;
  #app: App | null = null;
  #isClosed = false;

  constructor(make: () => Promise<App>) {
    this.#make = make;
  }

  /** Rejects where it cannot be made, such as when the program is gone from the disk; the next call tries again. */
  load(): Promise<App> {
    this.#making ??= this.#load();
    return this.#making;
  }

  /** Closes live channels. What is loaded after this has none. */
  close(): void {
    this.#isClosed = true;
    this.#app?.close();
  }

  /** Ends the live channels that have not closed by themselves. */
  terminate(): void {
    this.#app?.terminate();
  }

  async #load(): Promise<App> {
    try {
      this.#app = await this.#make();
    } catch (error) {
      this.#making = null;
      throw error;
    }
    if (this.#isClosed) this.#app.close();
    return this.#app;
  }
}
