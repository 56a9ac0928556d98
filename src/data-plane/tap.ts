/**
 * The tap of one worker: shows requests as they end to those who look (`protocol/tap.ts`).
 *
 * There is one only while somebody looks: `DataPlane.tap` is null otherwise, and a request then
 * costs a comparison at each place that would tell: 1.002 ± 0.004 of the processor time without any
 * of it (small answers, both under load at the same moment, 12 times 30 s). A request that begins
 * while it is there gets a `Story`. When it ends, every view whose filter lets it through counts it,
 * and shows it as far as its bucket reaches; what is shown goes out a few times a second, in one
 * message. So however much traffic there is, the control plane is told a bounded amount.
 */
import type { HeadReader } from '../http1/head-reader.ts';
import type { Failure } from '../protocol/failures.ts';
import type { FromWorker, TapReport, WorkerTap } from '../protocol/worker.ts';
import type { Clock } from './clock.ts';
import { Story } from './story.ts';
import { isLetThrough } from './tap-filter.ts';
import type { TrustedNetworks } from './trusted-networks.ts';

const FLUSH_MS = 250;

/** What a tap needs of its worker. */
export interface TapHost {
  readonly clock: Clock;
  readonly report: (message: FromWorker) => void;
}

interface View {
  readonly plan: WorkerTap;
  readonly bucket: TokenBucket;
  /** Not told yet. */
  matched: number;
}

export class Tap {
  readonly #host: TapHost;
  readonly #timer: NodeJS.Timeout;
  #views: readonly View[] = [];
  #shown: TapReport['requests'][number][] = [];

  constructor(host: TapHost) {
    this.#host = host;
    this.#timer = setInterval(() => this.flush(), FLUSH_MS);
  }

  /** Shows exactly these from now on. Those that stay keep their place. */
  follow(taps: readonly WorkerTap[]): void {
    const { clock } = this.#host;
    this.#views = taps.map(
      (plan) =>
        this.#views.find((view) => view.plan.id === plan.id) ?? {
          plan,
          bucket: new TokenBucket(plan.perSecond, clock.now()),
          matched: 0,
        },
    );
  }

  /** A request begins whose head `reader` has completed. */
  begin(reader: HeadReader, peer: string, trust: TrustedNetworks): Story {
    return new Story(reader, peer, trust, this.#host.clock);
  }

  /** A request was refused before there was an exchange. */
  refused(reader: HeadReader, peer: string, trust: TrustedNetworks, failure: Failure): void {
    const story = this.begin(reader, peer, trust);
    story.ended(failure.status, failure, 0, 0, 0);
    this.ended(story);
  }

  ended(story: Story): void {
    const nowMs = this.#host.clock.now();
    let taps: number[] | null = null;
    for (const view of this.#views) {
      if (!isLetThrough(view.plan.filter, story)) continue;
      view.matched++;
      if (view.bucket.take(nowMs)) (taps ??= []).push(view.plan.id);
    }
    if (taps !== null) this.#shown.push({ taps, request: story.told() });
  }

  /** Tells what there is to tell. */
  flush(): void {
    const counts = this.#views.filter(({ matched }) => matched > 0);
    if (counts.length === 0) return;
    this.#host.report({
      type: 'tapped',
      counts: counts.map(({ plan, matched }) => ({ tap: plan.id, matched })),
      requests: this.#shown,
    });
    for (const view of counts) view.matched = 0;
    this.#shown = [];
  }

  /** Nobody looks any more. */
  stop(): void {
    clearInterval(this.#timer);
    this.flush();
    this.#views = [];
  }
}

/** So many a second, over time; what one second was not used for, the next may have besides. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#atMs = nowMs;
  }

  take(nowMs: number): boolean {
    const refill = ((nowMs - this.#atMs) * this.#perSecond) / 1000;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + refill);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
