/**
 * Why one backend gets what it gets, in words, and what has to happen for that to change. Pure.
 *
 * Called by the admin API for people who ask: the page and `ballast explain --backend` show the
 * same sentences. Who is asked and who is not comes from `explain-pool.ts`, and so from what the
 * workers do; here it is only said. Sentences hold no moments and no durations that run: those
 * who read them see them beside.
 */
import { policyNamed } from '../../balancing/policies.ts';
import { formatDuration } from '../../config/durations.ts';
import type { ExplainedBackend } from '../../protocol/admin-api.ts';
import { FULL_RAMP } from '../../state/layout.ts';
import { healthRuleOf } from '../health/health-state.ts';
import { passesToReadmit } from '../roster/ejection.ts';
import { type RosterBackend, type RosterPool, stateOf } from '../roster/roster-model.ts';
import type { PoolAnswer } from './explain-pool.ts';

/** What an answer needs to know. */
export interface BackendFacts {
  readonly pool: RosterPool;
  readonly backend: RosterBackend;
  /** What the pool would do with a request now. */
  readonly placed: PoolAnswer;
  /** How many routes lead to the pool. */
  readonly routeCount: number;
  /** Attempts finished a second over the last 10 s, on all of the pool and on this backend. */
  readonly poolRps: number;
  readonly rps: number;
  readonly inFlight: number;
  /** What the policy promises it, 0..1; null where the policy follows load. */
  readonly promisedShare: number | null;
}

export interface BackendWords {
  /** The strongest cause first. */
  readonly why: readonly string[];
  /** Empty where nothing stands between it and its share. */
  readonly next: readonly string[];
}

export function explainBackend(facts: BackendFacts): BackendWords {
  const { backend, placed } = facts;
  const own = placed.pool.backends.find(({ name }) => name === backend.name);
  const isAsked = own?.isCandidate ?? false;
  const why = isAsked && own !== undefined ? whyAsked(facts, own) : whyNotAsked(facts, own?.reason ?? '');
  return { why: [...why, ...remarks(facts, isAsked)], next: whatNext(facts) };
}

/** It is in rotation, and has a place free. */
function whyAsked(facts: BackendFacts, own: ExplainedBackend): string[] {
  const { pool, backend, routeCount, poolRps, rps } = facts;
  if (routeCount === 0) return [`It is ready, but no route leads to the pool ${pool.name}: nothing can reach it.`];
  const idle = poolRps === 0 ? [`The pool ${pool.name} has had no requests in the last 10 s.`] : [];
  return [
    ...standing(facts),
    shareWords(facts, own),
    ...(idle.length > 0 ? idle : [`In the last 10 s it had ${percent(rps / poolRps)}.`]),
    ...(backend.ramp < FULL_RAMP
      ? [`It is in its slow start: ${percent(backend.ramp / FULL_RAMP)} of its share for now.`]
      : []),
  ];
}

/** What is unusual in its being asked. */
function standing({ pool, backend }: BackendFacts): string[] {
  const state = stateOf(backend);
  if (state === 'down' || state === 'ejected') {
    const what = state === 'down' ? 'down' : 'ejected';
    return [
      `It is ${what} (${backend.reason}) and asked all the same: too few backends of ${pool.name} are available (panic).`,
    ];
  }
  if (backend.isBackup) return ['It is a backup, and asked since too few others are available.'];
  return state === 'unknown' ? ['Nobody has checked it yet; it is asked until a check says otherwise.'] : [];
}

function shareWords(facts: BackendFacts, own: ExplainedBackend): string {
  const { pool, backend, placed, promisedShare } = facts;
  const takers = placed.pool.backends.filter(({ isCandidate }) => isCandidate);
  if (takers.length === 1) return 'It gets every request of the pool: no other backend can take one.';
  const others = `It is one of ${takers.length} backends that take requests`;
  if (promisedShare === null) {
    const share = own.share === null ? '' : `: under the present one it would get about ${percent(own.share)}`;
    return `${others}, and ${pool.policy} follows load${share}.`;
  }
  const given = `${others}; ${pool.policy} gives it ${percent(own.share ?? promisedShare)} of them`;
  if (!usesWeights(pool)) return `${given}.`;
  const weights = takers.reduce((sum, { weight }) => sum + weight, 0);
  return `${given}, for its weight of ${backend.weight} out of ${weights}.`;
}

