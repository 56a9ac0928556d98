/**
 * Light, dark, or as the system has it. The choice is kept in this browser. Everything is CSS
 * (`light-dark()`), but the charts paint on a canvas and have to be told: `themeStamp` changes with
 * the colours that are in force.
 */
import { computed, effect, signal } from '@preact/signals';
import { readKept, writeKept } from './kept.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'ballast.theme';

export const theme = signal<Theme>('system');
const systemIsDark = signal(false);

export const themeStamp = computed(() =>
  theme.value === 'system' ? (systemIsDark.value ? 'dark' : 'light') : theme.value,
);

export function startTheme(): void {
  const kept = readKept(KEY);
  theme.value = THEMES.find((one) => one === kept) ?? 'system';
  const query = matchMedia('(prefers-color-scheme: dark)');
  systemIsDark.value = query.matches;
  query.addEventListener('change', () => {
    systemIsDark.value = query.matches;
  });
  effect(() => {
    document.documentElement.dataset['theme'] = theme.value;
  });
}

export function setTheme(next: Theme): void {
  theme.value = next;
  writeKept(KEY, next);
}
