/**
 * The taps that are open, over all pages: who looks at which requests, and what workers have shown.
 *
 * The admin side opens and closes them (`admin/topics/tap-topic.ts`), the supervisor carries what
 * workers must know and what they tell. A tap is one filter, however many look through it. It is
 * on while somebody does, but no longer than `TAP_MINUTES` and with at most `MAX_TAPS` at a time:
 * one that finds no room waits for it. What it keeps is bounded by `TAP_ROWS`.
 */
import type { Topic } from '../protocol/live.ts';
import {
  MAX_TAPS,
  TAP_MINUTES,
  TAP_PER_SECOND,
  TAP_ROWS,
  type TapFields,
  type TapFilter,
  type TappedCandidate,
  type TappedRequest,
} from '../protocol/tap.ts';
import type { TappedStory, TapReport, WorkerTap } from '../protocol/worker.ts';
import { type Clock, SYSTEM_CLOCK, type Timer } from './clock.ts';
import type { Journal } from './journal.ts';

/** Who tries one filter after another is told of once in so long. */
const TELL_MS = 60_000;

export interface TapsOptions {
  /** How many workers share what a tap may show. */
  readonly workers: number;
  /** Lets every worker show requests to exactly these from now on. */
  readonly tell: (taps: readonly WorkerTap[]) => void;
  /** Why a backend of a pool is not in rotation, in words. */
  readonly whyOut: (pool: string, backend: string) => string;
  readonly journal: Journal;
  readonly clock?: Clock;
}

interface OpenTap {
  readonly key: string;
  readonly filter: TapFilter;
  /** How many look at it. */
  pages: number;
  /** What workers know it by; null while it is not on. */
  id: number | null;
  /** Its time was used up. */
  isOver: boolean;
  endsAtMs: number;
  timer: Timer | null;
  matched: number;
  shown: number;
  /** Replaced and never changed: pages compare them from one second to the next. */
  rows: readonly TappedRequest[];
}

