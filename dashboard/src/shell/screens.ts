/** The screens that the bar leads to, in its order, with the key that follows `g`. */
import type { Route } from '../router.ts';

export interface ScreenLink {
  readonly href: string;
  readonly words: string;
  readonly key: string;
  /** Which routes belong to it. */
  readonly screens: readonly Route['screen'][];
}

export const SCREENS: readonly ScreenLink[] = [
  { href: '#/', words: 'Overview', key: 'o', screens: ['overview'] },
  { href: '#/pools', words: 'Pools', key: 'p', screens: ['pools', 'pool', 'backend'] },
  { href: '#/routes', words: 'Routes', key: 'r', screens: ['routes'] },
  { href: '#/requests', words: 'Requests', key: 't', screens: ['requests'] },
  { href: '#/events', words: 'Events', key: 'e', screens: ['events'] },
  { href: '#/config', words: 'Config', key: 'c', screens: ['config'] },
  { href: '#/system', words: 'System', key: 's', screens: ['system'] },
];
