/**
 * Holds topics that must be begun for those who ask for them by REST, every five seconds, instead
 * of looking at them on the live channel: for a while after each time they ask.
 */
import { MAX_TAPS } from '../../protocol/tap.ts';
import type { TopicSource } from './topics/source.ts';
import { topicOpener } from './topics/topics.ts';

/** Longer than two rounds of a page that asks every five seconds. */
const LEASE_MS = 12_000;

interface Lease {
  readonly close: () => void;
  untilMs: number;
}

export class TopicLeases {
  readonly #monotonicMs: () => number;
  readonly #leases = new Map<string, Lease>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Whether one of them begins something when it is asked for. */
  beginAny(topics: readonly string[]): boolean {
    return topics.some((topic) => topicOpener(topic) !== null);
  }

  /** They were asked for. With too many held already one is not begun. */
  hold(topics: readonly string[], source: TopicSource): void {
    const untilMs = this.#monotonicMs() + LEASE_MS;
    for (const topic of topics) {
      const open = topicOpener(topic);
      if (open === null) continue;
      const lease = this.#leases.get(topic);
      if (lease !== undefined) lease.untilMs = untilMs;
      else if (this.#leases.size < MAX_TAPS) this.#leases.set(topic, { close: open(source), untilMs });
    }
  }

  /** Once a second: lets go of what nobody has asked for of late. */
  sweep(): void {
    const nowMs = this.#monotonicMs();
    for (const [topic, { close, untilMs }] of this.#leases) {
      if (nowMs < untilMs) continue;
      close();
      this.#leases.delete(topic);
    }
  }
}
