/**
 * Kept-alive connections to one backend that wait for their next request.
 *
 * Newest first: the one used last is the least likely to be closed by the backend at this very
 * moment, and those that are not needed grow old at the bottom and time out. A connection that
 * reads anything while it waits, or its end, is out of here before it can be taken.
 */

export interface IdleConnection {
  /** When it was last used, by the worker's clock. */
  readonly idleSinceMs: number;
  close(): void;
}

export class IdleConnections<Connection extends IdleConnection = IdleConnection> {
  /** Oldest first. */
  readonly #waiting: Connection[] = [];
  /** Set for good by `closeAll`: what is still in use then closes instead of waiting. */
  #isClosed = false;

  get size(): number {
    return this.#waiting.length;
  }

  /** The connection that has waited longest. */
  get oldest(): Connection | undefined {
    return this.#waiting[0];
  }

  /**
   * The connection that was used last.
   * @param usedSinceMs none that has waited since before this moment
   * @returns undefined where there is none
   */
  take(usedSinceMs: number): Connection | undefined {
    const newest = this.#waiting.at(-1);
    if (newest === undefined || newest.idleSinceMs < usedSinceMs) return undefined;
    return this.#waiting.pop();
  }

  /** Lets a connection wait. Above `max`, the one that has waited longest is closed for it. */
  put(connection: Connection, max: number): void {
    this.#waiting.push(connection);
    if (this.#isClosed) return this.closeAll();
    if (this.#waiting.length > max) this.#waiting.shift()?.close();
  }

  /** Takes out one that can no longer be used. */
  remove(connection: Connection): void {
    const index = this.#waiting.lastIndexOf(connection);
    if (index !== -1) this.#waiting.splice(index, 1);
  }

  /** Closes those that wait now. */
  closeWaiting(): void {
    for (const connection of this.#waiting.splice(0)) connection.close();
  }

  /** Keeps none from now on. */
  closeAll(): void {
    this.#isClosed = true;
    this.closeWaiting();
  }
}
