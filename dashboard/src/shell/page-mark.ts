/**
 * Title and icon of the page: environment and worst state, so that a tab in the background tells them. They follow
 * what was last heard, painted or not. Started once by `main.tsx`.
 */
import { effect } from '@preact/signals';
import { isStale, latest, link } from '../live/session.ts';
import type { Severity } from '../protocol.ts';
import { place, type Route } from '../router.ts';
import { topicOf } from '../store.ts';
import { TOTALS } from '../topics.ts';
import { environmentName } from './environment.tsx';

const GLYPHS: Readonly<Record<Severity, string>> = { up: '●', unchecked: '◌', degraded: '▲', down: '✕' };
const ICONS: Readonly<Record<Severity, string>> = { up: 'up', unchecked: 'wait', degraded: 'degraded', down: 'down' };

export function startPageMark(): void {
  effect(() => {
    const mark = markOf();
    const environment = environmentName.value;
    const first = environment === null ? '' : `[${environment}] `;
    document.title = `${first}${mark.title}${screenOf(place.value.route)}`;
    const icon = document.querySelector<HTMLLinkElement>('#favicon');
    const href = `./favicon-${mark.icon}.svg`;
    if (icon !== null && icon.getAttribute('href') !== href) icon.setAttribute('href', href);
  });
}

function markOf(): { readonly title: string; readonly icon: string } {
  if (link.value === 'signed-out') return { title: 'Ballast — sign in', icon: 'wait' };
  const totals = topicOf(latest.value, TOTALS)?.fields;
  if (totals === undefined) return { title: 'Ballast', icon: 'wait' };
  if (isStale.value) return { title: '? Ballast — connection lost', icon: 'lost' };
  const { severity, words } = totals;
  return { title: `${GLYPHS[severity]} Ballast — ${words}`, icon: ICONS[severity] };
}

function screenOf(route: Route): string {
  if (route.screen === 'pool') return ` · ${route.pool}`;
  return route.screen === 'overview' ? '' : ` · ${route.screen}`;
}
