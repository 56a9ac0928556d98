/**
 * What the palette offers: things and the way to them, screens, what can be done here. An item that
 * would change the balancer opens its screen and the dialog that asks; nothing is changed from here.
 */

import { effect } from '@preact/signals';
import { isLogScale, setLogScale } from '../charts/scale-button.tsx';
import { backToLive, zoom } from '../charts/zoom.ts';
import { checkNow } from '../live/backend-acts.ts';
import { isPaused, latest, togglePause } from '../live/session.ts';
import { ask, askChange } from '../parts/confirm.tsx';
import type { IconName } from '../parts/icon.tsx';
import { choosePolicyFor } from '../parts/policy-dialog.tsx';
import type { ShapeName } from '../parts/state-mark.tsx';
import type { SearchRow } from '../protocol.ts';
import { RANGES } from '../ranges.ts';
import { backendHref, eventsHref, go, parsePlace, place, poolHref, setOptions } from '../router.ts';
import { backendOf } from '../store.ts';
import { isHelpOpen } from './keyboard.ts';
import { type Ranked, VERBS, type Verb } from './palette-rank.ts';
import { SCREENS } from './screens.ts';
import { setTheme, THEMES, theme } from './theme.ts';

export interface Thing {
  readonly pool: string;
  /** Null for the pool itself. */
  readonly backend: string | null;
}

export interface PaletteItem extends Ranked {
  readonly icon: IconName | null;
  readonly state: ShapeName | null;
  /** How it is, or the key that does the same. */
  readonly note: string;
  /** What can be done to it is one step further. */
  readonly thing: Thing | null;
  readonly run: () => void;
}

export interface PaletteGroup {
  readonly title: string;
  readonly items: readonly PaletteItem[];
}

/** A backend that is not there any more has no weight. */
const KNOWN_WITHIN_MS = 5_000;

const PLAIN = { icon: null, state: null, note: '', thing: null } as const;

export const nameOf = ({ pool, backend }: Thing): string => (backend === null ? pool : `${pool}/${backend}`);
const hrefOf = ({ pool, backend }: Thing): string => (backend === null ? poolHref(pool) : backendHref(pool, backend));

/** Goes to a screen, and does something there once it is shown and has the focus. */
function goAnd(href: string, then: () => void): void {
  if (location.hash.split('?', 1)[0] === href) {
    then();
    return;
  }
  addEventListener('hashchange', () => requestAnimationFrame(() => setTimeout(then)), { once: true });
  go(href);
}

export function thingItem({ pool, backend, state, words }: SearchRow): PaletteItem {
  const thing = { pool, backend };
  return { ...openItem(thing), state, icon: null, note: words };
}

function openItem(thing: Thing): PaletteItem {
  const href = hrefOf(thing);
  return { ...PLAIN, key: href, words: nameOf(thing), icon: 'arrow-right', thing, run: () => go(href) };
}

/** What was looked at lately, without what is looked at now. */
export function recentItems(keys: readonly string[], atMost: number): PaletteItem[] {
  const here = thingHere();
  return keys
    .flatMap((key) => {
      const thing = key.startsWith('#') ? thingOf(key) : null;
      return thing === null || (here !== null && nameOf(here) === nameOf(thing)) ? [] : [openItem(thing)];
    })
    .slice(0, atMost);
}

function thingOf(hash: string): Thing | null {
  const { route } = parsePlace(hash);
  if (route.screen === 'pool') return { pool: route.pool, backend: null };
  return route.screen === 'backend' ? { pool: route.pool, backend: route.backend } : null;
}

/** What the screen is about. */
export function thingHere(): Thing | null {
  return thingOf(location.hash);
}

const VERB_WORDS: Readonly<Record<Verb, readonly [words: string, icon: IconName]>> = {
  ready: ['Ready', 'ready'],
  drain: ['Drain', 'drain'],
  maintenance: ['Maintenance', 'maintenance'],
  weight: ['Weight of', 'columns'],
  remove: ['Remove', 'trash'],
  check: ['Check', 'check'],
  policy: ['Policy of', 'columns'],
};

