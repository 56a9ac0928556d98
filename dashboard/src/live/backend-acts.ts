/**
 * What can be done to one backend that changes no setting: check it now, cut what it has in flight.
 * Both are shown as under way until the live picture has their effect, and tell in a notice what
 * came of it. Called by its screen.
 */
import { effect, signal } from '@preact/signals';
import type { BackendStatus } from '../../../src/protocol/admin-api.ts';
import { plural } from '../format.ts';
import { backendsNamed } from '../store.ts';
import { backendTopic } from '../topics.ts';
import { refusalOf } from './actions.ts';
import { checkBackend, cutBackend } from './api.ts';
import { notify } from './notices.ts';
import { isPaused, latest, refresh } from './session.ts';
import { want } from './wants.ts';

/** The answer came; what the page does not show after this long is not waited for. */
const SHOWN_WITHIN_MS = 5_000;

type Act = 'check' | 'cut';

/** What is under way: `check POOL/BACKEND`. */
export const actsUnderWay = signal<ReadonlySet<string>>(new Set());

export const actKey = (act: Act, pool: string, backend: string): string => `${act} ${pool}/${backend}`;

/** The result is told in a notice as well: the list of checks may be out of sight. */
export function checkNow(pool: string, backend: string): Promise<void> {
  return carryOut('check', pool, backend, async () => {
    const check = await checkBackend(pool, backend);
    const name = `${pool}/${backend}`;
    if (check === null) notify('good', `${name}: the check goes on.`);
    else if (check.isPass) notify('good', `${name}: check passed, ${check.detail}.`);
    else notify('warning', `${name}: check failed, ${check.detail}.`);
    const atMs = check?.atMs ?? 0;
    return (shown) => (shown.lastCheck?.atMs ?? 0) >= atMs;
  });
}

/** Ends what a backend that takes no requests has in flight. */
export function cut(pool: string, backend: string): Promise<void> {
  return carryOut('cut', pool, backend, async () => {
    const count = await cutBackend(pool, backend);
    notify('good', `${pool}/${backend}: ${plural(count, 'request')} cut.`);
    return (shown) => shown.inFlight === 0;
  });
}

/** `write` answers by what its effect is known. */
async function carryOut(
  act: Act,
  pool: string,
  backend: string,
  write: () => Promise<(shown: BackendStatus) => boolean>,
): Promise<void> {
  const key = actKey(act, pool, backend);
  if (actsUnderWay.peek().has(key)) return;
  actsUnderWay.value = new Set([...actsUnderWay.peek(), key]);
  isPaused.value = false;
  const release = want(backendTopic(pool, backend));
  try {
    const isShown = await write();
    refresh();
    await untilShown(pool, backend, isShown);
  } catch (error) {
    notify('bad', `${pool}/${backend}: ${refusalOf(error)}`);
  } finally {
    release();
    actsUnderWay.value = new Set([...actsUnderWay.peek()].filter((each) => each !== key));
  }
}

function untilShown(pool: string, backend: string, isShown: (shown: BackendStatus) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, SHOWN_WITHIN_MS);
    let stop: (() => void) | null = null;
    function end(): void {
      clearTimeout(timer);
      resolve();
      queueMicrotask(() => stop?.());
    }
    stop = effect(() => {
      // A backend that has gone has nothing more to show.
      if (backendsNamed(latest.value, pool, backend).every(isShown)) end();
    });
  });
}
