/**
 * What happens to a backend next, by itself or for want of an operator: the words, and the moment
 * that they wait for where it is known. Pure; shown with a countdown in the head of its screen.
 */
import type { BackendStatus } from '../../src/protocol/admin-api.ts';
import { plural } from './format.ts';

export interface NextStep {
  readonly words: string;
  /** Milliseconds since the epoch; null where it has none. */
  readonly atMs: number | null;
}

/** Soonest cause first; never empty. */
export function nextSteps(backend: BackendStatus): NextStep[] {
  const steps = [...leavingSteps(backend)];
  if (backend.state === 'ejected' && backend.ejectedUntilMs !== null) {
    steps.push({ words: 'readmitted at the latest', atMs: backend.ejectedUntilMs });
  }
  if (backend.nextCheckMs !== null) steps.push({ words: 'next check', atMs: backend.nextCheckMs });
  else if (backend.state === 'unresolved') steps.push({ words: 'checked as soon as its name resolves', atMs: null });
  if (backend.state === 'up' && backend.rampPercent < 100) {
    steps.push({ words: `slow start, ${Math.round(backend.rampPercent)}\u202f% of its share for now`, atMs: null });
  }
  return steps.length > 0 ? steps : [{ words: 'no check is planned', atMs: null }];
}

/** Whether it takes no new requests by somebody's wish. */
export function isLeaving({ isRemoved, mode }: Pick<BackendStatus, 'isRemoved' | 'mode'>): boolean {
  return isRemoved || mode !== 'ready';
}

function leavingSteps(backend: BackendStatus): NextStep[] {
  const { inFlight, isRemoved, cutAtMs } = backend;
  if (!isLeaving(backend)) return [];
  if (inFlight > 0) {
    const words = `${plural(inFlight, 'request')} left`;
    return [
      cutAtMs === null ? { words: `${words}, no time limit`, atMs: null } : { words: `${words}, cut`, atMs: cutAtMs },
    ];
  }
  return [{ words: isRemoved ? 'leaves the pool in a moment' : 'stays so until it is made ready', atMs: null }];
}

/** How far it has come with what it had when it began to leave; null where nothing was in flight. */
export function leavingProgress(
  backend: Pick<BackendStatus, 'inFlight' | 'inFlightAtLeave'>,
): { readonly done: number; readonly of: number } | null {
  // Workers hear of it a moment later, and may begin a few more until then.
  const of = Math.max(backend.inFlightAtLeave ?? 0, backend.inFlight);
  return of === 0 ? null : { done: of - backend.inFlight, of };
}

/** What a cut does, in sentences. */
export function cutSentences(inFlight: number): string[] {
  if (inFlight === 0) return ['Nothing is in flight any more: there is nothing to cut.'];
  return [
    `${plural(inFlight, 'request')} in flight ${inFlight === 1 ? 'is' : 'are'} ended at once.`,
    'Clients that have the beginning of an answer see it break off. Of the others, requests that may be repeated go to another backend, and the rest are answered 503.',
  ];
}
