/**
 * What an action will do and what it has done, in sentences. Pure. The figures and what follows
 * from them come from the server, which is asked before anything is done; here are the words.
 */
import type { AdminMode, DryRun } from '../../src/protocol/admin-api.ts';
import { type Change, changedSince, type Preview } from './change.ts';
import { formatShare, plural } from './format.ts';

export type Action = AdminMode | 'remove';

/** The change that a button of one backend asks for. */
export function changeOf(action: Action, pool: string, backend: string): Change {
  return action === 'remove'
    ? { kind: 'remove', pool, backend }
    : { kind: 'mode', pool, backends: [backend], mode: action };
}

/** The question and its button, whatever follows from it. */
export function wordsOf(change: Change): { readonly title: string; readonly button: string } {
  const subject = subjectOf(change);
  switch (change.kind) {
    case 'policy':
      return { title: `Switch ${subject} to ${change.policy}?`, button: 'Apply' };
    case 'weight':
      return { title: `Change the weight of ${subject}`, button: 'Set weight' };
    case 'add':
      return { title: `Add a backend to ${change.pool}`, button: 'Add backend' };
    case 'remove':
      return { title: `Remove ${subject}?`, button: 'Remove' };
    case 'mode': {
      const title = { ready: 'Make', drain: 'Drain', maintenance: 'Take' }[change.mode];
      const ending = { ready: ' ready', drain: '', maintenance: ' into maintenance' }[change.mode];
      return { title: `${title} ${subject}${ending}?`, button: MODE_BUTTONS[change.mode] };
    }
  }
}

/** `web/b1`, `3 backends of web`, `web`. */
export function subjectOf(change: Change): string {
  const { pool } = change;
  if (change.kind === 'policy') return pool;
  if (change.kind === 'add') return `${pool}/${change.addition.name ?? hostOf(change.addition.url)}`;
  if (change.kind === 'remove') return `${pool}/${change.backend}`;
  const [first = '', ...more] = change.backends;
  return more.length === 0 ? `${pool}/${first}` : `${plural(change.backends.length, 'backend')} of ${pool}`;
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

const MODE_BUTTONS: Readonly<Record<AdminMode, string>> = {
  ready: 'Make ready',
  drain: 'Drain',
  maintenance: 'Start maintenance',
};

/** What such a change is, whatever follows from it here. */
export function meaningOf(change: Change): string {
  const isOne = !('backends' in change) || change.backends.length === 1;
  const it = isOne ? 'It takes' : 'They take';
  const finish = isOne ? 'finishes what it has' : 'finish what they have';
  switch (change.kind) {
    case 'mode':
      return {
        ready: `${it} new requests as soon as the health checks pass.`,
        drain: `${it} no new requests and ${finish}.`,
        maintenance: `${it} no requests at all until made ready again, and ${finish}.`,
      }[change.mode];
    case 'remove':
      return 'It takes no new requests, finishes what it has, and then leaves the pool.';
    case 'weight':
      return 'Requests are shared in proportion to the weights, by the policies that use them.';
    case 'policy':
    case 'add':
      return '';
  }
}

/** `37 requests in flight; 2 of 3 remain; ≈ +50 % load on each.` Empty where nothing follows. */
export function figuresOf({ inFlight, available: { before, after } }: DryRun): string {
  const parts: string[] = [];
  if (inFlight > 0 || after < before) parts.push(`${plural(inFlight, 'request')} in flight`);
  if (after < before) parts.push(`${after} of ${before} remain`);
  if (after > before) parts.push(`${after} instead of ${before} take requests`);
  if (after > 0 && before > 0 && after !== before) {
    const change = before / after - 1;
    parts.push(`≈ ${change > 0 ? '+' : '−'}${formatShare(Math.abs(change))} load on each`);
  }
  return parts.length === 0 ? '' : `${parts.join('; ')}.`;
}

/** The server's sentences that say more than the figures: how long requests may take, and who is left. */
export function remarksOf({ inFlight, available: { before, after }, consequences }: DryRun): readonly string[] {
  const first = inFlight > 0 ? consequences.slice(0, 1) : [];
  const last = after !== before && (after === 0 || before === 0) ? consequences.slice(-1) : [];
  return [...new Set([...first, ...last])].map((text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`);
}

/** Whether the pool would be left with nothing to answer requests. */
export function isGrave({ available: { before, after } }: DryRun): boolean {
  return before > 0 && after === 0;
}

/** What is no longer so as it was told, in a sentence. */
export function changedWords(told: Preview, now: Preview): string {
  if (now.changes.length === 0) return 'Somebody has done this since: nothing is left to do.';
  if (told.changes.join() !== now.changes.join()) {
    return `Somebody changed this since. Now: ${now.changes.slice(0, 3).join(', ')}${now.changes.length > 3 ? ' …' : ''}.`;
  }
  const { before, after } = now.available;
  return `The pool has changed since: ${before === after ? after : `${before} → ${after}`} available now.`;
}

/** What has been done, for a notice: `web/b1: drain, was ready`. */
export function doneWords(change: Change, former: DryRun['former']): string {
  const subject = subjectOf(change);
  const was = [...new Set(former.backends.map((one) => (change.kind === 'weight' ? String(one.weight) : one.mode)))];
  const before = was.length === 1 ? `, was ${was[0]}` : '';
  switch (change.kind) {
    case 'policy':
      return `${subject}: ${change.policy}${former.policy === null ? '' : `, was ${former.policy}`}`;
    case 'mode':
      return `${subject}: ${change.mode}${before}`;
    case 'weight':
      return `${subject}: weight ${change.weight}${before}`;
    case 'add':
      return `${subject}: added`;
    case 'remove':
      return `${subject}: leaves when it is empty`;
  }
}

/** Why a change was not taken back. */
export function notUndoneWords(change: Change, former: DryRun['former']): string | null {
  const [first] = changedSince(change, former);
  if (first === undefined) return null;
  const now = change.kind === 'weight' ? `weight ${first.weight}` : first.mode;
  return `${change.pool}/${first.name}: somebody changed this since, it is ${now} now`;
}
