/**
 * Keys that work on every screen. Single letters can be switched off (WCAG 2.1.4); all that they do
 * can be done with a real control as well. Started once by `main.tsx`.
 */
import { signal } from '@preact/signals';
import { zoom, zoomBy } from '../charts/zoom.ts';
import { togglePause } from '../live/session.ts';
import { neighbour } from '../ranges.ts';
import { go, place, setRange } from '../router.ts';
import { readKept, writeKept } from './kept.ts';
import { SCREENS } from './screens.ts';

const KEY = 'ballast.shortcuts';
/** `g` waits this long for the letter of the screen. */
const CHORD_MS = 1_500;

export const isHelpOpen = signal(false);
export const isPaletteOpen = signal(false);
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
  if (isPaletteKey(event)) {
    // The browser would go to its address bar.
    event.preventDefault();
    if (document.querySelector('dialog[open]:not(.palette)') === null) isPaletteOpen.value = !isPaletteOpen.peek();
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !areShortcutsOn.value) return;
  if (document.querySelector('dialog[open]') !== null || isTyping(event.target)) return;
  if (act(event)) event.preventDefault();
}

/** Not a key of a single letter: it works in every field, and cannot be switched off. */
function isPaletteKey(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k';
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.matches('input:not([type="checkbox"], [type="radio"]), select, textarea, [contenteditable]')
  );
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
      if (zoom.peek() !== null) zoomBy(event.key === ']' ? 2 : 0.5);
      else setRange(neighbour(place.peek().range, event.key === ']' ? 1 : -1));
      return true;
    case 'Enter':
      return openRow(event.target);
    case ' ':
      if (event.target instanceof HTMLElement && event.target.matches('button, a, input, summary, [role="slider"] *'))
        return false;
      togglePause();
      return true;
    case 'u':
      return pressLast('[data-undo]');
    default:
      return (
        /^[a-z]$/.test(event.key) && (pressLast(`[data-screen-key="${event.key}"]`) || useRow(event.target, event.key))
      );
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

/** A control that is for the whole screen: `a` for the policy, `u` for the way back. */
function pressLast(selector: string): boolean {
  const control = [...document.querySelectorAll<HTMLElement>(selector)].at(-1);
  control?.click();
  return control !== undefined;
}

/**
 * A letter that stands on a control of the row in focus: `x` ticks it, `r d m` are for its mode,
 * `w` for its weight. While rows are ticked, the bar that is about them has the letters first.
 * The focus stays where it is.
 */
function useRow(target: EventTarget | null, key: string): boolean {
  const control =
    document.querySelector<HTMLElement>(`[data-bulk] [data-key="${key}"]`) ??
    rowOf(target)?.querySelector<HTMLElement>(`[data-key="${key}"]`);
  control?.click();
  return control != null;
}
