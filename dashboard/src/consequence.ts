/**
 * What an action will do, in sentences, before it is done. Pure; shown by the confirmation dialog.
 */
import type { AdminMode, BackendStatus } from '../../src/protocol/admin-api.ts';
import { formatShare, plural } from './format.ts';
import { takesRequests } from './share.ts';

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
  pool: string,
  name: string,
  backends: readonly BackendStatus[],
): Consequence {
  const backend = backends.find((one) => one.name === name);
  const subject = `${pool}/${name}`;
  const title = { ready: 'Make', drain: 'Drain', maintenance: 'Take', remove: 'Remove' }[action];
  const ending = { ready: ' ready', drain: '', maintenance: ' into maintenance', remove: '' }[action];
  const words = { title: `${title} ${subject}${ending}?`, button: BUTTONS[action] };
  const inFlight = backend?.inFlight ?? 0;
  if (action === 'ready') {
    const isHealthy = backend?.lastCheck?.isPass ?? true;
    const sentence = isHealthy
      ? 'New requests go to it again as soon as every worker knows.'
      : 'It takes new requests again once its health checks pass.';
    return { ...words, sentences: [sentence], isGrave: false };
  }
  const count = backends.filter((one) => !one.isRemoved).length;
  const remaining = backends.filter((one) => one.name !== name && takesRequests(one)).length;
  const isTaken = backend !== undefined && takesRequests(backend);
  const sentences = [WHAT[action], `${plural(inFlight, 'request')} in flight; ${remaining} of ${count} remain.`];
  if (isTaken && remaining > 0) {
    const share = shareOf(backend, backends);
    if (share !== null && share < 1) {
      sentences.push(`Each of the others takes about ${formatShare(share / (1 - share))} more.`);
    }
  }
  const isGrave = isTaken && remaining === 0;
  if (isGrave) sentences.push(`No backend is left: requests to the pool ${pool} are answered 503.`);
  return { ...words, sentences, isGrave };
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

function shareOf(backend: BackendStatus, backends: readonly BackendStatus[]): number | null {
  const rps = backends.reduce((total, one) => total + one.rps, 0);
  return rps > 0 ? backend.rps / rps : null;
}
