/**
 * The stages of one request as lanes with stages on a common scale, and where each is drawn. All
 * times are milliseconds since its head was complete; the arrival of the head is before 0. Pure.
 */
import type { TappedAttempt, TappedRequest } from '../protocol.ts';

export type StageKind = 'head' | 'route' | 'wait' | 'connect' | 'answer' | 'body' | 'rest';

export interface Stage {
  readonly kind: StageKind;
  readonly words: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** The attempt ended in it. */
  readonly isFailed: boolean;
}

export interface Lane {
  readonly title: string;
  /** The backend of an attempt; null for what Ballast itself does. */
  readonly backend: string | null;
  readonly note: string;
  readonly stages: readonly Stage[];
}

export interface Waterfall {
  readonly fromMs: number;
  readonly toMs: number;
  readonly lanes: readonly Lane[];
}

/** Shorter than this is nothing that anybody waits for. */
const NOTICEABLE_MS = 0.5;
/** Percent of the width: thinner would not be seen. */
const LEAST_PERCENT = 0.4;
/** A picture of nothing still has a scale. */
const LEAST_SPAN_MS = 0.1;

export function waterfallOf(request: TappedRequest): Waterfall {
  const { attempts, durationMs, headMs, waitedFromMs, waitedMs } = request;
  const lanes: Lane[] = [];
  const own = (title: string, kind: StageKind, fromMs: number, toMs: number, note = ''): void => {
    lanes.push({ title, backend: null, note, stages: [stage(kind, STAGE_WORDS[kind], fromMs, toMs)] });
  };
  if (headMs !== null) own('Head', 'head', -headMs, 0);
  const firstMs = Math.min(attempts[0]?.startMs ?? Infinity, waitedFromMs ?? Infinity);
  const chosenMs = Number.isFinite(firstMs) ? firstMs : durationMs;
  own('Route', 'route', 0, chosenMs, request.route === null ? '' : `number ${request.route}`);
  if (waitedFromMs !== null) own('Queue', 'wait', waitedFromMs, waitedFromMs + waitedMs);
  for (const [index, attempt] of attempts.entries()) {
    lanes.push({
      title: `Try ${index + 1}`,
      backend: attempt.backend,
      note: attempt.isReused ? 'kept-alive connection' : 'new connection',
      stages: stagesOf(attempt),
    });
  }
  const lastMs = Math.max(chosenMs, ...attempts.map((attempt) => attempt.endMs));
  if (durationMs - lastMs > NOTICEABLE_MS) own('Client', 'rest', lastMs, durationMs);
  const fromMs = headMs === null ? 0 : -headMs;
  const ends = lanes.flatMap(({ stages }) => stages.map(({ toMs }) => toMs));
  return { fromMs, toMs: Math.max(fromMs + LEAST_SPAN_MS, durationMs, ...ends), lanes };
}

/** What a stage is, for legend and table. */
export const STAGE_WORDS: Readonly<Record<StageKind, string>> = {
  head: 'the head arrives',
  route: 'route and choice',
  wait: 'waits for a place',
  connect: 'connects',
  answer: 'waits for the answer',
  body: 'body of the answer',
  rest: 'rest goes to the client',
};

function stage(kind: StageKind, words: string, fromMs: number, toMs: number, isFailed = false): Stage {
  return { kind, words, fromMs, toMs: Math.max(fromMs, toMs), isFailed };
}

function stagesOf({ startMs, connectedMs, answerMs, endMs, isReused, code }: TappedAttempt): Stage[] {
  const isFailed = code !== null;
  const sentMs = isReused ? startMs : connectedMs;
  if (sentMs === null) return [stage('connect', STAGE_WORDS.connect, startMs, endMs, isFailed)];
  const stages = isReused ? [] : [stage('connect', STAGE_WORDS.connect, startMs, sentMs)];
  if (answerMs === null) return [...stages, stage('answer', STAGE_WORDS.answer, sentMs, endMs, isFailed)];
  stages.push(stage('answer', STAGE_WORDS.answer, sentMs, answerMs));
  stages.push(stage('body', STAGE_WORDS.body, answerMs, endMs, isFailed));
  return stages;
}

export interface Placed {
  /** Percent of the width. */
  readonly x: number;
  readonly width: number;
}

/** Where a stage is drawn: to scale, but never too thin to be seen nor beyond the edge. */
export function placeOf({ fromMs, toMs }: Stage, scale: Waterfall): Placed {
  const span = scale.toMs - scale.fromMs;
  const width = Math.min(100, Math.max(LEAST_PERCENT, (100 * (toMs - fromMs)) / span));
  const x = Math.min(100 - width, Math.max(0, (100 * (fromMs - scale.fromMs)) / span));
  return { x, width };
}

/** Round moments on the scale, at most so many, with their places in percent. */
export function ticksOf(scale: Waterfall, most: number): readonly { readonly ms: number; readonly x: number }[] {
  const span = scale.toMs - scale.fromMs;
  const least = span / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= least) ?? least;
  const ticks = [];
  for (let index = Math.ceil(scale.fromMs / step); index * step <= scale.toMs + step / 1000; index += 1) {
    const ms = index * step;
    ticks.push({ ms, x: (100 * (ms - scale.fromMs)) / span });
  }
  return ticks;
}
