/** States in words, as a person says them. Pure; the roll-up of a pool comes from the server. */
import type { BackendState, BackendStatus } from '../../src/protocol/admin-api.ts';
import { plural } from './format.ts';

export type { Severity } from './protocol.ts';

/** The state with what is left to do, where that is known. */
export function stateWords(backend: Pick<BackendStatus, 'state' | 'inFlight' | 'isRemoved'>): string {
  if (backend.isRemoved) return `leaving, ${backend.inFlight} left`;
  if (backend.state === 'draining') return backend.inFlight > 0 ? `draining, ${backend.inFlight} left` : 'drained';
  return STATE_WORDS[backend.state];
}

export const STATE_WORDS: Readonly<Record<BackendState, string>> = {
  up: 'up',
  down: 'down',
  unknown: 'unchecked',
  ejected: 'ejected',
  draining: 'draining',
  maintenance: 'maintenance',
  unresolved: 'unresolved',
};

/** As they stand side by side: what serves first, what is wrong last. */
export const STATE_ORDER: readonly BackendState[] = [
  'up',
  'unknown',
  'draining',
  'maintenance',
  'ejected',
  'unresolved',
  'down',
];

export type StateCounts = Readonly<Partial<Record<BackendState, number>>>;

/** `19 up, 1 down`; `no backends`. */
export function countWords(states: StateCounts): string {
  const parts = STATE_ORDER.flatMap((state) => {
    const count = states[state] ?? 0;
    return count === 0 ? [] : [`${count} ${STATE_WORDS[state]}`];
  });
  return parts.length === 0 ? 'no backends' : parts.join(', ');
}

/**
 * Which states are drawn where there is room for `most` shapes: all that are not up, before those
 * that are. Answers what is drawn, in its order, and how many are not.
 */
export function shapesOf(
  states: StateCounts,
  most: number,
): { readonly shapes: BackendState[]; readonly rest: number } {
  const others = STATE_ORDER.filter((state) => state !== 'up');
  const otherCount = others.reduce((sum, state) => sum + (states[state] ?? 0), 0);
  const shapes = new Array<BackendState>(Math.min(states.up ?? 0, Math.max(0, most - otherCount))).fill('up');
  for (const state of others) {
    for (let count = states[state] ?? 0; count > 0 && shapes.length < most; count -= 1) shapes.push(state);
  }
  return { shapes, rest: otherCount + (states.up ?? 0) - shapes.length };
}

/** Whether new requests can go to it. */
export function takesRequests(backend: Pick<BackendStatus, 'state' | 'isRemoved'>): boolean {
  return !backend.isRemoved && (backend.state === 'up' || backend.state === 'unknown');
}

/** `2 of 3 backends`. */
export function ofBackends(upCount: number, count: number): string {
  return `${upCount} of ${plural(count, 'backend')}`;
}
