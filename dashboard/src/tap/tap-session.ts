/**
 * The tap of this page: begun by a click, ended by another one, by its time, by hiding the page or
 * by leaving the screen. Nothing is asked of the balancer before it is begun, and nothing after its
 * end; what it has shown stays until it is cleared. Used by the screen of live requests only.
 */
import { batch, effect, signal } from '@preact/signals';
import { latest } from '../live/session.ts';
import { want } from '../live/wants.ts';
import type { TapFields, TapFilter, TappedRequest } from '../protocol.ts';
import { topicOf } from '../store.ts';
import { TOTALS, tapTopic } from '../topics.ts';
import { mergeTapped } from './tapped-list.ts';

/**
 * - `off`: never begun, or cleared.
 * - `starting`: asked for, and not yet on; told of and not on, it waits for room.
 * - `on`: the balancer shows requests.
 * - `over`: ended; `end` says how.
 */
export type TapPhase = 'off' | 'starting' | 'on' | 'over';
export type TapEnd = 'asked' | 'time' | 'hidden' | 'left';

export interface TapState {
  readonly phase: TapPhase;
  readonly end: TapEnd | null;
  /** Its topic: of what filter it is or was. */
  readonly topic: string | null;
  /** As last told. */
  readonly fields: TapFields | null;
  /** Requests that had ended, over all pools, when it began; null where that is not known. */
  readonly requestsBefore: number | null;
}

/** Messages come once a second: by so much the end may be told before its time. */
const CLOCK_MS = 2_000;

const OFF: TapState = { phase: 'off', end: null, topic: null, fields: null, requestsBefore: null };

export const tap = signal<TapState>(OFF);
/** What it has shown, newest end first. */
export const tapped = signal<readonly TappedRequest[]>([]);

let stopFollowing: (() => void) | null = null;

export const isTapping = (): boolean => tap.value.phase === 'starting' || tap.value.phase === 'on';

/** Begins, or goes on: what was shown before stays. */
export function startTap(filter: TapFilter): void {
  release();
  const topic = tapTopic(filter);
  const requestsBefore = topicOf(latest.peek(), TOTALS)?.fields.requests ?? null;
  tap.value = { ...OFF, phase: 'starting', topic, requestsBefore };
  const unwant = want(topic);
  const stopEffect = effect(() => {
    const value = topicOf(latest.value, tapTopic(filter));
    // Out of the effect: what it sets must not call it again.
    queueMicrotask(() => {
      if (stopFollowing === stop && value != null) hear(value.fields, value.rows ?? []);
    });
  });
  function stop(): void {
    stopEffect();
    unwant();
  }
  stopFollowing = stop;
}

function hear(fields: TapFields, rows: readonly TappedRequest[]): void {
  batch(() => {
    tapped.value = mergeTapped(tapped.peek(), rows);
    const before = tap.peek();
    tap.value = { ...before, phase: fields.isOn ? 'on' : 'starting', fields };
    if (before.phase === 'on' && !fields.isOn && isTimeUp(before.fields)) endTap('time');
  });
}

/** Else the channel was lost meanwhile, and there is no room for it any more. */
function isTimeUp(before: TapFields | null): boolean {
  return before === null || before.endsAtMs <= (latest.peek()?.atMs ?? 0) + CLOCK_MS;
}

/** Ends it, where it is under way. */
export function endTap(end: TapEnd): void {
  if (stopFollowing === null) return;
  release();
  tap.value = { ...tap.peek(), phase: 'over', end };
}

export function clearTap(): void {
  release();
  batch(() => {
    tap.value = OFF;
    tapped.value = [];
  });
}

function release(): void {
  const stop = stopFollowing;
  stopFollowing = null;
  stop?.();
}

// Nobody looks at a hidden page. It says so when somebody does again.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') endTap('hidden');
});
