/** What a client of a chaos run asks for and how it behaves, drawn from a seeded generator: pure. */
import { MAX_BODY_BYTES } from './bodies.ts';

/**
 * - `whole`: sends all of it and waits for the answer.
 * - `slow`: the same, the body in pieces with pauses.
 * - `half-close`: ends its sending side after the request, and waits.
 * - `leave-in-head`, `leave-in-body`, `leave-in-answer`: is gone in the middle of it.
 */
export type Behaviour = 'whole' | 'slow' | 'half-close' | 'leave-in-head' | 'leave-in-body' | 'leave-in-answer';

export interface RequestPlan {
  /** `X-Request-Id`: never twice in a run. */
  readonly id: string;
  readonly method: string;
  readonly bodyBytes: number;
  readonly isBodyChunked: boolean;
  readonly answerBytes: number;
  readonly answerFraming: 'length' | 'chunked' | 'trickle';
  /** The backend waits that long before it answers; a `trickle` is spread over it. */
  readonly delayMs: number;
  /** How likely a backend answers 503, each for itself; the same one always does the same. */
  readonly refusedPercent: number;
  readonly behaviour: Behaviour;
  /** How much of the head, body or answer there is before the client leaves. */
  readonly leaveAfterBytes: number;
  /** Leaves by a reset, not by an end. */
  readonly isReset: boolean;
}

/** Shares of requests; what is left over is plain. */
export interface Mix {
  /** Methods, drawn evenly: one named twice comes twice as often. */
  readonly methods: readonly string[];
  readonly bodyBytes: readonly number[];
  readonly answerBytes: readonly number[];
  readonly delaysMs: readonly number[];
  readonly refusedPercents?: readonly number[];
  /** Of clients that are slow, half-close, or leave in the middle. */
  readonly rude: number;
}

/** Everything at once, small for the most part: both sides of every limit of the defaults. */
export const WILD: Mix = {
  methods: ['GET', 'GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'],
  bodyBytes: [1, 200, 1_000, 16_000, 65_536, 65_537, 200_000],
  answerBytes: [0, 1, 64, 64, 1_000, 1_000, 16_000, 70_000, 300_000],
  delaysMs: [0, 0, 0, 1, 5, 20],
  rude: 0.12,
};

/** Small plain requests of one method. */
export const plain = (method: string, bodyBytes = 0, answerBytes = 200): Mix => ({
  methods: [method],
  bodyBytes: [bodyBytes],
  answerBytes: [answerBytes],
  delaysMs: [0],
  rude: 0,
});

const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);
const RUDE: readonly Behaviour[] = ['slow', 'half-close', 'leave-in-head', 'leave-in-body', 'leave-in-answer'];
/** Heads are longer than this. */
const HEAD_BYTES = 80;

function pick<T>(random: () => number, items: readonly T[], fallback: T): T {
  return items[Math.floor(random() * items.length)] ?? fallback;
}

/** The next request; every draw takes the same number of numbers, so that runs stay in step. */
export function drawPlan(random: () => number, id: string, mix: Mix): RequestPlan {
  const method = pick(random, mix.methods, 'GET');
  const drawnBytes = Math.min(MAX_BODY_BYTES, pick(random, mix.bodyBytes, 0));
  const bodyBytes = BODILESS.has(method) ? 0 : drawnBytes;
  const answerBytes = Math.min(MAX_BODY_BYTES, pick(random, mix.answerBytes, 0));
  const delayMs = pick(random, mix.delaysMs, 0);
  const refusedPercent = pick(random, mix.refusedPercents ?? [0], 0);
  const isBodyChunked = random() < 0.3 && bodyBytes > 0;
  const isAnswerChunked = random() < 0.3;
  const isRude = random() < mix.rude;
  const drawn = pick(random, RUDE, 'whole');
  const isPossible = bodyBytes > 0 || (drawn !== 'leave-in-body' && drawn !== 'slow');
  const behaviour = isRude && isPossible ? drawn : 'whole';
  const place = random();
  const isReset = random() < 0.5;
  const whole = { 'leave-in-head': HEAD_BYTES, 'leave-in-body': bodyBytes, 'leave-in-answer': answerBytes };
  const limit = behaviour in whole ? whole[behaviour as keyof typeof whole] : 0;
  return {
    id,
    method,
    bodyBytes,
    isBodyChunked,
    answerBytes,
    answerFraming: isAnswerChunked ? 'chunked' : 'length',
    delayMs,
    refusedPercent,
    behaviour,
    leaveAfterBytes: Math.floor(place * limit),
    isReset,
  };
}

/** The target that tells a backend what to answer. */
export function targetOf({ answerBytes, answerFraming, delayMs, refusedPercent }: RequestPlan): string {
  return `/answer/${answerBytes}/${answerFraming}/${delayMs}/${refusedPercent}`;
}
