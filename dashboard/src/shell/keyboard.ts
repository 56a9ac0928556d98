/**
 * Keys that work on every screen. Single letters can be switched off (WCAG 2.1.4); all that they do
 * can be done with a real control as well. Started once by `main.tsx`.
 */
import { signal } from '@preact/signals';
import { togglePause } from '../live/session.ts';
import { neighbour } from '../ranges.ts';
import { go, place, setRange } from '../router.ts';
import { readKept, writeKept } from './kept.ts';
import { SCREENS } from './screens.ts';

const KEY = 'ballast.shortcuts';
/** `g` waits this long for the letter of the screen. */
const CHORD_MS = 1_500;

export const isHelpOpen = signal(false);
export const areShortcutsOn = signal(true);

let chordUntilMs = 0;

export function startKeyboard(): void {
  areShortcutsOn.value = readKept(KEY) !== 'off';
  addEventListener('keydown', onKeyDown);
}

export function setShortcuts(isOn: boolean): void {
  areShortcutsOn.value = isOn;
  writeKept(KEY, isOn ? 'on' : 'off');
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !areShortcutsOn.value) return;
  if (document.querySelector('dialog[open]') !== null || isTyping(event.target)) return;
  if (act(event)) event.preventDefault();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, select, textarea, [contenteditable]');
}

/** Answers whether the key was used. */
function act(event: KeyboardEvent): boolean {
  const screen = SCREENS.find(({ key }) => key === event.key)?.href;
  const isChord = event.timeStamp < chordUntilMs;
  chordUntilMs = 0;
  if (isChord && screen !== undefined) {
    go(screen);
    return true;
  }
  switch (event.key) {
    case '?':
      isHelpOpen.value = true;
      return true;
    case 'g':
      chordUntilMs = event.timeStamp + CHORD_MS;
      return true;
    case '/':
      return focusFilter();
    case 'j':
      return moveRow(1);
    case 'k':
      return moveRow(-1);
    case '[':
    case ']':
      setRange(neighbour(place.peek().range, event.key === ']' ? 1 : -1));
      return true;
    case 'Enter':
      return openRow(event.target);
    case ' ':
      if (event.target instanceof HTMLElement && event.target.matches('button, a, summary, [role="slider"] *'))
        return false;
      togglePause();
      return true;
    default:
      return useRow(event.target, event.key);
  }
}

function focusFilter(): boolean {
  const filter = document.querySelector<HTMLInputElement>('[data-filter]');
  filter?.focus();
  filter?.select();
  return filter !== null;
}

const rowOf = (target: EventTarget | null): HTMLElement | null =>
  target instanceof Element ? target.closest<HTMLElement>('[data-row]') : null;

function moveRow(by: number): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')];
  if (rows.length === 0) return false;
  const current = rowOf(document.activeElement);
  const index = current === null ? (by > 0 ? 0 : rows.length - 1) : rows.indexOf(current) + by;
  rows[Math.min(rows.length - 1, Math.max(0, index))]?.focus();
  return true;
}

function openRow(target: EventTarget | null): boolean {
  const row = rowOf(target);
  if (row === null || row !== target) return false;
  const opener = row.querySelector<HTMLElement>('[data-open]');
  opener?.click();
  return opener !== null;
}

/** A letter that stands on a control of the row in focus: `r d m` for its mode, `w` for its weight. */
function useRow(target: EventTarget | null, key: string): boolean {
  if (!/^[a-z]$/.test(key)) return false;
  const control = rowOf(target)?.querySelector<HTMLElement>(`[data-key="${key}"]`) ?? null;
  if (control === null) return false;
  if (control instanceof HTMLInputElement) control.select();
  else control.click();
  control.focus();
  return true;
}