/** It gets no new requests; `reason` is that of the explanation of its pool. */
function whyNotAsked(facts: BackendFacts, reason: string): string[] {
  const { pool, backend, placed, inFlight } = facts;
  const left =
    inFlight === 0 ? 'nothing of it is in flight any more' : `${counted(inFlight, 'request')} may still finish`;
  if (backend.isRemoved) return [`It gets no new requests: ${backend.reason || 'it is being removed'}; ${left}.`];
  switch (stateOf(backend)) {
    case 'unresolved':
      return [`It gets no requests: nobody knows its address (${backend.reason}).`];
    case 'maintenance':
      return [`It gets no requests: ${backend.reason}.`];
    case 'draining':
      return [`It gets no new requests: ${backend.reason}; ${left}.`];
    case 'down':
      return [`It gets no requests: its health checks fail (${backend.reason}).`];
    case 'ejected':
      return [`It gets no requests: it failed in live traffic (${backend.reason}).`];
    case 'up':
    case 'unknown':
  }
  if (reason.startsWith('full')) return [`It is ${reason}. ${WHEN_FULL[placed.placing]}`];
  const takers = placed.pool.backends.filter(({ isCandidate }) => isCandidate).length;
  return [
    `It is a backup: it gets requests only when the primaries of ${pool.name} cannot take them, and ${counted(takers, 'backend')} can.`,
  ];
}

const WHEN_FULL: Readonly<Record<PoolAnswer['placing'], string>> = {
  forwarded: 'Requests go to the others.',
  queued: 'So are all others: requests wait for a place.',
  POOL_FULL: 'So are all others: requests are refused.',
  POOL_UNAVAILABLE: '',
};

/** What else one would wonder about. */
function remarks({ pool, backend }: BackendFacts, isAsked: boolean): string[] {
  const others = pool.backends.filter(({ isRemoved }) => !isRemoved);
  const hasOtherWeight = others.some(({ weight }) => weight !== backend.weight);
  return isAsked && hasOtherWeight && !usesWeights(pool)
    ? [`Its weight of ${backend.weight} has no effect: ${pool.policy} ignores weights.`]
    : [];
}

function whatNext({ pool, backend, inFlight }: BackendFacts): string[] {
  const { rise, fall } = healthRuleOf(pool.config);
  const { drainTimeoutMs, slowStartMs } = pool.config;
  const { passesInRow, failsInRow } = backend;
  const longest = formatDuration(drainTimeoutMs);
  const mayFinish = drainTimeoutMs === 0 ? 'may finish' : `may finish within ${longest}`;
  if (backend.isRemoved)
    return [`It goes when nothing is in flight${drainTimeoutMs === 0 ? '' : `, after ${longest} at the latest`}.`];
  switch (stateOf(backend)) {
    case 'unresolved':
      return ['It is checked and asked as soon as its name resolves.'];
    case 'maintenance':
    case 'draining':
      return [`It stays so until it is made ready${inFlight === 0 ? '' : `; what it has in flight ${mayFinish}`}.`];
    case 'down':
      return [
        `It comes back when ${counted(rise, 'check')} in a row ${rise === 1 ? 'has' : 'have'} passed; ${soFar(passesInRow)}.`,
      ];
    case 'ejected': {
      const passes = passesToReadmit(backend.ejections, rise);
      return [
        `It comes back when its time is up, or when ${counted(passes, 'check')} in a row ${passes === 1 ? 'has' : 'have'} passed; ${soFar(passesInRow)}.`,
      ];
    }
    case 'up':
    case 'unknown':
  }
  return [
    ...(failsInRow > 0
      ? [
          `It is taken out when ${counted(fall, 'check')} in a row ${fall === 1 ? 'has' : 'have'} failed; ${soFar(failsInRow)}.`,
        ]
      : []),
    ...(backend.ramp < FULL_RAMP
      ? [`It has its whole share ${formatDuration(slowStartMs)} after its slow start began.`]
      : []),
  ];
}

const usesWeights = (pool: RosterPool): boolean => policyNamed(pool.policy)?.usesWeights ?? true;

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const soFar = (count: number): string => `${count === 0 ? 'none' : count} so far`;

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
