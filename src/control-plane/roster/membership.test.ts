import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, configOf, failsWith, makeRoster, WEB } from '../../../test/harness/make-roster.ts';
import { BACKEND_BOARD, BACKEND_COUNTERS, BACKEND_GAUGES, MODE } from '../../state/layout.ts';

describe('roster: coming and going', () => {
  it('a removed backend is out of the plan at once and visible until it is at rest everywhere', () => {
    const { roster, state, backend, setInFlight, word } = makeRoster(configOf(WEB));
    const b1 = backend('b1');
    setInFlight(b1.slot, 2);
    const removedAt = roster.revision + 1;
    roster.removeBackend(b1, 'admin API');
    assert.deepEqual(
      roster.plan().pools[0]?.backends.map(({ name }) => name),
      ['b2'],
    );
    assert.equal(roster.stateOf(b1), 'draining');
    assert.equal(word(b1, BACKEND_BOARD.MODE), MODE.READY, 'a worker with the old plan may have no other one');
    const isThere = () => roster.pools[0]?.backends.some(({ id }) => id === b1.id);
    for (let i = 0; i < 5; i++) roster.sweep(removedAt);
    assert.equal(isThere(), true, 'it has requests in flight');
    setInFlight(b1.slot, 0);
    for (let i = 0; i < 5; i++) roster.sweep(removedAt - 1);
    assert.equal(isThere(), true, 'a worker still follows a plan with it');
    const connections = state.backendGauges(1, b1.slot) + BACKEND_GAUGES.CONNECTIONS;
    Atomics.store(state.gauges, connections, 1);
    for (let i = 0; i < 5; i++) roster.sweep(removedAt);
    assert.equal(isThere(), true, 'a worker has a connection to it');
    Atomics.store(state.gauges, connections, 0);
    roster.sweep(removedAt);
    assert.equal(isThere(), true, 'one look is not enough');
    roster.sweep(removedAt);
    assert.equal(isThere(), false);
  });

  it('a slot is given again only with all its cells at 0', () => {
    const { roster, state, pool, backend } = makeRoster(configOf(WEB));
    const { slot } = backend('b1');
    state.counters[state.backendCounters(1, slot) + BACKEND_COUNTERS.REQUESTS] = 99;
    state.histograms[state.backendHistogram(0, slot)] = 7;
    roster.removeBackend(backend('b1'), 'admin API');
    roster.sweep(99);
    roster.sweep(99);
    assert.equal(state.counters[state.backendCounters(1, slot) + BACKEND_COUNTERS.REQUESTS], 0);
    assert.equal(state.histograms[state.backendHistogram(0, slot)], 0);
    const slots = new Set<number>();
    for (let port = 9001; port <= 9007; port++) {
      slots.add(roster.addBackend(pool(), { url: `http://127.0.0.1:${port}` }, 'admin API').slot);
    }
    assert.equal(slots.has(slot), true);
    assert.equal(slots.size, 7);
    const oneTooMany = () => roster.addBackend(pool(), { url: 'http://127.0.0.1:9999' }, 'admin API');
    assert.throws(oneTooMany, failsWith('capacity-exceeded', 507));
    assert.equal(pool().backends.length, 8);
  });

  it('a backend that is added again while it drains goes on where it was', () => {
    const { roster, pool, backend, setInFlight } = makeRoster(configOf(WEB));
    const { slot, id } = backend('b1');
    setInFlight(slot, 1);
    roster.removeBackend(backend('b1'), 'admin API');
    const again = roster.addBackend(pool(), { url: 'http://127.0.0.1:8081', name: 'b1' }, 'admin API');
    assert.equal(again.id, id);
    assert.equal(again.isRemoved, false);
    assert.deepEqual(roster.changes, { pools: [] });
    roster.sweep(99);
    roster.sweep(99);
    assert.equal(backend('b1').slot, slot);
  });

  it('a reload keeps slots, health and mode of what stays, and drains what goes', () => {
    const { roster, backend, check, setInFlight, kinds } = makeRoster(configOf(WEB));
    check('b2', true);
    roster.setMode(backend('b2'), 'drain', 'admin API');
    const { id, slot } = backend('b2');
    setInFlight(backend('b1').slot, 1);
    const { added, leaving } = roster.apply(
      configOf({ web: { backends: [at(8083, 'b3'), at(8082, 'b2')] }, api: { backends: [at(9001, 'a1')] } }),
    );
    assert.deepEqual(added.map(({ name }) => name).sort(), ['a1', 'b3']);
    assert.deepEqual(
      leaving.map(({ name }) => name),
      ['b1'],
    );
    assert.equal(backend('b2').id, id);
    assert.equal(backend('b2').slot, slot);
    assert.equal(backend('b2').health, 'healthy');
    assert.equal(backend('b2').mode, 'drain');
    assert.deepEqual(
      roster.pools[0]?.backends.map(({ name, isRemoved }) => [name, isRemoved]),
      [
        ['b3', false],
        ['b2', false],
        ['b1', true],
      ],
    );
    assert.deepEqual(
      roster.plan().pools.map(({ name }) => name),
      ['web', 'api'],
    );
    assert.equal(kinds().includes('runtime-change-overruled'), false);
  });

  it('a backend whose address the file changes is another server under the same name', () => {
    const { roster, backend, setInFlight } = makeRoster(configOf(WEB));
    const old = backend('b1');
    setInFlight(old.slot, 1);
    roster.apply(configOf({ web: { backends: [at(8099, 'b1'), at(8082, 'b2')] } }));
    assert.notEqual(backend('b1').slot, old.slot);
    assert.equal(backend('b1').port, 8099);
    assert.equal(old.isRemoved, true);
    assert.equal(old.name, 'b1 (127.0.0.1:8081)');
  });

  it('a removed pool leaves the plan and goes as a whole, when nothing of it is in flight', () => {
    const api = { backends: [at(9001, 'a1'), at(9002, 'a2')] };
    const { roster, setInFlight, backend } = makeRoster(configOf({ ...WEB, api }));
    const a1 = backend('a1', 'api');
    setInFlight(a1.slot, 1);
    roster.apply(configOf(WEB));
    assert.equal(roster.pool('api'), undefined);
    assert.equal(roster.plan().pools.length, 1);
    roster.sweep(99);
    roster.sweep(99);
    assert.equal(roster.pools[1]?.backends.length, 2);
    setInFlight(a1.slot, 0);
    roster.sweep(99);
    roster.sweep(99);
    assert.equal(roster.pools.length, 1);
    // Its slot can be used again.
    roster.apply(configOf({ ...WEB, x: { backends: [] }, y: { backends: [] }, z: { backends: [] } }));
    assert.equal(new Set(roster.pools.map(({ slot }) => slot)).size, 4);
  });

  it('a config that does not fit is refused whole', () => {
    const { roster } = makeRoster(configOf(WEB));
    const many = configOf({ web: { backends: Array.from({ length: 9 }, (_, i) => at(9000 + i, `n${i}`)) } });
    assert.match(roster.shortageFor(many) ?? '', /no room for 9 more backends/);
    assert.throws(() => roster.apply(many), failsWith('capacity-exceeded', 507));
    assert.deepEqual(
      roster.plan().pools[0]?.backends.map(({ name }) => name),
      ['b1', 'b2'],
    );
    assert.equal(roster.revision, 1);
  });

  it('run-time changes come back after a restart, and the file wins where it has changed', () => {
    const first = makeRoster(configOf(WEB));
    first.roster.setWeight(first.backend('b1'), 9, 'admin API');
    first.roster.setPolicy(first.pool(), 'least-connections', 'admin API');
    first.roster.setMode(first.backend('b2'), 'maintenance', 'admin API');
    first.roster.addBackend(first.pool(), { url: 'http://127.0.0.1:8083', weight: 4 }, 'admin API');
    const second = makeRoster(
      configOf({ web: { policy: 'weighted-round-robin', backends: [at(8081, 'b1'), at(8082, 'b2')] } }),
      first.roster.changes,
    );
    assert.equal(second.backend('b1').weight, 9);
    assert.equal(second.backend('b2').mode, 'maintenance');
    assert.equal(second.word(second.backend('b2'), BACKEND_BOARD.MODE), MODE.MAINTENANCE);
    assert.equal(second.backend('127.0.0.1:8083').weight, 4);
    assert.equal(second.backend('127.0.0.1:8083').origin, 'runtime');
    assert.equal(second.pool().policy, 'weighted-round-robin');
    assert.deepEqual(second.kinds(), ['runtime-change-overruled']);
  });
});
