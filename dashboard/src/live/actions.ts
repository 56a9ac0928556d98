/**
 * Changes asked for on the page. Nothing is shown as done before the server has said that it is:
 * an action is `pending` from the click until the live picture shows the wanted value, and ends in
 * a notice that can take it back, or says why it was refused. Called by the dialogs and the rows.
 *
 * A change is made for the settings that its preview was of. Where somebody has changed others
 * meanwhile, it is previewed anew and goes on if the same would come of it; else it is not made,
 * and the caller is told what is so now.
 */
import { effect, signal } from '@preact/signals';
import type { DryRun } from '../../../src/protocol/admin-api.ts';
import { type Change, changedSince, isSamePreview, type Preview, targetsOf, undoOf, type Written } from '../change.ts';
import { doneWords, notUndoneWords, subjectOf } from '../consequence.ts';
import { backendsNamed, type Model, poolsNamed } from '../store.ts';
import { backendTopic, poolWithoutRows } from '../topics.ts';
import { ApiError, previewChange, writeChange } from './api.ts';
import { notify } from './notices.ts';
import { isPaused, isUnauthorized, latest, refresh, signOut } from './session.ts';
import { want } from './wants.ts';

/** What is under way, by key: `policy POOL`, `mode POOL BACKEND`, `weight POOL BACKEND`; the value is what is wanted. */
export const pending = signal<ReadonlyMap<string, string>>(new Map());

/** The answer came; if the picture does not show the value after this long, something else changed it. */
const SHOWN_WITHIN_MS = 5_000;
/** Somebody changes settings all the time: the reader decides. */
const ROUNDS = 3;

export const keyOf = (...parts: readonly string[]): string => parts.join('\u0000');

const valueOf = (change: Change): string =>
  change.kind === 'mode' ? change.mode : change.kind === 'weight' ? String(change.weight) : change.kind;

function keysOf(change: Change): readonly string[] {
  if (change.kind === 'policy' || change.kind === 'add') return [keyOf(change.kind, change.pool)];
  return targetsOf(change).map((backend) => keyOf(change.kind, change.pool, backend));
}

export function setPending(change: Change, isUnderWay: boolean): void {
  const next = new Map(pending.peek());
  const value = change.kind === 'policy' ? change.policy : valueOf(change);
  for (const key of keysOf(change)) {
    if (isUnderWay) next.set(key, value);
    else next.delete(key);
  }
  pending.value = next;
}

export type Outcome =
  | { readonly kind: 'done'; readonly written: Written; readonly former: DryRun['former'] }
  /** Somebody has changed something since: this is what it would come to now. */
  | { readonly kind: 'changed'; readonly preview: Preview }
  | { readonly kind: 'refused'; readonly text: string };

/** Makes a change whose `preview` somebody has seen. It tells nobody; see `make`. */
export async function carryOut(change: Change, preview: Preview): Promise<Outcome> {
  let told = preview;
  setPending(change, true);
  isPaused.value = false;
  try {
    for (let round = 1; ; round += 1) {
      try {
        const written = await writeChange(change, told.tag);
        refresh();
        void untilShown(change).then(() => setPending(change, false));
        return { kind: 'done', written, former: told.former };
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 412 || round === ROUNDS) throw error;
      }
      const now = await previewChange(change);
      if (!isSamePreview(told, now)) {
        setPending(change, false);
        return { kind: 'changed', preview: now };
      }
      told = now;
    }
  } catch (error) {
    setPending(change, false);
    return { kind: 'refused', text: refusalOf(error) };
  }
}

/** The words of an error; a session that is over asks for the token instead. */
export function refusalOf(error: unknown): string {
  if (isUnauthorized(error)) signOut();
  return error instanceof ApiError ? error.message : String(error);
}

/** Makes a change, and tells in a notice what came of it, with the way back. */
export async function make(change: Change, preview: Preview): Promise<Outcome> {
  const outcome = await carryOut(change, preview);
  if (outcome.kind === 'done') tellDone(change, outcome.former, outcome.written);
  return outcome;
}

