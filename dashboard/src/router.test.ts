import { expect, test } from 'vitest';
import { eventsHref, parsePlace, poolHref } from './router.ts';

test.each([
  ['', { screen: 'overview' }],
  ['#/', { screen: 'overview' }],
  ['#/pools', { screen: 'pools' }],
  ['#/pools/', { screen: 'pools' }],
  ['#/pools/web', { screen: 'pool', pool: 'web' }],
  ['#/events', { screen: 'events' }],
  ['#/nowhere', { screen: 'unknown', path: '/nowhere' }],
  ['#/pools/%E0%A4', { screen: 'unknown', path: '/pools/%E0%A4' }],
])('%s is %j', (hash, route) => {
  expect(parsePlace(hash).route).toEqual(route);
});

test('names with any characters survive the address', () => {
  const name = 'a/b c?d#e';
  expect(parsePlace(poolHref(name)).route).toEqual({ screen: 'pool', pool: name });
  expect(parsePlace(eventsHref('a&b=c'))).toEqual({ route: { screen: 'events' }, filter: 'a&b=c' });
});
