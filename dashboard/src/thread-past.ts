/**
 * The processor time of each thread over the last minutes, kept by the page: the server keeps no
 * history of threads. Pure but for the hook: one cell a second, null where nothing was heard.
 */
import { effect, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Cell } from './history.ts';
import { latest } from './live/session.ts';
import { topicOf } from './store.ts';
import { isFresh } from './thread-words.ts';
import { PROCESS, WORKERS } from './topics.ts';

export const PAST_SECONDS = 300;
/** The name of the main thread among the workers. */
export const CONTROL_PLANE = 'control plane';

export interface ThreadPast {
  readonly instance: string;
  /** That of the last cell. */
  readonly second: number;
  /** By thread; always so many cells, the newest last. */
  readonly lines: ReadonlyMap<string, readonly Cell[]>;
}

/** Adds what was heard of a second; a second that was heard already is not added again. */
export function addSecond(
  past: ThreadPast | null,
  instance: string,
  second: number,
  shares: ReadonlyMap<string, Cell>,
): ThreadPast {
  const known = past?.instance === instance && past.second <= second ? past : null;
  if (known?.second === second) return known;
  const passed = known === null ? PAST_SECONDS : Math.min(PAST_SECONDS, second - known.second);
  const lines = new Map<string, readonly Cell[]>();
  for (const [name, share] of shares) {
    const before: readonly Cell[] = known?.lines.get(name) ?? Array.from({ length: PAST_SECONDS }, () => null);
    const gap: Cell[] = Array.from({ length: passed - 1 }, () => null);
    lines.set(name, [...before.slice(passed), ...gap, share]);
  }
  return { instance, second, lines };
}

const past = signal<ThreadPast | null>(null);

function record(): void {
  const model = latest.value;
  const workers = topicOf(model, WORKERS)?.rows;
  const main = topicOf(model, PROCESS)?.fields;
  if (model === null || workers === undefined || main === undefined) return;
  const shares = new Map<string, Cell>(
    workers.map((worker) => [worker.name, isFresh(worker) ? worker.cpuShare : null]),
  );
  shares.set(CONTROL_PLANE, main.controlPlane.cpuShare);
  past.value = addSecond(past.peek(), model.instance, model.second, shares);
}

/** The lines by thread, kept up to date as long as somebody looks at them. */
export function useThreadPast(): ReadonlyMap<string, readonly Cell[]> {
  useEffect(() => effect(record), []);
  return past.value?.lines ?? new Map();
}