/** Null where the verb is not for such a thing. All but a check ask before anything is done. */
export function verbItem(verb: Verb, thing: Thing): PaletteItem | null {
  const { pool, backend } = thing;
  if ((verb === 'policy') !== (backend === null)) return null;
  const [words, icon] = VERB_WORDS[verb];
  const act = (): void => {
    if (backend === null) choosePolicyFor(pool);
    else if (verb === 'check') void checkNow(pool, backend);
    else if (verb === 'weight') askWeight(pool, backend);
    else if (verb !== 'policy') ask(verb, pool, backend);
  };
  const run = (): void => goAnd(hrefOf(thing), act);
  return {
    ...PLAIN,
    key: `${verb} ${nameOf(thing)}`,
    words: `${words} ${nameOf(thing)}${verb === 'check' ? ' now' : ' …'}`,
    icon,
    run,
  };
}

/** The dialog begins with the weight that holds, once the screen has been told it. */
function askWeight(pool: string, backend: string): void {
  let isAsked = false;
  const stop = effect(() => {
    const known = backendOf(latest.value, pool, backend);
    if (known === null || isAsked) return;
    isAsked = true;
    askChange({ kind: 'weight', pool, backends: [backend], weight: known.weight });
  });
  setTimeout(stop, KNOWN_WITHIN_MS);
}

/** What can be done to a thing. */
export function thingActions(thing: Thing): PaletteItem[] {
  const name = nameOf(thing);
  const open: PaletteItem = { ...openItem(thing), thing: null, words: `Open ${name}` };
  const events: PaletteItem = {
    ...PLAIN,
    key: `events ${name}`,
    words: `Events of ${name}`,
    icon: 'clock',
    run: () => go(eventsHref(name)),
  };
  return [open, ...VERBS.flatMap((verb) => verbItem(verb, thing) ?? []), events];
}

export function screenItems(): PaletteItem[] {
  const here = place.peek().route.screen;
  return SCREENS.filter(({ screens }) => screens[0] !== here).map(({ href, words, key }) => ({
    ...PLAIN,
    key: `screen ${href}`,
    words,
    also: 'screen go to',
    icon: 'arrow-right' as const,
    note: `g ${key}`,
    run: () => go(href),
  }));
}

export function commandItems(): PaletteItem[] {
  const command = (key: string, words: string, icon: IconName, run: () => void, also = '', note = ''): PaletteItem => ({
    ...PLAIN,
    key,
    words,
    also,
    icon,
    note,
    run,
  });
  const { range } = place.peek();
  const isZoomed = zoom.peek() !== null;
  return [
    ...(isZoomed ? [command('live', 'Back to live', 'play', backToLive, 'zoom charts')] : []),
    command(
      'pause',
      isPaused.peek() ? 'Resume' : 'Pause',
      isPaused.peek() ? 'play' : 'pause',
      togglePause,
      'stop',
      'Space',
    ),
    ...THEMES.filter((one) => one !== theme.peek()).map((one) =>
      command(`theme ${one}`, `Theme: ${one}`, one === 'system' ? 'monitor' : one === 'light' ? 'sun' : 'moon', () =>
        setTheme(one),
      ),
    ),
    ...RANGES.filter(({ name }) => isZoomed || name !== range).map(({ name, words }) =>
      command(
        `range ${name}`,
        `Charts: last ${words}`,
        'chart',
        () => setOptions({ range: name, from: null, to: null }),
        'range history',
      ),
    ),
    command(
      'log',
      isLogScale.peek() ? 'Latency charts: linear axis' : 'Latency charts: logarithmic axis',
      'chart',
      () => setLogScale(!isLogScale.peek()),
      'scale log',
    ),
    command('help', 'Help and keys', 'help', () => (isHelpOpen.value = true), 'shortcuts states', '?'),
  ];
}