export class Taps {
  readonly #options: TapsOptions;
  readonly #clock: Clock;
  /** By filter, in the order in which they were opened. */
  readonly #taps = new Map<string, OpenTap>();
  readonly #byId = new Map<number, OpenTap>();
  readonly #shownBy: number[] = [];
  #lastId = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: TapsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
  }

  /** One more looks at it, until it calls what this answers. One whose time is over begins anew. */
  open(filter: TapFilter): () => void {
    const key = keyOf(filter);
    const tap = this.#taps.get(key) ?? newTap(key, filter);
    this.#taps.set(key, tap);
    tap.pages++;
    if (tap.isOver) Object.assign(tap, NOTHING_SHOWN);
    this.#settle();
    let isOpen = true;
    return () => {
      if (isOpen) this.#close(tap);
      isOpen = false;
    };
  }

  /** What has been shown; of one that nobody has opened, that it is not on. */
  read(filter: TapFilter): Topic<TapFields, TappedRequest> {
    const tap = this.#taps.get(keyOf(filter));
    if (tap === undefined) return { fields: { isOn: false, endsAtMs: 0, matched: 0, shown: 0 }, rows: [] };
    const { id, endsAtMs, matched, shown, rows } = tap;
    return { fields: { isOn: id !== null, endsAtMs, matched, shown }, rows };
  }

  /** A worker has something to show. */
  take(worker: number, { counts, requests }: TapReport): void {
    for (const { tap, matched } of counts) {
      const open = this.#byId.get(tap);
      if (open !== undefined) open.matched += matched;
    }
    const fresh = new Map<OpenTap, TappedRequest[]>();
    for (const { taps, request } of requests) {
      const open = taps.map((id) => this.#byId.get(id)).filter((tap) => tap !== undefined);
      if (open.length === 0) continue;
      const row = this.#rowOf(worker, request);
      for (const tap of open) {
        const rows = fresh.get(tap) ?? [];
        rows.push(row);
        fresh.set(tap, rows);
      }
    }
    for (const [tap, rows] of fresh) {
      tap.shown += rows.length;
      // Workers tell by turns: by their ends, the latest last.
      tap.rows = [...tap.rows, ...rows].sort((a, b) => endOf(a) - endOf(b)).slice(-TAP_ROWS);
    }
  }

  #rowOf(worker: number, request: TappedStory): TappedRequest {
    // Counted here: a worker that takes the place of a dead one begins anew.
    const number = (this.#shownBy[worker] ?? 0) + 1;
    this.#shownBy[worker] = number;
    const { pool } = request;
    const withReason = (candidate: TappedCandidate): TappedCandidate =>
      candidate.role === 'out' && pool !== null
        ? { ...candidate, reason: this.#options.whyOut(pool, candidate.backend) }
        : candidate;
    return { ...request, name: `${worker}-${number}`, worker, candidates: request.candidates.map(withReason) };
  }

  #close(tap: OpenTap): void {
    tap.pages--;
    if (tap.pages > 0) return;
    this.#taps.delete(tap.key);
    this.#end(tap);
  }

  /** Workers show nothing to it any more. */
  #end(tap: OpenTap): void {
    tap.timer?.clear();
    tap.timer = null;
    if (tap.id === null) return;
    this.#byId.delete(tap.id);
    tap.id = null;
    this.#settle(true);
  }

  /** Begins those that wait, as far as there is room, and tells workers what has changed. */
  #settle(hasChanged = false): void {
    let isChanged = hasChanged;
    for (const tap of this.#taps.values()) {
      if (tap.id !== null || tap.isOver || this.#byId.size >= MAX_TAPS) continue;
      this.#begin(tap);
      isChanged = true;
    }
    if (!isChanged) return;
    const perSecond = Math.max(1, Math.floor(TAP_PER_SECOND / this.#options.workers));
    this.#options.tell([...this.#byId].map(([id, { filter }]) => ({ id, filter, perSecond })));
  }

  #begin(tap: OpenTap): void {
    const lengthMs = TAP_MINUTES * 60_000;
    tap.id = ++this.#lastId;
    this.#byId.set(tap.id, tap);
    tap.endsAtMs = this.#clock.wallMs() + lengthMs;
    tap.timer = this.#clock.after(lengthMs, () => {
      tap.isOver = true;
      this.#end(tap);
    });
    this.#tell(tap);
  }

  #tell({ filter }: OpenTap): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#toldAtMs < TELL_MS) return;
    this.#toldAtMs = nowMs;
    const text = `single requests are looked at: ${inWords(filter)}`;
    this.#options.journal.add({
      level: 'info',
      kind: 'tap-opened',
      subject: filter.pool ?? '',
      text,
      origin: 'admin API',
    });
  }
}

const NOTHING_SHOWN = { isOver: false, matched: 0, shown: 0, rows: [] } as const;

function newTap(key: string, filter: TapFilter): OpenTap {
  return { key, filter, pages: 0, id: null, endsAtMs: 0, timer: null, ...NOTHING_SHOWN };
}

/** The same for the same filter, however it was written. */
function keyOf({ pool, backend, status, route, minMs, client, q }: TapFilter): string {
  return JSON.stringify([pool, backend, status, route, minMs, client, q]);
}

const endOf = ({ atMs, durationMs }: TappedRequest): number => atMs + durationMs;

function inWords({ pool, backend, status, route, minMs, client, q }: TapFilter): string {
  const parts = [
    pool === undefined ? '' : `pool ${pool}`,
    backend === undefined ? '' : `backend ${backend}`,
    status === undefined ? '' : status === 'failed' ? 'those that failed' : `status ${status}`,
    route === undefined ? '' : `route ${route}`,
    minMs === undefined ? '' : `at least ${minMs} ms`,
    client === undefined ? '' : `client ${client}`,
    q === undefined ? '' : `with "${q}"`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'all' : parts.join(', ');
}
