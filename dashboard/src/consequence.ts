/**
 * What an action will do, in sentences, before it is done. Pure; shown by the confirmation dialog.
 */
import type { AdminMode, BackendStatus } from '../../src/protocol/admin-api.ts';
import { formatShare, plural } from './format.ts';
import type { PoolFields } from './protocol.ts';
import { takesRequests } from './roll-up.ts';

export type Action = AdminMode | 'remove';

export interface Consequence {
  readonly title: string;
  readonly button: string;
  readonly sentences: readonly string[];
  /** True where the pool would be left with nothing to answer requests. */
  readonly isGrave: boolean;
}

export function consequenceOf(
  action: Action,
  pool: Pick<PoolFields, 'name' | 'count' | 'availableCount'>,
  backend: BackendStatus,
): Consequence {
  const words = wordsOf(action, pool.name, backend.name);
  if (action === 'ready') {
    const isHealthy = backend.lastCheck?.isPass ?? true;
    const sentence = isHealthy
      ? 'New requests go to it again as soon as every worker knows.'
      : 'It takes new requests again once its health checks pass.';
    return { ...words, sentences: [sentence], isGrave: false };
  }
  const isTaken = takesRequests(backend);
  const remaining = pool.availableCount - (isTaken ? 1 : 0);
  const sentences = [
    WHAT[action],
    `${plural(backend.inFlight, 'request')} in flight; ${remaining} of ${pool.count} remain.`,
  ];
  const share = backend.actualShare;
  if (isTaken && remaining > 0 && share !== null && share < 1) {
    sentences.push(`Each of the others takes about ${formatShare(share / (1 - share))} more.`);
  }
  const isGrave = isTaken && remaining === 0;
  if (isGrave) sentences.push(`No backend is left: requests to the pool ${pool.name} are answered 503.`);
  return { ...words, sentences, isGrave };
}

/** The question and its button, whatever follows from it. */
export function wordsOf(action: Action, pool: string, backend: string): Pick<Consequence, 'title' | 'button'> {
  const title = { ready: 'Make', drain: 'Drain', maintenance: 'Take', remove: 'Remove' }[action];
  const ending = { ready: ' ready', drain: '', maintenance: ' into maintenance', remove: '' }[action];
  return { title: `${title} ${pool}/${backend}${ending}?`, button: BUTTONS[action] };
}

const BUTTONS: Readonly<Record<Action, string>> = {
  ready: 'Make ready',
  drain: 'Drain',
  maintenance: 'Start maintenance',
  remove: 'Remove',
};

const WHAT: Readonly<Record<Exclude<Action, 'ready'>, string>> = {
  drain: 'It takes no new requests and finishes those that it has.',
  maintenance: 'It takes no requests at all until it is made ready again.',
  remove: 'It takes no new requests, finishes those that it has, and then leaves the pool.',
};
