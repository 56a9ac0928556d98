/**
 * The journal: the latest events, in memory, and the one place that tells them.
 *
 * Everything in the control plane that has something to say adds it here; the live channel, the
 * log and the API read it. It is bounded: the oldest event goes when a new one needs its place.
 */
import type { EventLevel, LiveEvent } from '../protocol/dashboard.ts';
import { Listeners } from './listeners.ts';

/** How many events are kept: days of normal life, in about 4 MB. */
export const JOURNAL_CAPACITY = 10_000;

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

/** Which events are asked for. What is left out lets everything pass. */
export interface EventQuery {
  /** Only those with a greater number: the oldest of them, so that a reader can go on from there. */
  readonly after?: number;
  /** Only those with a smaller number: the latest of them. */
  readonly before?: number;
  /** Not before this moment, milliseconds since the epoch. */
  readonly sinceMs?: number;
  /** Before this moment, milliseconds since the epoch. */
  readonly untilMs?: number;
  readonly kinds?: readonly string[];
  readonly levels?: readonly string[];
  /** `web` also stands for its backends (`web/b1`); the empty one for events about the whole. */
  readonly subjects?: readonly string[];
  /** Every word of it occurs in the event. */
  readonly text?: string;
  readonly limit: number;
}

export interface EventPage {
  /** Oldest first. */
  readonly events: readonly LiveEvent[];
  /** Whether there are more like these beyond the limit. */
  readonly isMore: boolean;
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
    if (this.#events.length > this.#capacity * 1.1) this.#events = this.#events.slice(-this.#capacity);
    this.#listeners.tell(event);
    return event;
  }

  /** The latest `count` events, oldest first. */
  latest(count: number): LiveEvent[] {
    const kept = Math.max(0, Math.min(count, this.#capacity));
    return kept === 0 ? [] : this.#events.slice(-kept);
  }

  /** The events that a query asks for: the latest of them, or with `after` alone the oldest. */
  find(query: EventQuery): EventPage {
    const matches = matcherOf(query);
    const isForward = query.after !== undefined && query.before === undefined;
    const first = Math.max(0, this.#events.length - this.#capacity);
    const found: LiveEvent[] = [];
    for (let step = first; step < this.#events.length; step++) {
      const event = this.#events[isForward ? step : this.#events.length - 1 - (step - first)];
      if (event === undefined || !matches(event)) continue;
      if (found.length === query.limit) return { events: isForward ? found : found.reverse(), isMore: true };
      found.push(event);
    }
    return { events: isForward ? found : found.reverse(), isMore: false };
  }

  /** The latest event of a kind about exactly this subject; null where none is kept. */
  latestOf(kind: string, subject: string): LiveEvent | null {
    return this.#events.findLast((event) => event.subject === subject && event.kind === kind) ?? null;
  }

  /** Calls `listener` for every event from now on; answers how to stop that. */
  onEvent(listener: (event: LiveEvent) => void): () => void {
    return this.#listeners.add(listener);
  }
}

function matcherOf(query: EventQuery): (event: LiveEvent) => boolean {
  const { after = 0, before = Number.POSITIVE_INFINITY, sinceMs = Number.NEGATIVE_INFINITY } = query;
  const { untilMs = Number.POSITIVE_INFINITY, kinds, levels, subjects } = query;
  const words = (query.text ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return (event) =>
    event.id > after &&
    event.id < before &&
    event.atMs >= sinceMs &&
    event.atMs < untilMs &&
    (kinds === undefined || kinds.includes(event.kind)) &&
    (levels === undefined || levels.includes(event.level)) &&
    (subjects === undefined || subjects.some((subject) => isAbout(event, subject))) &&
    (words.length === 0 || hasWords(event, words));
}

function isAbout(event: LiveEvent, subject: string): boolean {
  return event.subject === subject || (subject !== '' && event.subject.startsWith(`${subject}/`));
}

function hasWords(event: LiveEvent, words: readonly string[]): boolean {
  const text = `${event.subject} ${event.text} ${event.kind} ${event.origin}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
