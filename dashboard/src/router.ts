/**
 * Which screen is shown: read from the part of the address behind `#`, so that the server has one
 * page to serve and every view has an address to share. `#/` · `#/pools` · `#/pools/NAME` ·
 * `#/pools/NAME/BACKEND` · `#/routes` · `#/requests` · `#/events` · `#/config` · `#/system`, each
 * with `?q=TEXT` for its filter, `range=1h` for its charts, `sort=-rps` for its table, and options
 * of its own. A new screen is one line here, one in `app.tsx`, one in `shell/screens.ts`.
 */
import { signal } from '@preact/signals';
import type { HistoryRange } from './protocol.ts';
import { DEFAULT_RANGE, readRange } from './ranges.ts';

export type Route =
  | { readonly screen: 'overview' }
  | { readonly screen: 'pools' }
  | { readonly screen: 'pool'; readonly pool: string }
  | { readonly screen: 'backend'; readonly pool: string; readonly backend: string }
  | { readonly screen: 'routes' | 'requests' | 'events' | 'config' | 'system' }
  | { readonly screen: 'unknown'; readonly path: string };

export interface Place {
  readonly route: Route;
  /** Text of the screen's filter. */
  readonly filter: string;
  /** How far back the charts go. It goes along from screen to screen. */
  readonly range: HistoryRange;
  /** Column that the screen's table is sorted by, `-` before it for descending; null as it comes. */
  readonly sort: string | null;
  /** What else the screen keeps in the address, by name; changed by `setOption`. */
  readonly options: Readonly<Record<string, string>>;
}

const ALONE = ['routes', 'requests', 'events', 'config', 'system'] as const;

/** Reads the part of an address behind `#`. */
export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const options = new URLSearchParams(query);
  return {
    route: parseRoute(path),
    filter: options.get('q') ?? '',
    range: readRange(options.get('range')),
    sort: options.get('sort'),
    options: Object.fromEntries(options),
  };
}

function parseRoute(path: string): Route {
  const [first, second, ...rest] = path.split('/').filter((part) => part !== '');
  if (first === undefined) return { screen: 'overview' };
  const alone = ALONE.find((screen) => screen === first);
  if (alone !== undefined && second === undefined) return { screen: alone };
  if (first === 'pools' && rest.length <= 1) {
    if (second === undefined) return { screen: 'pools' };
    const pool = decode(second);
    const backend = rest[0] === undefined ? null : decode(rest[0]);
    if (pool !== null && backend !== null) return { screen: 'backend', pool, backend };
    if (pool !== null && rest.length === 0) return { screen: 'pool', pool };
  }
  return { screen: 'unknown', path };
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

export function poolHref(name: string): string {
  return `#/pools/${encodeURIComponent(name)}`;
}

export function backendHref(pool: string, backend: string): string {
  return `${poolHref(pool)}/${encodeURIComponent(backend)}`;
}

/** Of a pool with its backends, or of one backend. */
export function eventsHref(subject: string): string {
  return `#/events?${new URLSearchParams({ subject })}`;
}

export const place = signal<Place>(parsePlace(globalThis.location?.hash ?? ''));

/** Follows the address from now on. */
export function startRouter(): void {
  addEventListener('hashchange', () => {
    const next = parsePlace(location.hash);
    // A link says nothing of the range: the one that was chosen stays.
    const isSaid = /[?&]range=/.test(location.hash);
    place.value = isSaid ? next : { ...next, range: place.peek().range };
    if (!isSaid && place.peek().range !== DEFAULT_RANGE) setRange(place.peek().range);
  });
}

export function go(href: string): void {
  location.hash = href;
}

export function setFilter(text: string): void {
  setOption('q', text === '' ? null : text);
}

export function setRange(range: HistoryRange): void {
  setOption('range', range === DEFAULT_RANGE ? null : range);
}

export function setSort(sort: string | null): void {
  setOption('sort', sort);
}

/** Keeps an option in the address without a new entry in the history of the browser. */
export function setOption(name: string, value: string | null): void {
  setOptions({ [name]: value });
}

/** Several at once; null takes one out. `isStep`: the browser's way back undoes it. */
export function setOptions(changes: Readonly<Record<string, string | null>>, isStep = false): void {
  const [path = '#/', query = ''] = location.hash.split('?', 2);
  const options = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) options.delete(name);
    else options.set(name, value);
  }
  const text = options.toString();
  const address = `${path === '' ? '#/' : path}${text === '' ? '' : `?${text}`}`;
  if (isStep) history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  place.value = parsePlace(location.hash);
}
