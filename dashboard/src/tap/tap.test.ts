import { expect, test } from 'vitest';
import { tapTopic } from '../topics.ts';
import { curlGaps, curlOf } from './request-copy.ts';
import { isShown, readFilter, requestsHref } from './tap-filter.ts';
import { formatInstant, formatTook, toneOf, tookShare } from './tap-format.ts';
import { countNew, mergeTapped } from './tapped-list.ts';
import { attempt, tapped } from './test-requests.ts';

test('the filter is read from the address, and what makes no sense is said and left out', () => {
  const { filter, problems } = readFilter({
    pool: ' web ',
    status: '5XX',
    minMs: '100',
    route: '2',
    q: 'cart',
    range: '1h',
  });
  expect(filter).toEqual({ pool: 'web', status: '5xx', minMs: 100, route: 2, q: 'cart' });
  expect(problems).toEqual({});
  expect(readFilter({ status: '404', minMs: '0' }).filter).toEqual({ status: '404' });
  const wrong = readFilter({ status: '9xx', minMs: '-1', route: 'first', client: '::1' });
  expect(wrong.filter).toEqual({ client: '::1' });
  expect(Object.keys(wrong.problems)).toEqual(['status', 'route', 'minMs']);
});

test('a filter is one topic and one address, in whatever order it was typed', () => {
  expect(tapTopic({})).toBe('tap');
  expect(tapTopic({ q: 'a&b', pool: 'web', minMs: 5 })).toBe('tap?pool=web&minMs=5&q=a%26b');
  expect(requestsHref({ pool: 'web', backend: 'b1' })).toBe('#/requests?pool=web&backend=b1');
  expect(requestsHref({})).toBe('#/requests');
});

test('what came under another filter is looked through by the page', () => {
  const request = tapped({ attempts: [attempt('b1', { code: 'UPSTREAM_RESET' }), attempt('b2')], status: 404 });
  for (const filter of [{}, { pool: 'web' }, { backend: 'b1' }, { status: '4xx' }, { status: '404' }, { minMs: 38 }]) {
    expect(isShown(request, filter), JSON.stringify(filter)).toBe(true);
  }
  expect(isShown(request, { q: 'SHOP.ex' })).toBe(true);
  for (const filter of [
    { pool: 'api' },
    { backend: 'b3' },
    { status: '5xx' },
    { status: 'failed' },
    { minMs: 39 },
    { route: 2 },
    { client: 'x' },
  ]) {
    expect(isShown(request, filter), JSON.stringify(filter)).toBe(false);
  }
});

test('the page keeps what the server lets go, newest end first, and nothing twice', () => {
  const at = (name: string, atMs: number, durationMs = 1) => tapped({ name, atMs, durationMs });
  const first = mergeTapped([], [at('0-1', 10), at('1-1', 5, 100), at('0-2', 20)]);
  expect(first.map(({ name }) => name)).toEqual(['1-1', '0-2', '0-1']);
  expect(mergeTapped(first, [at('0-2', 20)])).toBe(first);
  const second = mergeTapped(first, [at('0-2', 20), at('0-1', 300)], 3);
  expect(second.map(({ name, atMs }) => `${name} ${atMs}`)).toEqual(['0-1 300', '1-1 5', '0-2 20']);
  expect(countNew(first, second)).toBe(1);
  expect(countNew(second, second)).toBe(0);
});

test('figures of single requests', () => {
  expect(formatInstant(new Date(2026, 10, 23, 14, 2, 11, 42).getTime())).toBe('14:02:11.042');
  expect([0.04, 9.96, 38.4, 999.6, 61_000].map((ms) => formatTook(ms).replaceAll('\u202f', ' '))).toEqual([
    '0.0 ms',
    '10 ms',
    '38 ms',
    '1.00 s',
    '1 min 1 s',
  ]);
  expect([0, 1, 10_000, 90_000].map(tookShare)).toEqual([0.02, 0.2, 1, 1]);
  expect(toneOf({ status: 200, code: null })).toBe('good');
  expect(toneOf({ status: 200, code: 'UPSTREAM_BODY_RESET' })).toBe('warning');
  expect(toneOf({ status: 0, code: 'CLIENT_CLOSED' })).toBe('bad');
});

test('curl repeats a request, without what is secret or its own business', () => {
  const request = tapped({
    method: 'POST',
    target: '/a/../b?x=[1]',
    bytesIn: 12,
    fields: [
      ['host', 'shop.example'],
      ['Content-Length', '12'],
      ['Authorization', '•••'],
      ['X-Note', "it's $HOME"],
      ['X-Empty', ''],
    ],
  });
  expect(curlOf(request, 'http://127.0.0.1:8080/')).toBe(
    "curl -i -X POST --path-as-is --globoff -H 'Host: shop.example' -H 'X-Note: it'\\''s $HOME' -H 'X-Empty;' 'http://127.0.0.1:8080/a/../b?x=[1]'",
  );
  expect(curlGaps(request)).toBe('without Authorization (redacted) and the body, which is not kept');
  expect(curlOf(tapped({ method: 'HEAD', target: '/', version: '1.0' }), 'http://h:1')).toBe(
    "curl --head --http1.0 -H 'Host: shop.example' http://h:1/",
  );
  expect(curlOf(tapped({ method: 'OPTIONS', target: '*' }), 'http://h:1')).toContain("--request-target '*'");
});
