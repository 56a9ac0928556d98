/**
 * The topics that somebody looks at now: what each was in the last message about it, and its bytes.
 *
 * Used by the live channel only. A topic is worked out once a second however many pages show it,
 * and not at all when none does. Who comes later is told what the others were told last, so that
 * the next change is the same for all.
 */
import type { Topic } from '../../../protocol/live.ts';
import type { TopicSource } from '../topics/source.ts';
import { isEventTopic, type TopicMaker, topicMaker, topicOpener } from '../topics/topics.ts';
import { topicChange } from './topic-change.ts';

interface OpenTopic {
  readonly make: TopicMaker;
  readonly isEvents: boolean;
  pages: number;
  /** How to end what it needs, once for each page; none for most topics. */
  readonly closers: (() => void)[];
  /** As all its pages know it. */
  value: Topic | null;
  /** The same as JSON; made when it is first asked for. */
  text: string | null;
  /** Its last change as JSON; null where there was none. */
  change: string | null;
}

export class OpenTopics {
  readonly #topics = new Map<string, OpenTopic>();

  get size(): number {
    return this.#topics.size;
  }

  /** One more page looks at it. */
  open(topic: string, source: TopicSource): void {
    const close = topicOpener(topic)?.(source);
    const closers = close === undefined ? [] : [close];
    const known = this.#topics.get(topic);
    if (known !== undefined) {
      known.pages++;
      known.closers.push(...closers);
      return;
    }
    const make = topicMaker(topic);
    const isEvents = isEventTopic(topic);
    this.#topics.set(topic, { make, isEvents, pages: 1, closers, value: make(source), text: null, change: null });
  }

  /** One page less looks at it. */
  close(topic: string): void {
    const known = this.#topics.get(topic);
    if (known === undefined) return;
    known.pages--;
    known.closers.pop()?.();
    if (known.pages === 0) this.#topics.delete(topic);
  }

  /** A second is over: works out what has changed in every topic. */
  advance(source: TopicSource): void {
    for (const open of this.#topics.values()) {
      open.change = null;
      if (open.isEvents) continue;
      const now = open.make(source);
      const change = topicChange(open.value, now);
      if (change === undefined) continue;
      open.value = now;
      open.text = null;
      open.change = JSON.stringify(change);
    }
  }

  /** `"pool:web":{…},…`: these topics as their pages know them. */
  textOf(topics: Iterable<string>, source: TopicSource): string {
    const parts: string[] = [];
    for (const topic of topics) {
      const open = this.#topics.get(topic);
      if (open === undefined) continue;
      // Events are told between two seconds as well: theirs are those of this moment.
      const text = open.isEvents ? JSON.stringify(open.make(source)) : (open.text ??= JSON.stringify(open.value));
      parts.push(`${JSON.stringify(topic)}:${text}`);
    }
    return parts.join(',');
  }

  /** `"pool:web":{…},…`: what has changed in these topics in the last second. */
  changesOf(topics: Iterable<string>): string {
    const parts: string[] = [];
    for (const topic of topics) {
      const change = this.#topics.get(topic)?.change ?? null;
      if (change !== null) parts.push(`${JSON.stringify(topic)}:${change}`);
    }
    return parts.join(',');
  }
}
