/**
 * The journal: the latest events, in memory, and the one place that tells them.
 *
 * Everything in the control plane that has something to say adds it here; the live channel, the
 * log and the API read it. It is bounded: the oldest event goes when a new one needs its place.
 */
import type { EventLevel, LiveEvent } from '../protocol/dashboard.ts';
import { Listeners } from './listeners.ts';

/** How many events are kept: hours of normal life, and less than 200 KiB. */
export const JOURNAL_CAPACITY = 500;

/** An event before it has a number and a time. */
export interface Entry {
  readonly level: EventLevel;
  /** Stable kind, such as `backend-down`. */
  readonly kind: string;
  /** `pool/backend`, `pool`, `worker 1`, or empty for the whole. */
  readonly subject: string;
  readonly text: string;
  /** `health check`, `live traffic`, `admin API`, `config file`, `supervisor`, `signal` */
  readonly origin: string;
}

export class Journal {
  readonly #capacity: number;
  readonly #wallMs: () => number;
  readonly #listeners = new Listeners<LiveEvent>();
  #events: LiveEvent[] = [];
  #nextId = 1;

  constructor(options: { readonly capacity?: number; readonly wallMs?: () => number } = {}) {
    this.#capacity = options.capacity ?? JOURNAL_CAPACITY;
    this.#wallMs = options.wallMs ?? Date.now;
  }

  /** Numbers the event, keeps it and tells every listener before it returns. */
  add(entry: Entry): LiveEvent {
    const event: LiveEvent = Object.freeze({
      id: this.#nextId++,
      atMs: this.#wallMs(),
      level: entry.level,
      kind: entry.kind,
      subject: entry.subject,
      text: entry.text,
      origin: entry.origin,
    });
    this.#events.push(event);
    // Cut in batches, so that adding stays cheap.
    if (this.#events.length >= this.#capacity * 2) this.#events = this.#events.slice(-this.#capacity);
    this.#listeners.tell(event);
    return event;
  }

  /** The latest `count` events, oldest first. */
  latest(count: number): LiveEvent[] {
    const kept = Math.max(0, Math.min(count, this.#capacity));
    return kept === 0 ? [] : this.#events.slice(-kept);
  }

  /** Calls `listener` for every event from now on; answers how to stop that. */
  onEvent(listener: (event: LiveEvent) => void): () => void {
    return this.#listeners.add(listener);
  }
}
