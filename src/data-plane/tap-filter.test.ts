import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { TapFilter } from '../protocol/tap.ts';
import { type Filterable, isLetThrough } from './tap-filter.ts';

const REQUEST: Filterable = {
  pool: 'web',
  route: 2,
  status: 503,
  code: null,
  durationMs: 120,
  client: '203.0.113.7',
  method: 'POST',
  host: 'shop.example.com',
  target: '/Cart?item=7',
  hasTried: (backend) => backend === 'b1' || backend === 'b2',
};

it('lets everything through where nothing is asked for', () => {
  assert.equal(isLetThrough({}, REQUEST), true);
  assert.equal(isLetThrough({}, { ...REQUEST, pool: null, route: null, status: 0 }), true);
});

it('asks for what each part says', () => {
  const cases: readonly (readonly [TapFilter, boolean])[] = [
    [{ pool: 'web' }, true],
    [{ pool: 'api' }, false],
    [{ backend: 'b2' }, true],
    [{ backend: 'b3' }, false],
    [{ status: '5xx' }, true],
    [{ status: '4xx' }, false],
    [{ status: '503' }, true],
    [{ status: '502' }, false],
    [{ status: 'failed' }, false],
    [{ route: 2 }, true],
    [{ route: 1 }, false],
    [{ minMs: 120 }, true],
    [{ minMs: 121 }, false],
    [{ client: '203.0.113.7' }, true],
    [{ client: '203.0.113' }, false],
    [{ q: 'cart' }, true],
    [{ q: 'SHOP' }, true],
    [{ q: 'post' }, true],
    [{ q: 'basket' }, false],
  ];
  for (const [filter, expected] of cases) assert.equal(isLetThrough(filter, REQUEST), expected, JSON.stringify(filter));
});

it('knows a failure by its code, whatever the status', () => {
  assert.equal(isLetThrough({ status: 'failed' }, { ...REQUEST, code: 'UPSTREAM_RESET', status: 200 }), true);
});

it('asks for all parts at once', () => {
  assert.equal(isLetThrough({ pool: 'web', status: '5xx', minMs: 100 }, REQUEST), true);
  assert.equal(isLetThrough({ pool: 'web', status: '5xx', minMs: 200 }, REQUEST), false);
});
