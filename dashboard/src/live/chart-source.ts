/**
 * Where the charts of one thing have their figures from: the history once, when they open or their
 * range changes, then the live channel second by second (up to 15 minutes), or the history again,
 * from where it ended, at the pace of its steps.
 *
 * What was missed, by a hidden page, a pause, a lost connection or a slow one, is asked for and
 * filled in. Charts that are drawn from the same source move as one. The source of a time that is
 * over is read once, and never again: what the balancer forgets meanwhile stays on the page.
 */
import { effect, signal, untracked } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { addAnswer, addSecond, type Columns, columnsFrom, lastClosed, lastSecond } from '../history.ts';
import type { HistoryRange } from '../protocol.ts';
import { secondsOf } from '../ranges.ts';
import { type Model, topicOf } from '../store.ts';
import { chartTopic } from '../topics.ts';
import { ApiError, getHistory } from './api.ts';
import { isPaused, latest, link } from './session.ts';
import { want } from './wants.ts';

/** A time that is over, both seconds included. */
export interface Span {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** Steps longer than this are asked for no less often: the last one is not over, and grows. */
const REFRESH_AT_LEAST_SECONDS = 60;
/** After a failure. */
const RETRY_SECONDS = 5;
/** So long are the busiest backends of many drawn, before they are chosen anew. */
const CHOSEN_FOR_SECONDS = 60;

export class ChartSource {
  readonly #topic: string;
  readonly #range: HistoryRange;
  /** The time that is over; null while the present is followed. */
  readonly #span: Span | null;
  readonly #hasBands: boolean;
  /** Mutable: look again when `version` has changed. */
  columns: Columns | null = null;
  readonly version = signal(0);
  /** Why there is nothing to draw. */
  readonly problem = signal<string | null>(null);
  /** True where the backends that are drawn are the busiest of many. */
  isChoice = false;
  #instance = '';
  #isAsking = false;
  /** The second up to which has been asked, and the one at which may be asked again. */
  #askedFor = 0;
  #askAgainAt = 0;
  #chosenAt = 0;
  #release: (() => void) | null = null;
  #followed = '';
  #isOver = false;
  #stop: (() => void) | null = null;

  constructor(topic: string, range: HistoryRange, hasBands: boolean, span: Span | null = null) {
    this.#topic = topic;
    this.#range = range;
    this.#span = span;
    this.#hasBands = hasBands;
  }

  start(): void {
    this.#isOver = false;
    this.#stop = effect(() => {
      const model = latest.value;
      untracked(() => this.#hear(model));
    });
  }

  stop(): void {
    this.#isOver = true;
    this.#stop?.();
    this.#release?.();
    this.#release = null;
    this.#followed = '';
  }

