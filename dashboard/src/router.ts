/**
 * Which screen is shown: read from the part of the address behind `#`, so that the server has one
 * page to serve and every view has an address to share. `#/` · `#/pools` · `#/pools/NAME` ·
 * `#/events`, each with `?q=TEXT` for its filter. A new screen is one line here, one in `app.tsx`.
 */
import { signal } from '@preact/signals';

export type Route =
  | { readonly screen: 'overview' }
  | { readonly screen: 'pools' }
  | { readonly screen: 'pool'; readonly pool: string }
  | { readonly screen: 'events' }
  | { readonly screen: 'unknown'; readonly path: string };

export interface Place {
  readonly route: Route;
  /** Text of the screen's filter. */
  readonly filter: string;
}

/** Reads the part of an address behind `#`. */
export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  return { route: parseRoute(path), filter: new URLSearchParams(query).get('q') ?? '' };
}

function parseRoute(path: string): Route {
  const [first, second, ...rest] = path.split('/').filter((part) => part !== '');
  if (first === undefined) return { screen: 'overview' };
  if (first === 'events' && second === undefined) return { screen: 'events' };
  if (first === 'pools' && rest.length === 0) {
    if (second === undefined) return { screen: 'pools' };
    const pool = decode(second);
    if (pool !== null) return { screen: 'pool', pool };
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

export function eventsHref(filter = ''): string {
  return filter === '' ? '#/events' : `#/events?${new URLSearchParams({ q: filter })}`;
}

export const place = signal<Place>(parsePlace(globalThis.location?.hash ?? ''));

/** Follows the address from now on. */
export function startRouter(): void {
  addEventListener('hashchange', () => {
    place.value = parsePlace(location.hash);
  });
}

export function go(href: string): void {
  location.hash = href;
}

/** Keeps the filter in the address without a new entry in the history of the browser. */
export function setFilter(text: string): void {
  const [path = '#/'] = location.hash.split('?', 1);
  const query = text === '' ? '' : `?${new URLSearchParams({ q: text })}`;
  history.replaceState(null, '', `${path === '' ? '#/' : path}${query}`);
  place.value = parsePlace(location.hash);
}
