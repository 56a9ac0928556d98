/** The small lines of a table of pools: the last five minutes of each, read again every ten seconds. */
import { effect, signal, untracked } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Cell } from '../history.ts';
import { getPoolLines } from './api.ts';
import { latest } from './session.ts';

const REFRESH_SECONDS = 10;

/** By pool; a pool that is not here has not been read yet. */
const lines = signal<ReadonlyMap<string, readonly Cell[]>>(new Map());
let askedAt = 0;
let asked = '';
let isAsking = false;

async function ask(names: readonly string[], second: number): Promise<void> {
  isAsking = true;
  try {
    const { at, stepSeconds, rps, second: last } = await getPoolLines(names, '5m');
    const begin = last - 300;
    const slots = Math.ceil(300 / stepSeconds);
    const read = Object.entries(rps).map(([name, values]) => {
      const cells = new Array<Cell>(slots).fill(null);
      for (const [index, step] of at.entries()) {
        const slot = Math.min(slots - 1, Math.floor((step - begin) / stepSeconds));
        if (slot >= 0) cells[slot] = values[index] ?? null;
      }
      return [name, cells] as const;
    });
    lines.value = new Map(read);
    asked = names.join();
  } catch {
    // The lines stay as they are; the banner tells what is wrong.
  } finally {
    askedAt = second;
    isAsking = false;
  }
}

/** Follows the lines of these pools for as long as a component is on the screen. */
export function usePoolLines(names: readonly string[]): ReadonlyMap<string, readonly Cell[]> {
  const key = names.join();
  useEffect(() => {
    return effect(() => {
      const second = latest.value?.second ?? 0;
      untracked(() => {
        if (isAsking || second === 0 || names.length === 0 || document.visibilityState === 'hidden') return;
        if (asked !== key || Math.abs(second - askedAt) >= REFRESH_SECONDS) void ask(names, second);
      });
    });
  }, [key]);
  return lines.value;
}
