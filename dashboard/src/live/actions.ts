/**
 * Changes asked for on the page. Nothing is shown as done before the server has said that it is:
 * an action is `pending` from the click until the live picture shows the wanted value, and ends in
 * a notice if it is refused. Called by the screens.
 */
import { effect, signal } from '@preact/signals';
import type { AdminMode, BackendAddition } from '../../../src/protocol/admin-api.ts';
import { backendsNamed, type Model, poolOf, poolsNamed } from '../store.ts';
import { backendTopic, poolWithoutRows } from '../topics.ts';
import { ApiError, addBackend, patchBackend, patchPool, removeBackend } from './api.ts';
import { isPaused, isUnauthorized, latest, refresh, signOut } from './session.ts';
import { want } from './wants.ts';

export interface Notice {
  readonly id: number;
  readonly level: 'good' | 'bad';
  readonly text: string;
}

/** What is under way, by key: `policy POOL`, `mode POOL BACKEND`, `weight POOL BACKEND`; the value is what is wanted. */
export const pending = signal<ReadonlyMap<string, string>>(new Map());
/** The last refusal by the same keys; cleared by the next attempt. */
export const refusals = signal<ReadonlyMap<string, string>>(new Map());
export const notices = signal<readonly Notice[]>([]);

/** The answer came; if the picture does not show the value after this long, something else changed it. */
const SHOWN_WITHIN_MS = 5_000;
const NOTICE_MS = 6_000;
let noticeId = 0;

export const keyOf = (...parts: readonly string[]): string => parts.join('\u0000');

function without<Value>(map: ReadonlyMap<string, Value>, key: string): ReadonlyMap<string, Value> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

interface Wish {
  begin(): void;
  /** Another wish for the same thing came after it. */
  drop(): void;
}

/** The latest wish for what is still under way, by key. */
const wishes = new Map<string, Wish>();

/** Runs one write, after the one that is under way for the same thing. Answers whether the server took it. */
async function run(
  key: string,
  wanted: string,
  topic: string,
  write: () => Promise<void>,
  isShown: (model: Model | null) => boolean,
): Promise<boolean> {
  const isUnderWay = pending.peek().has(key);
  pending.value = new Map(pending.peek()).set(key, wanted);
  if (isUnderWay) {
    wishes.get(key)?.drop();
    const isBegun = await new Promise<boolean>((resolve) => {
      wishes.set(key, { begin: () => resolve(true), drop: () => resolve(false) });
    });
    if (!isBegun) return false;
    pending.value = new Map(pending.peek()).set(key, wanted);
  }
  isPaused.value = false;
  // What shows its effect is followed until it does, whatever screen it was asked for on.
  const release = want(topic);
  refusals.value = without(refusals.peek(), key);
  try {
    await write();
    refresh();
    await untilShown(isShown);
    return true;
  } catch (error) {
    if (isUnauthorized(error)) signOut();
    else refusals.value = new Map(refusals.peek()).set(key, wordsOf(error));
    return false;
  } finally {
    release();
    pending.value = without(pending.peek(), key);
    const next = wishes.get(key);
    wishes.delete(key);
    next?.begin();
  }
}

function untilShown(isShown: (model: Model | null) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, SHOWN_WITHIN_MS);
    let stop: (() => void) | null = null;
    function end(): void {
      clearTimeout(timer);
      resolve();
      queueMicrotask(() => stop?.());
    }
    stop = effect(() => {
      if (isShown(latest.value)) end();
    });
  });
}

function wordsOf(error: unknown): string {
  return error instanceof ApiError ? error.message : String(error);
}

export function notify(level: Notice['level'], text: string): void {
  noticeId += 1;
  const notice = { id: noticeId, level, text };
  notices.value = [...notices.peek(), notice].slice(-4);
  if (level === 'good') setTimeout(() => dismiss(notice.id), NOTICE_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.peek().filter((notice) => notice.id !== id);
}

/** Everything on the page that tells of it tells the new value. */
function isShownBy<Shown>(all: readonly Shown[], claim: (shown: Shown) => boolean): boolean {
  return all.length > 0 && all.every(claim);
}

export function changePolicy(pool: string, policy: string): Promise<boolean> {
  return run(
    keyOf('policy', pool),
    policy,
    poolWithoutRows(pool),
    () => patchPool(pool, { policy }),
    (model) => isShownBy(poolsNamed(model, pool), (shown) => shown.policy === policy),
  );
}

export async function changeMode(pool: string, backend: string, mode: AdminMode): Promise<boolean> {
  const key = keyOf('mode', pool, backend);
  const isDone = await run(
    key,
    mode,
    backendTopic(pool, backend),
    () => patchBackend(pool, backend, { mode }),
    (model) => isShownBy(backendsNamed(model, pool, backend), (shown) => shown.mode === mode),
  );
  reportRefusal(key, `${pool}/${backend}`);
  return isDone;
}

export async function changeWeight(pool: string, backend: string, weight: number): Promise<boolean> {
  const key = keyOf('weight', pool, backend);
  const isDone = await run(
    key,
    String(weight),
    backendTopic(pool, backend),
    () => patchBackend(pool, backend, { weight }),
    (model) => isShownBy(backendsNamed(model, pool, backend), (shown) => shown.weight === weight),
  );
  reportRefusal(key, `${pool}/${backend}`);
  return isDone;
}

export function add(pool: string, addition: BackendAddition): Promise<boolean> {
  const count = poolOf(latest.peek(), pool)?.count ?? 0;
  return run(
    keyOf('add', pool),
    addition.url,
    poolWithoutRows(pool),
    () => addBackend(pool, addition),
    (model) => isShownBy(poolsNamed(model, pool), (shown) => shown.count > count),
  );
}

export async function remove(pool: string, backend: string): Promise<boolean> {
  const key = keyOf('remove', pool, backend);
  const isDone = await run(
    key,
    'removed',
    backendTopic(pool, backend),
    () => removeBackend(pool, backend),
    (model) => backendsNamed(model, pool, backend).every((shown) => shown.isRemoved),
  );
  reportRefusal(key, `${pool}/${backend}`);
  return isDone;
}

/** A row is too narrow for an explanation: it goes into a notice that stays until it is read. */
function reportRefusal(key: string, subject: string): void {
  const refusal = refusals.peek().get(key);
  if (refusal !== undefined) notify('bad', `${subject}: ${refusal}`);
}
