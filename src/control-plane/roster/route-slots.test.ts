import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeConfig } from '../../../test/harness/make-config.ts';
import type { RouteConfig } from '../../config/schema.ts';
import { State } from '../../state/layout.ts';
import { RouteCounts } from '../metrics/route-counts.ts';
import { RouteSlots } from './route-slots.ts';

const route = (path: string | null, pool = 'web', host: string | null = null): RouteConfig => ({ host, path, pool });

function setup(routes = 4): { state: State; slots: RouteSlots } {
  const state = State.create({ workers: 2, pools: 1, backends: 1, routes });
  return { state, slots: new RouteSlots(state) };
}

describe('rows of routes', () => {
  it('stay with what a route matches, wherever it stands', () => {
    const { slots } = setup();
    const [a, b] = slots.assign([route('/a'), route(null)]);
    assert.deepEqual(
      slots.assign([route(null), route('/c'), route('/a')]).filter((_, index) => index !== 1),
      [b, a],
    );
  });

  it('are different for routes that are written twice', () => {
    const { slots } = setup();
    assert.equal(new Set(slots.assign([route('/a'), route('/a'), route('/a', 'api')])).size, 3);
  });

  it('begin at 0 when they are given again', () => {
    const { state, slots } = setup(2);
    const [a] = slots.assign([route('/a'), route('/b')]);
    state.counters[state.routeCounter(1, a ?? 0)] = 7;
    slots.assign([route('/b')]);
    const again = slots.assign([route('/b'), route('/c')]);
    assert.equal(again[1], a);
    assert.equal(state.counters[state.routeCounter(1, a ?? 0)], 0);
  });

  it('are refused beyond the room there is, those that leave counting as taken', () => {
    const { slots } = setup(2);
    assert.match(slots.shortage([route('/a'), route('/b'), route('/c')]) ?? '', /3 more routes \(room in all: 2\)/);
    slots.assign([route('/a'), route('/b')]);
    assert.equal(slots.shortage([route('/b'), route('/a')]), null);
    assert.notEqual(slots.shortage([route('/a'), route('/c')]), null);
  });
});

describe('counts of routes', () => {
  it('add up the workers, and are rates over ten seconds', () => {
    const { state, slots } = setup();
    const pools = { web: { backends: ['http://127.0.0.1:1'] } };
    const config = makeConfig({ pools, routes: [{ match: { path: '/a' }, pool: 'web' }, { pool: 'web' }] });
    const roster = { config, routeSlots: slots.assign(config.routes) };
    const counts = new RouteCounts(state, roster);
    const take = (index: number, worker: number, requests: number): void => {
      const cell = state.routeCounter(worker, roster.routeSlots[index] ?? 0);
      state.counters[cell] = (state.counters[cell] ?? 0) + requests;
    };
    counts.tick();
    for (let second = 0; second < 20; second++) {
      take(0, second % 2, 30);
      counts.tick();
    }
    take(1, 0, 1);
    const [a, rest] = counts.status();
    assert.deepEqual([a?.number, a?.path, a?.requests, a?.rps], [1, '/a', 600, 30]);
    assert.deepEqual([rest?.host, rest?.path, rest?.requests, rest?.rps], [null, null, 1, 0]);
  });
});
