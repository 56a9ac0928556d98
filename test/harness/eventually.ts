/**
 * Waiting for something that another thread or process does: the claim is asked again and again
 * until it holds. The limit is only how long a broken build hangs, never part of what is tested.
 */
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when `claim` holds; rejects with `what` after `limitMs`. */
export async function eventually(
  what: string | (() => string),
  claim: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await claim())) {
    if (performance.now() > end) {
      throw new Error(`not within ${limitMs} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await delay(4);
  }
}

/** Resolves with what `work` does, or rejects with `what` after `limitMs`. */
export async function within<T>(what: string, limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${limitMs} ms: ${what}`)), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
