/** Routes, listeners and what becomes of a tested request, in words. Pure. */
import type { BackendState, ExplainedBackend, Explanation, ListenerStatus } from '../../src/protocol/admin-api.ts';
import { formatShare, plural } from './format.ts';
import type { Severity } from './protocol.ts';

/** What a route matches, as one text: `api.example.com/v1`; and what it leaves open. */
export function matchWords(
  host: string | null,
  path: string | null,
): { readonly match: string; readonly open: string } {
  if (host === null && path === null) return { match: 'everything', open: 'every host, every path' };
  if (host === null) return { match: `${path}`, open: 'every host' };
  if (path === null) return { match: host, open: 'every path' };
  return { match: `${host}${path}`, open: '' };
}

/** The shape beside the word. */
export const LISTENER_SHAPES: Readonly<Record<ListenerStatus['state'], BackendState | Severity>> = {
  listening: 'up',
  partly: 'degraded',
  failed: 'down',
  starting: 'unknown',
  closed: 'draining',
};

export function listenerWords({ state, acceptingWorkers, workers }: ListenerStatus): string {
  return state === 'partly' ? `listening in ${acceptingWorkers} of ${plural(workers, 'worker')}` : state;
}

export const OUTCOME_SHAPES: Readonly<Record<Explanation['outcome'], Severity>> = {
  forwarded: 'up',
  queued: 'degraded',
  refused: 'down',
};

/** What becomes of the request, in one line. */
export function headline({ outcome, failure, route, pool }: Explanation): string {
  const by = route === null ? '' : ` by route ${route.number}`;
  if (outcome === 'forwarded') return `Forwarded to pool ${pool?.name ?? ''}${by}`;
  if (outcome === 'queued') return `Sent to pool ${pool?.name ?? ''}${by}, where it waits in the queue`;
  const answer = failure === null ? 'Refused' : `Answered ${failure.status} ${failure.code}`;
  if (route !== null) return `${answer}: sent to pool ${route.pool}${by}, which cannot take it`;
  return failure?.code === 'ROUTE_NOT_FOUND' ? `${answer}: no route takes it` : `${answer}: it is not routed at all`;
}

/** The candidates first, each group in the order of the config. */
export function backendsInOrder(backends: readonly ExplainedBackend[]): readonly ExplainedBackend[] {
  return [...backends.filter(({ isCandidate }) => isCandidate), ...backends.filter(({ isCandidate }) => !isCandidate)];
}

export function shareWords({ isCandidate, share }: ExplainedBackend): string {
  if (!isCandidate) return 'not asked';
  return share === null ? 'follows load' : formatShare(share);
}

/** Its state stands beside it, and is not said twice. */
export function reasonWords({ state, reason }: Pick<ExplainedBackend, 'state' | 'reason'>): string {
  return reason.startsWith(`${state}: `) ? reason.slice(state.length + 2) : reason;
}

/** More is not listened to. */
const SAID_AT_MOST = 4;

/** The whole of it, to be said aloud. */
export function storyAloud(explanation: Explanation): string {
  const { failure, lost, moreLost, pool } = explanation;
  const parts = [`${headline(explanation)}.`];
  if (failure !== null) parts.push(failure.text);
  const before = lost.length + moreLost;
  if (before > 0) parts.push(`${plural(before, 'route')} did not match.`);
  const candidates = pool?.backends.filter(({ isCandidate }) => isCandidate) ?? [];
  const out = (pool?.backends.length ?? 0) - candidates.length;
  if (pool !== null) parts.push(`${plural(candidates.length, 'candidate')}${listed(candidates)}.`);
  if (out > 0) parts.push(`${plural(out, 'backend')} not asked.`);
  return parts.join(' ');
}

function listed(candidates: readonly ExplainedBackend[]): string {
  if (candidates.length === 0) return '';
  const said = candidates.slice(0, SAID_AT_MOST).map((one) => `${one.name} ${shareWords(one)}`);
  const rest = candidates.length - said.length;
  return `: ${said.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
