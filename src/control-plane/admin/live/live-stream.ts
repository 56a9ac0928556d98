/**
 * The live channel: pushes what happens to every open page (see `protocol/live.ts`).
 *
 * Driven by the sampler's second and by the journal; it has no timer of its own. A topic is worked
 * out, compared and turned into JSON once for all pages that look at it; a message to a page is its
 * number and the pieces of its topics. With no page open nothing is computed.
 */
import type { WebSocket } from 'ws';
import type { LiveEvent } from '../../../protocol/dashboard.ts';
import { type ClientMessage, LIVE_VERSION } from '../../../protocol/live.ts';
import type { TopicSource } from '../topics/source.ts';
import { isEventTopic } from '../topics/topics.ts';
import { LiveClient } from './live-client.ts';
import { OpenTopics } from './open-topics.ts';

export const MAX_CLIENTS = 64;
/** A page that asks for snapshots again and again gets one a second. */
const SNAPSHOT_PACE_MS = 1000;
/** A client that has said nothing for so long is a script, which wants to know everything. */
const SILENT_MS = 500;
const SCRIPT_TOPICS: readonly string[] = ['status', 'totals', 'events'];
const GOING_AWAY = 1001;
/** For the page's version: of the codes that are free for all. */
const OUTDATED = 4001;

export interface LiveStreamOptions {
  /** What is so at this moment. */
  readonly takeSource: () => TopicSource;
  readonly onSecond: (listener: () => void) => () => void;
  readonly onEvent: (listener: (event: LiveEvent) => void) => () => void;
  readonly monotonicMs: () => number;
}

export class LiveStream {
  readonly #options: LiveStreamOptions;
  readonly #clients = new Set<LiveClient>();
  readonly #topics = new OpenTopics();
  readonly #stops: readonly (() => void)[];

  constructor(options: LiveStreamOptions) {
    this.#options = options;
    this.#stops = [options.onSecond(() => this.#tick()), options.onEvent((event) => this.#tell(event))];
  }

  get isFull(): boolean {
    return this.#clients.size >= MAX_CLIENTS;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** How many topics are worked out each second. */
  get topicCount(): number {
    return this.#topics.size;
  }

  /** Takes on a page that was let in. It speaks first. */
  add(socket: WebSocket): void {
    const client = new LiveClient(socket, this.#options.monotonicMs(), (message) => this.#hear(client, message));
    this.#clients.add(client);
    socket.on('close', () => {
      this.#clients.delete(client);
      for (const topic of client.topics) this.#topics.close(topic);
    });
    // A broken frame or connection: `ws` closes it by itself.
    socket.on('error', () => {});
  }

  /** Tells every page that the server goes away. */
  close(): void {
    for (const stop of this.#stops) stop();
    for (const client of this.#clients) client.close(GOING_AWAY, 'the balancer stops');
  }

  /** Ends the connections of pages that have not closed by themselves. */
  terminate(): void {
    for (const client of this.#clients) client.terminate();
  }

  #hear(client: LiveClient, message: ClientMessage): void {
    if (!this.#clients.has(client)) return;
    if (message.op === 'resync') {
      client.wantsSnapshot = true;
      const isTooSoon = this.#options.monotonicMs() - client.snapshotMs < SNAPSHOT_PACE_MS;
      if (!isTooSoon && client.canCatchUp()) this.#sendSnapshot(client, this.#options.takeSource());
      return;
    }
    if (message.op === 'hello' && message.version !== LIVE_VERSION) {
      client.send(JSON.stringify({ type: 'outdated', version: LIVE_VERSION }));
      client.close(OUTDATED, 'another version of the live channel');
      return;
    }
    client.hasSpoken = true;
    this.#follow(client, message.topics, message.op === 'hello');
  }

  /** From now on these topics: opens and closes, and sends what is new. */
  #follow(client: LiveClient, topics: readonly string[], isWhole: boolean): void {
    const source = this.#options.takeSource();
    const before = client.topics;
    const now = new Set(topics);
    const fresh = topics.filter((topic) => !before.has(topic));
    // Closed first: what is limited in number has room again.
    for (const topic of before) if (!now.has(topic)) this.#topics.close(topic);
    for (const topic of fresh) this.#topics.open(topic, source);
    client.topics = now;
    if (isWhole) {
      this.#sendSnapshot(client, source);
    } else if (client.canFollow() && !client.wantsSnapshot) {
      const message = this.#snapshotOf(client, fresh, source, false);
      client.sendSnapshot(message, false, this.#options.monotonicMs());
    }
  }

  #tick(): void {
    const nowMs = this.#options.monotonicMs();
    for (const client of this.#clients) client.watch(nowMs);
    if (this.#clients.size === 0) return;
    const source = this.#options.takeSource();
    this.#topics.advance(source);
    const head = `"atMs":${Date.now()},"second":${source.second},"topics":{`;
    for (const client of this.#clients) {
      if (!client.hasSpoken) {
        this.#adopt(client, nowMs, source);
      } else if (client.canFollow()) {
        client.seq++;
        client.send(`{"type":"delta","seq":${client.seq},${head}${this.#topics.changesOf(client.topics)}}}`);
      }
      if (client.canCatchUp()) this.#sendSnapshot(client, source);
    }
  }

  /** One that does not speak. */
  #adopt(client: LiveClient, nowMs: number, source: TopicSource): void {
    if (nowMs - client.openedMs < SILENT_MS) return;
    client.hasSpoken = true;
    for (const topic of SCRIPT_TOPICS) this.#topics.open(topic, source);
    client.topics = new Set(SCRIPT_TOPICS);
    client.wantsSnapshot = true;
  }

  #tell(event: LiveEvent): void {
    let text: string | null = null;
    for (const client of this.#clients) {
      if (![...client.topics].some(isEventTopic) || !client.canFollow()) continue;
      text ??= JSON.stringify(event);
      client.seq++;
      client.send(`{"type":"event","seq":${client.seq},"event":${text}}`);
    }
  }

  /** All its topics. */
  #sendSnapshot(client: LiveClient, source: TopicSource): void {
    client.sendSnapshot(this.#snapshotOf(client, client.topics, source, true), true, this.#options.monotonicMs());
  }

  #snapshotOf(client: LiveClient, topics: Iterable<string>, source: TopicSource, isWhole: boolean): string {
    client.seq++;
    const head = `"type":"snapshot","version":${LIVE_VERSION},"instance":${JSON.stringify(source.instance)}`;
    const place = `"seq":${client.seq},"isWhole":${isWhole},"atMs":${Date.now()},"second":${finite(source.second)}`;
    return `{${head},${place},"topics":{${this.#topics.textOf(topics, source)}}}`;
  }
}

/** Before the first second there is none: 0. */
const finite = (second: number): number => (Number.isFinite(second) ? second : 0);
