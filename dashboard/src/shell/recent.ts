/**
 * What was looked at and used lately, for the palette: addresses of pools and backends, and keys of
 * commands, the latest first, kept in this browser. Started once by `main.tsx`.
 */
import { effect, signal } from '@preact/signals';
import { backendHref, place, poolHref } from '../router.ts';
import { readKept, writeKept } from './kept.ts';

const KEY = 'ballast.recent';
const AT_MOST = 12;

export const recent = signal<readonly string[]>([]);

export function startRecent(): void {
  recent.value = readRecent(readKept(KEY));
  effect(() => {
    const { route } = place.value;
    if (route.screen === 'pool') remember(poolHref(route.pool));
    if (route.screen === 'backend') remember(backendHref(route.pool, route.backend));
  });
}

export function remember(key: string): void {
  const before = recent.peek();
  if (before[0] === key) return;
  recent.value = [key, ...before.filter((one) => one !== key)].slice(0, AT_MOST);
  writeKept(KEY, JSON.stringify(recent.peek()));
}

/** Whatever somebody has put there, it is a list of texts. */
export function readRecent(text: string | null): readonly string[] {
  try {
    const list: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(list) ? list.filter((one) => typeof one === 'string').slice(0, AT_MOST) : [];
  } catch {
    return [];
  }
}