/** `former`: how that which was changed was before. */
export function tellDone(change: Change, former: DryRun['former'], written: Written): void {
  const undo = undoOf(change, former, written.name);
  const kept = written.persisted ? 'Saved.' : `Not saved: ${written.warning ?? 'the state file cannot be written'}.`;
  const words = `${doneWords(change, former)}. ${kept}`;
  notify(written.persisted ? 'good' : 'warning', words, undo.length === 0 ? null : () => void takeBack(change, undo));
}

/** Undo: ordinary changes to the former values, unless somebody else has been there since. */
async function takeBack(change: Change, undo: readonly Change[]): Promise<void> {
  for (const step of undo) {
    try {
      const preview = await previewChange(step);
      const problem = notUndoneWords(change, preview.former);
      if (problem !== null && changedSince(change, preview.former).length > 0) {
        notify('bad', `Not taken back. ${problem}.`);
        return;
      }
      const outcome = await carryOut(step, preview);
      if (outcome.kind === 'done') continue;
      const why = outcome.kind === 'refused' ? outcome.text : 'Somebody changed this since.';
      notify('bad', `${subjectOf(step)}: not taken back. ${why}`);
      return;
    } catch (error) {
      notify('bad', `${subjectOf(step)}: not taken back. ${refusalOf(error)}`);
      return;
    }
  }
  notify('good', `${subjectOf(change)}: taken back.`);
}

/**
 * A weight that was set in the row itself, where there is no room for questions: `seen` is what
 * stood there. Answers whether it was made.
 */
export async function changeWeight(pool: string, backend: string, weight: number, seen: number): Promise<boolean> {
  const change: Change = { kind: 'weight', pool, backends: [backend], weight };
  setPending(change, true);
  try {
    const preview = await previewChange(change);
    const [now] = preview.former.backends;
    if (now !== undefined && now.weight !== seen) {
      notify(
        'bad',
        `${subjectOf(change)}: somebody changed this since, it is weight ${now.weight} now. Nothing was done.`,
      );
      return false;
    }
    const outcome = await make(change, preview);
    if (outcome.kind === 'refused') notify('bad', `${subjectOf(change)}: ${outcome.text}`);
    if (outcome.kind === 'changed')
      notify('bad', `${subjectOf(change)}: somebody changed this since. Nothing was done.`);
    if (outcome.kind === 'done') await untilShown(change);
    return outcome.kind === 'done';
  } catch (error) {
    notify('bad', `${subjectOf(change)}: ${refusalOf(error)}`);
    return false;
  } finally {
    setPending(change, false);
  }
}

/** Resolves when everything on the page that tells of it tells the new value. */
function untilShown(change: Change): Promise<void> {
  const topics = topicsOf(change);
  // What shows its effect is followed until it does, whatever screen it was asked for on.
  const releases = topics.map((topic) => want(topic));
  return new Promise((resolve) => {
    const timer = setTimeout(end, SHOWN_WITHIN_MS);
    let stop: (() => void) | null = null;
    function end(): void {
      clearTimeout(timer);
      for (const release of releases) release();
      resolve();
      queueMicrotask(() => stop?.());
    }
    stop = effect(() => {
      if (isShownIn(latest.value, change)) end();
    });
  });
}

function topicsOf(change: Change): readonly string[] {
  const [first, ...more] = targetsOf(change);
  if (change.kind === 'policy' || change.kind === 'add' || first === undefined || more.length > 0) {
    return [poolWithoutRows(change.pool)];
  }
  return [backendTopic(change.pool, first)];
}

function isShownIn(model: Model | null, change: Change): boolean {
  const { pool } = change;
  if (change.kind === 'policy') {
    return all(poolsNamed(model, pool), (shown) => shown.policy === change.policy);
  }
  if (change.kind === 'add') return true;
  if (change.kind === 'remove') {
    return backendsNamed(model, pool, change.backend).every((shown) => shown.isRemoved);
  }
  return change.backends.every((name) => {
    const shown = backendsNamed(model, pool, name);
    // Of several most are on other pages of the table.
    if (shown.length === 0) return change.backends.length > 1;
    return shown.every((one) => (change.kind === 'mode' ? one.mode === change.mode : one.weight === change.weight));
  });
}

const all = <Shown>(shown: readonly Shown[], claim: (one: Shown) => boolean): boolean =>
  shown.length > 0 && shown.every(claim);
