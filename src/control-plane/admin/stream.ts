/**
 * The live channel: pushes what happens to every open page (see `protocol/dashboard.ts`).
 *
 * Driven by the sampler's second and by the journal; it has no timer of its own. A delta is
 * computed, numbered and turned into bytes once for all pages. `seq` is one number for the whole
 * channel: a snapshot bears the number of the last message before it, so that for every page the
 * next message is one higher, and a missed one shows. With no page open nothing is computed.
 */
import type { WebSocket } from 'ws';
import type { Status } from '../../protocol/admin-api.ts';
import type {
  DeltaMessage,
  EventMessage,
  LiveEvent,
  PolicyInfo,
  ServerMessage,
  SnapshotMessage,
} from '../../protocol/dashboard.ts';
import { LIVE_VERSION } from '../../protocol/dashboard.ts';
import type { Journal } from '../journal.ts';
import type { Sampler } from '../sampler.ts';
import { StreamClient } from './stream-client.ts';
import { changeOf } from './stream-delta.ts';

export const MAX_CLIENTS = 64;
const SNAPSHOT_EVENTS = 200;
/** A page that asks for snapshots again and again gets one a second. */
const SNAPSHOT_PACE_MS = 1000;
/** Snapshots between two deltas that one delta makes up for; beyond, they share the last one. */
const MAX_BASELINES = 16;
const GOING_AWAY = 1001;

export interface StreamOptions {
  readonly sampler: Sampler;
  readonly journal: Journal;
  readonly policies: readonly PolicyInfo[];
  readonly listeners: () => SnapshotMessage['listeners'];
  readonly monotonicMs: () => number;
}

export class LiveStream {
  readonly #options: StreamOptions;
  readonly #clients = new Set<StreamClient>();
  readonly #stops: readonly (() => void)[];
  #seq = 0;
  /** What the pages have been told: the status of the last delta, and of each snapshot since. */
  #baselines: Status[] = [];

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#stops = [options.sampler.onSecond(() => this.#tick()), options.journal.onEvent((event) => this.#tell(event))];
  }

  get isFull(): boolean {
    return this.#clients.size >= MAX_CLIENTS;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Takes on a page that was let in. */
  add(socket: WebSocket): void {
    const client = new StreamClient(socket, this.#options.monotonicMs(), () => this.#resync(client));
    this.#clients.add(client);
    socket.on('close', () => {
      this.#clients.delete(client);
      if (this.#clients.size === 0) this.#baselines = [];
    });
    // A broken frame or connection: `ws` closes it by itself.
    socket.on('error', () => {});
    this.#sendSnapshots([client]);
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

  #tick(): void {
    const nowMs = this.#options.monotonicMs();
    for (const client of this.#clients) client.watch(nowMs);
    if (this.#clients.size === 0) return;
    const { sampler } = this.#options;
    const status = sampler.status();
    this.#broadcast(() => this.#delta(status));
    this.#baselines = [status];
    this.#sendSnapshots([...this.#clients].filter((client) => client.canCatchUp()));
  }

  #tell(event: LiveEvent): void {
    this.#broadcast((): EventMessage => ({ type: 'event', seq: this.#seq, event }));
  }

  /** Numbers a message and sends it to every page that keeps up. */
  #broadcast(make: () => ServerMessage): void {
    if (this.#clients.size === 0) return;
    this.#seq++;
    let message: Buffer | null = null;
    for (const client of this.#clients) {
      if (!client.canFollow()) continue;
      message ??= encode(make());
      client.send(message);
    }
  }

  #resync(client: StreamClient): void {
    const isTooSoon = this.#options.monotonicMs() - client.snapshotMs < SNAPSHOT_PACE_MS;
    if (!isTooSoon && client.canCatchUp()) this.#sendSnapshots([client]);
  }

  #sendSnapshots(clients: readonly StreamClient[]): void {
    if (clients.length === 0) return;
    const message = encode(this.#snapshot());
    const nowMs = this.#options.monotonicMs();
    for (const client of clients) client.sendSnapshot(message, nowMs);
  }

  #delta(status: Status): DeltaMessage {
    const { sampler } = this.#options;
    return {
      type: 'delta',
      seq: this.#seq,
      atMs: Date.now(),
      revision: status.revision,
      uptimeMs: status.uptimeMs,
      isDraining: status.isDraining,
      totals: sampler.totals(status),
      workers: status.workers,
      ...changeOf(this.#baselines, status),
      seconds: sampler.seconds(),
    };
  }

  #snapshot(): SnapshotMessage {
    const { sampler, journal, policies, listeners } = this.#options;
    let status = this.#baselines.at(-1);
    if (status === undefined || this.#baselines.length < MAX_BASELINES) {
      status = sampler.status();
      this.#baselines.push(status);
    }
    return {
      type: 'snapshot',
      version: LIVE_VERSION,
      seq: this.#seq,
      atMs: Date.now(),
      policies,
      listeners: listeners(),
      status,
      totals: sampler.totals(status),
      history: sampler.history.of(status.pools.map(({ name }) => name)),
      events: journal.latest(SNAPSHOT_EVENTS),
    };
  }
}

function encode(message: ServerMessage): Buffer {
  return Buffer.from(JSON.stringify(message));
}
