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
  expect(parsePlace(eventsHref('a&b=c'))).toMatchObject({ route: { screen: 'events' }, filter: 'a&b=c' });
});

test('an address holds the range of the charts and the sort of the table', () => {
  expect(parsePlace('#/pools/web?range=6h&sort=-rps')).toMatchObject({ range: '6h', sort: '-rps' });
  expect(parsePlace('#/pools/web?range=never')).toMatchObject({ range: '5m', sort: null });
});