  #moved(): void {
    this.version.value = this.version.peek() + 1;
  }

  /** Everything anew: the backends of the pool are others. */
  reload(): void {
    void this.#ask(null);
  }

  #hear(model: Model | null): void {
    if (model === null || model.second === 0) return;
    // Nobody looks at what comes now: it is read when somebody does.
    if (this.columns !== null && (this.#span !== null || isPaused.peek() || isHidden())) return;
    if (model.instance !== this.#instance) {
      this.#instance = model.instance;
      void this.#ask(null);
      return;
    }
    const { columns } = this;
    if (columns === null) {
      if (model.second >= this.#askAgainAt) void this.#ask(null);
    } else if (columns.stepSeconds === 1) {
      this.#follow(columns, model);
    } else if (model.second >= this.#askAgainAt) {
      void this.#ask(lastClosed(columns));
    }
  }

  /** By the second: from the live channel, as long as it tells one after the other. */
  #follow(columns: Columns, model: Model): void {
    const last = lastSecond(columns);
    if (last !== null && model.second <= last) {
      // The clock of the server was set back.
      if (last - model.second > 2) void this.#ask(null);
      return;
    }
    if (this.isChoice && model.second - this.#chosenAt >= CHOSEN_FOR_SECONDS && link.peek() === 'live') {
      void this.#ask(null);
      return;
    }
    const fields = topicOf(model, chartTopic(this.#topic, this.#options(columns)))?.fields;
    if (fields !== undefined && (last === null || model.second === last + 1)) {
      addSecond(columns, model.second, fields);
      this.#moved();
    } else if (model.second > this.#askedFor) {
      void this.#ask(last);
    } else if (fields !== undefined) {
      // It has been asked, and nobody knows what was between: a gap.
      addSecond(columns, model.second, fields);
      this.#moved();
    }
  }

  #options(columns: Columns): { readonly backends: readonly string[]; readonly hasBands: boolean } {
    return { backends: [...(columns.backends?.keys() ?? [])], hasBands: this.#hasBands };
  }

  /** Reads the history: all of it, or what comes after a second. */
  async #ask(after: number | null): Promise<void> {
    if (this.#isAsking || this.#isOver) return;
    this.#isAsking = true;
    const second = latest.peek()?.second ?? 0;
    const instance = this.#instance;
    const { columns: before } = this;
    const isMore = after !== null && before !== null;
    try {
      const answer = await getHistory({
        topic: this.#topic,
        range: this.#range,
        ...(this.#span === null ? {} : { span: this.#span }),
        ...(this.#hasBands ? { columns: BANDED } : {}),
        ...(isMore ? { after } : {}),
        ...(isMore && before.backends !== null ? { backends: [...before.backends.keys()] } : {}),
      });
      if (this.#isOver || instance !== this.#instance) return;
      if (isMore) addAnswer(before, answer);
      else {
        this.columns = columnsFrom(answer, lengthOf(this.#span) ?? secondsOf(this.#range));
        this.#chosenAt = second;
      }
      this.#askedFor = Math.max(second, answer.second);
      this.#askAgainAt = second + Math.min(answer.stepSeconds, REFRESH_AT_LEAST_SECONDS);
      this.problem.value = null;
      this.#followLive();
    } catch (error) {
      if (this.#isOver) return;
      this.#askedFor = second + RETRY_SECONDS;
      this.#askAgainAt = second + RETRY_SECONDS;
      if (this.columns === null) this.problem.value = error instanceof ApiError ? error.message : String(error);
    } finally {
      this.#isAsking = false;
      if (!this.#isOver) this.#moved();
      // The process was replaced while it was asked.
      if (!this.#isOver && instance !== this.#instance) void this.#ask(null);
    }
  }

  /** Wants the seconds of what is drawn. */
  #followLive(): void {
    const { columns } = this;
    const isFollowing = this.#span === null && columns?.stepSeconds === 1;
    const topic = isFollowing ? chartTopic(this.#topic, this.#options(columns)) : '';
    if (topic === this.#followed) return;
    const release = topic === '' ? null : want(topic);
    this.#release?.();
    this.#release = release;
    this.#followed = topic;
  }
}

const isHidden = (): boolean => document.visibilityState === 'hidden';

const lengthOf = (span: Span | null): number | null => (span === null ? null : span.toSeconds - span.fromSeconds + 1);

const BANDED = [
  'rps',
  'errors',
  'retries',
  'inFlight',
  'connections',
  'queued',
  'clientConnections',
  'p50',
  'p95',
  'p99',
  'bands',
] as const;

/** A source for as long as a component is on the screen. `span`: of a time that is over, instead of the range. */
export function useChartSource(
  topic: string,
  range: HistoryRange,
  hasBands = false,
  span: Span | null = null,
): ChartSource {
  const source = useMemo(
    () => new ChartSource(topic, range, hasBands, span),
    [topic, span === null ? range : '', hasBands, span?.fromSeconds, span?.toSeconds],
  );
  useEffect(() => {
    source.start();
    return () => source.stop();
  }, [source]);
  // Painted again when there is something new.
  void source.version.value;
  return source;
}
