import { expect, test } from 'vitest';
import { backendHref, eventsHref, parsePlace, poolHref } from './router.ts';

test.each([
  ['', { screen: 'overview' }],
  ['#/', { screen: 'overview' }],
  ['#/pools', { screen: 'pools' }],
  ['#/pools/', { screen: 'pools' }],
  ['#/pools/web', { screen: 'pool', pool: 'web' }],
  ['#/pools/web/b1', { screen: 'backend', pool: 'web', backend: 'b1' }],
  ['#/pools/web/b1/more', { screen: 'unknown', path: '/pools/web/b1/more' }],
  ['#/routes', { screen: 'routes' }],
  ['#/routes/more', { screen: 'unknown', path: '/routes/more' }],
  ['#/events', { screen: 'events' }],
  ['#/nowhere', { screen: 'unknown', path: '/nowhere' }],
  ['#/pools/%E0%A4', { screen: 'unknown', path: '/pools/%E0%A4' }],
])('%s is %j', (hash, route) => {
  expect(parsePlace(hash).route).toEqual(route);
});

test('names with any characters survive the address', () => {
  const name = 'a/b c?d#e';
  expect(parsePlace(poolHref(name)).route).toEqual({ screen: 'pool', pool: name });
  expect(parsePlace(backendHref(name, 'b/1')).route).toEqual({ screen: 'backend', pool: name, backend: 'b/1' });
  expect(parsePlace(eventsHref('a&b=c'))).toMatchObject({
    route: { screen: 'events' },
    options: { subject: 'a&b=c' },
  });
});

test('an address holds the range of the charts and the sort of the table', () => {
  expect(parsePlace('#/pools/web?range=6h&sort=-rps')).toMatchObject({ range: '6h', sort: '-rps' });
  expect(parsePlace('#/pools/web?range=never')).toMatchObject({ range: '5m', sort: null });
});
