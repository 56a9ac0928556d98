import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../test/harness/fake-clock.ts';
import { makeConfig } from '../../test/harness/make-config.ts';
import { policyIndex } from '../balancing/policies.ts';
import type { Config } from '../config/schema.ts';
import {
  BACKEND_BOARD,
  BACKEND_COUNTERS,
  BACKEND_GAUGES,
  BACKEND_SHARED,
  HEALTH,
  MODE,
  POOL_BOARD,
  State,
} from '../state/layout.ts';
import { Journal } from './journal.ts';
import { Roster } from './roster.ts';
import { type RosterBackend, RosterError } from './roster-model.ts';
import type { RuntimeChanges } from './runtime-changes.ts';

const HEALTH_RULE = { path: '/healthz', interval: '30s', fastInterval: '2s', timeout: '3s', rise: 2, fall: 3 };

interface PoolSettings {
  readonly policy?: string;
  readonly backends: readonly unknown[];
}

const configOf = (pools: Readonly<Record<string, PoolSettings>>): Config =>
  makeConfig({
    pools: Object.fromEntries(Object.entries(pools).map(([name, pool]) => [name, { health: HEALTH_RULE, ...pool }])),
    routes: [{ pool: Object.keys(pools)[0] }],
  });

const at = (port: number, name: string, more = {}): unknown => ({ url: `http://127.0.0.1:${port}`, name, ...more });
const WEB = { web: { backends: [at(8081, 'b1'), at(8082, 'b2')] } };

function make(config: Config, changes?: RuntimeChanges) {
  const state = State.create({ workers: 2, pools: 4, backends: 8 });
  const clock = new FakeClock();
  const journal = new Journal();
  const roster = new Roster({ state, config, journal, clock, ...(changes === undefined ? {} : { changes }) });
  const backend = (name: string, pool = 'web'): RosterBackend => {
    const found = roster.backend(pool, name);
    if (found === undefined) throw new Error(`no backend ${pool}/${name}`);
    return found;
  };
  const pool = (name = 'web') => {
    const found = roster.pool(name);
    if (found === undefined) throw new Error(`no pool ${name}`);
    return found;
  };
  return {
    state,
    clock,
    journal,
    roster,
    backend,
    pool,
    word: (of: RosterBackend, cell: number) => Atomics.load(state.board, state.backendBoard(of.slot) + cell),
    version: (name = 'web') => Atomics.load(state.board, state.poolBoard(pool(name).slot) + POOL_BOARD.VERSION),
    check: (name: string, isPass: boolean, detail = isPass ? 'status 200' : 'status 503') =>
      roster.reportCheck(backend(name), { atMs: 0, isPass, detail, durationMs: 1 }),
    setInFlight: (slot: number, count: number) =>
      Atomics.store(state.shared, state.backendShared(slot) + BACKEND_SHARED.IN_FLIGHT, count),
    kinds: () => journal.latest(100).map(({ kind }) => kind),
    lastText: () => journal.latest(1)[0]?.text ?? '',
  };
}

const failsWith = (code: string, status: number) => (error: unknown) => {
  assert.ok(error instanceof RosterError);
  assert.equal(error.code, code);
  assert.equal(error.status, status);
  return true;
};

describe('roster: words and plans', () => {
  it('starts with every backend unknown and in the plan', () => {
    const { roster, backend, word } = make(configOf(WEB));
    assert.equal(roster.stateOf(backend('b1')), 'unknown');
    assert.equal(backend('b1').reason, 'not checked yet');
    assert.equal(word(backend('b1'), BACKEND_BOARD.HEALTH), HEALTH.UNKNOWN);
    assert.equal(word(backend('b1'), BACKEND_BOARD.WEIGHT), 1);
    const plan = roster.plan();
    assert.equal(plan.revision, 1);
    assert.deepEqual(
      plan.pools[0]?.backends.map(({ name, address, authority }) => [name, address, authority]),
      [
        ['b1', '127.0.0.1', '127.0.0.1:8081'],
        ['b2', '127.0.0.1', '127.0.0.1:8082'],
      ],
    );
    assert.equal(plan.routes[0]?.pool, plan.pools[0]?.slot);
    assert.equal(roster.plan(), plan);
  });

  it('a policy, weight or mode is a word, not a plan', () => {
    const { roster, state, pool, backend, word, version, kinds } = make(configOf(WEB));
    const before = version();
    roster.setPolicy(pool(), 'least-connections', 'admin API');
    const policyWord = Atomics.load(state.board, state.poolBoard(pool().slot) + POOL_BOARD.POLICY);
    assert.equal(policyWord, policyIndex('least-connections'));
    roster.setWeight(backend('b2'), 7, 'admin API');
    assert.equal(word(backend('b2'), BACKEND_BOARD.WEIGHT), 7);
    roster.setMode(backend('b1'), 'drain', 'admin API');
    assert.equal(word(backend('b1'), BACKEND_BOARD.MODE), MODE.DRAIN);
    assert.equal(version(), before + 3);
    assert.equal(roster.revision, 1);
    assert.deepEqual(kinds(), ['policy-changed', 'weight-changed', 'mode-changed']);
    assert.equal(roster.stateOf(backend('b1')), 'draining');
    assert.equal(backend('b1').reason, 'drain set by admin API');
  });

  it('setting what is so already changes nothing and says nothing', () => {
    const { roster, pool, backend, version, kinds } = make(configOf(WEB));
    const before = version();
    roster.setPolicy(pool(), 'round-robin', 'admin API');
    roster.setWeight(backend('b1'), 1, 'admin API');
    roster.setMode(backend('b1'), 'ready', 'admin API');
    assert.equal(version(), before);
    assert.deepEqual(kinds(), []);
  });

  it('refuses what cannot be, and changes nothing', () => {
    const { roster, pool, backend, version } = make(configOf(WEB));
    const before = version();
    assert.throws(() => roster.setPolicy(pool(), 'fastest', 'x'), failsWith('policy-unknown', 422));
    for (const weight of [0, 257, 1.5, Number.NaN]) {
      assert.throws(() => roster.setWeight(backend('b1'), weight, 'x'), failsWith('weight-invalid', 422));
    }
    const add = (addition: { url: string; name?: string }) => () => roster.addBackend(pool(), addition, 'x');
    assert.throws(add({ url: 'http://127.0.0.1:8081' }), failsWith('backend-exists', 409));
    assert.throws(add({ url: 'http://127.0.0.1:9999', name: 'b1' }), failsWith('backend-exists', 409));
    assert.throws(add({ url: 'ftp://127.0.0.1:9999' }), failsWith('backend-url-invalid', 422));
    assert.throws(add({ url: 'http://127.0.0.1:9999', name: '../x' }), failsWith('backend-name-invalid', 422));
    for (const host of ['169.254.169.254', '[fe80::1]', '0.0.0.0', '[::]', '[::ffff:169.254.169.254]']) {
      assert.throws(add({ url: `http://${host}:80` }), failsWith('backend-address-refused', 422));
    }
    assert.equal(version(), before);
    assert.equal(roster.revision, 1);
  });

  it('refuses to send traffic to itself', () => {
    const config = { ...configOf(WEB), listeners: [{ name: 'web', address: { host: '::', port: 8080 } }] };
    const { roster, pool } = make(config);
    const add = (url: string) => () => roster.addBackend(pool(), { url }, 'x');
    assert.throws(add('http://127.0.0.1:8080'), failsWith('backend-address-refused', 422));
    assert.throws(add('http://[::1]:8080'), failsWith('backend-address-refused', 422));
    assert.doesNotThrow(add('http://127.0.0.1:8088'));
  });
});

describe('roster: health', () => {
  it('goes up and down by rise and fall, with the reason of the last failure', () => {
    const { roster, clock, backend, check, word, kinds } = make(configOf(WEB));
    check('b1', true);
    assert.equal(roster.stateOf(backend('b1')), 'up');
    assert.equal(backend('b1').reason, 'status 200');
    clock.nowMs = 5_000;
    check('b1', false);
    check('b1', false);
    assert.equal(backend('b1').reason, 'failing 2 of 3: status 503');
    check('b1', false, 'ECONNREFUSED 127.0.0.1:8081');
    assert.equal(roster.stateOf(backend('b1')), 'down');
    assert.equal(backend('b1').reason, 'ECONNREFUSED 127.0.0.1:8081');
    assert.equal(backend('b1').sinceMs, clock.wallMs());
    assert.equal(word(backend('b1'), BACKEND_BOARD.HEALTH), HEALTH.UNHEALTHY);
    check('b1', true);
    assert.equal(roster.stateOf(backend('b1')), 'down');
    assert.equal(backend('b1').reason, 'ECONNREFUSED 127.0.0.1:8081');
    check('b1', true);
    assert.equal(roster.stateOf(backend('b1')), 'up');
    assert.equal(word(backend('b1'), BACKEND_BOARD.HEALTH), HEALTH.HEALTHY);
    assert.deepEqual(kinds(), ['backend-up', 'backend-down', 'backend-up']);
  });

  it('live failures take a backend out, ask for a check, and its count starts anew when it is back', () => {
    const { roster, state, backend, check, word } = make(configOf(WEB));
    const wanted: string[] = [];
    roster.onCheckWanted(({ name }) => wanted.push(name));
    check('b1', true);
    check('b2', true);
    const { slot } = backend('b2');
    const failures = state.backendShared(slot) + BACKEND_SHARED.CONSECUTIVE_FAILURES;
    Atomics.store(state.shared, failures, 3);
    roster.reportFailing(slot, 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED');
    assert.equal(roster.stateOf(backend('b2')), 'down');
    assert.equal(backend('b2').reason, '3 failures in a row in live traffic, last ECONNREFUSED 127.0.0.1:8082');
    assert.equal(word(backend('b2'), BACKEND_BOARD.HEALTH), HEALTH.UNHEALTHY);
    assert.deepEqual(wanted, ['b2']);
    check('b2', true);
    assert.equal(Atomics.load(state.shared, failures), 3);
    check('b2', true);
    assert.equal(roster.stateOf(backend('b2')), 'up');
    assert.equal(Atomics.load(state.shared, failures), 0);
  });

  it('names the failure code where the system has no word for it', () => {
    const { roster, backend } = make(configOf(WEB));
    roster.reportFailing(backend('b1').slot, 'UPSTREAM_HEAD_TIMEOUT', '');
    assert.match(backend('b1').reason, /last UPSTREAM_HEAD_TIMEOUT 127\.0\.0\.1:8081$/);
  });

  it('live failures alone never take out the last available backend', () => {
    const { roster, state, backend, check, kinds, lastText } = make(configOf(WEB));
    roster.setMode(backend('b1'), 'maintenance', 'admin API');
    const { slot } = backend('b2');
    const failures = state.backendShared(slot) + BACKEND_SHARED.CONSECUTIVE_FAILURES;
    Atomics.store(state.shared, failures, 3);
    roster.reportFailing(slot, 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED');
    roster.reportFailing(slot, 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED');
    assert.equal(roster.stateOf(backend('b2')), 'unknown');
    assert.deepEqual(kinds(), ['mode-changed', 'backend-kept']);
    assert.match(lastText(), /kept, since it is the last available backend of the pool$/);
    // After the next check the workers count anew, and may report it again.
    check('b2', true);
    assert.equal(Atomics.load(state.shared, failures), 0);
    roster.setMode(backend('b1'), 'ready', 'admin API');
    roster.reportFailing(slot, 'UPSTREAM_CONNECT_REFUSED', 'ECONNREFUSED');
    assert.equal(roster.stateOf(backend('b2')), 'down');
  });

  it('failed checks do take out the last one', () => {
    const { roster, backend, check } = make(configOf({ web: { backends: [at(8081, 'b1')] } }));
    for (let i = 0; i < 3; i++) check('b1', false);
    assert.equal(roster.stateOf(backend('b1')), 'down');
  });

  it('maintenance hides the health, and health goes on below it', () => {
    const { roster, backend, check } = make(configOf(WEB));
    roster.setMode(backend('b1'), 'maintenance', 'admin API');
    for (let i = 0; i < 3; i++) check('b1', false);
    assert.equal(roster.stateOf(backend('b1')), 'maintenance');
    roster.setMode(backend('b1'), 'ready', 'admin API');
    assert.equal(roster.stateOf(backend('b1')), 'down');
  });
});

describe('roster: names', () => {
  const NAMED = { web: { backends: [{ url: 'http://app.internal:80', name: 'b1' }] } };

  it('is unresolved until there is an address, and the address is a new plan', () => {
    const { roster, backend, kinds } = make(configOf(NAMED));
    assert.equal(roster.stateOf(backend('b1')), 'unresolved');
    roster.setAddress(backend('b1'), null, 'ENOTFOUND app.internal');
    roster.setAddress(backend('b1'), null, 'ENOTFOUND app.internal');
    assert.equal(backend('b1').reason, 'ENOTFOUND app.internal');
    assert.equal(roster.revision, 1);
    roster.setAddress(backend('b1'), '10.0.0.5');
    assert.equal(roster.stateOf(backend('b1')), 'unknown');
    assert.equal(roster.plan().revision, 2);
    assert.equal(roster.plan().pools[0]?.backends[0]?.address, '10.0.0.5');
    assert.equal(roster.plan().pools[0]?.backends[0]?.authority, 'app.internal:80');
    assert.deepEqual(kinds(), ['backend-unresolved', 'backend-resolved']);
  });

  it('keeps the last good address and warns once', () => {
    const { roster, backend, kinds } = make(configOf(NAMED));
    roster.setAddress(backend('b1'), '10.0.0.5');
    roster.setAddress(backend('b1'), null, 'EAI_AGAIN app.internal');
    roster.setAddress(backend('b1'), null, 'EAI_AGAIN app.internal');
    assert.equal(backend('b1').address, '10.0.0.5');
    assert.equal(roster.revision, 2);
    assert.deepEqual(kinds(), ['backend-resolved', 'address-stale']);
  });

  it('a name added at run time may not resolve to a secret place', () => {
    const { roster, pool, backend } = make(configOf(WEB));
    roster.addBackend(pool(), { url: 'http://metadata.test:80', name: 'm' }, 'admin API');
    roster.setAddress(backend('m'), '169.254.169.254');
    assert.equal(roster.stateOf(backend('m')), 'unresolved');
    assert.match(backend('m').reason, /link-local/);
    roster.setAddress(backend('m'), '10.0.0.5');
    assert.equal(roster.stateOf(backend('m')), 'unknown');
    roster.setAddress(backend('m'), '169.254.169.254');
    assert.equal(backend('m').address, null);
    assert.equal(roster.plan().pools[0]?.backends[2]?.address, null);
  });
});

describe('roster: coming and going', () => {
  it('a removed backend is out of the plan at once and visible until it is at rest everywhere', () => {
    const { roster, state, backend, setInFlight, word } = make(configOf(WEB));
    const b1 = backend('b1');
    setInFlight(b1.slot, 2);
    const removedAt = roster.revision + 1;
    roster.removeBackend(b1, 'admin API');
    assert.deepEqual(
      roster.plan().pools[0]?.backends.map(({ name }) => name),
      ['b2'],
    );
    assert.equal(roster.stateOf(b1), 'draining');
    assert.equal(word(b1, BACKEND_BOARD.MODE), MODE.DRAIN);
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
    const { roster, state, pool, backend } = make(configOf(WEB));
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
    const { roster, pool, backend, setInFlight } = make(configOf(WEB));
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
    const { roster, backend, check, setInFlight, kinds } = make(configOf(WEB));
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
    const { roster, backend, setInFlight } = make(configOf(WEB));
    const old = backend('b1');
    setInFlight(old.slot, 1);
    roster.apply(configOf({ web: { backends: [at(8099, 'b1'), at(8082, 'b2')] } }));
    assert.notEqual(backend('b1').slot, old.slot);
    assert.equal(backend('b1').port, 8099);
    assert.equal(old.isRemoved, true);
    assert.equal(old.name, 'b1 (127.0.0.1:8081)');
  });

  it('a removed pool leaves the plan and goes when its backends have gone', () => {
    const { roster, setInFlight, backend } = make(configOf({ ...WEB, api: { backends: [at(9001, 'a1')] } }));
    const a1 = backend('a1', 'api');
    setInFlight(a1.slot, 1);
    roster.apply(configOf(WEB));
    assert.equal(roster.pool('api'), undefined);
    assert.equal(roster.plan().pools.length, 1);
    roster.sweep(99);
    roster.sweep(99);
    assert.equal(roster.pools.length, 2);
    setInFlight(a1.slot, 0);
    roster.sweep(99);
    roster.sweep(99);
    assert.equal(roster.pools.length, 1);
    // Its slot can be used again.
    roster.apply(configOf({ ...WEB, x: { backends: [] }, y: { backends: [] }, z: { backends: [] } }));
    assert.equal(new Set(roster.pools.map(({ slot }) => slot)).size, 4);
  });

  it('a config that does not fit is refused whole', () => {
    const { roster } = make(configOf(WEB));
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
    const first = make(configOf(WEB));
    first.roster.setWeight(first.backend('b1'), 9, 'admin API');
    first.roster.setPolicy(first.pool(), 'least-connections', 'admin API');
    first.roster.setMode(first.backend('b2'), 'maintenance', 'admin API');
    first.roster.addBackend(first.pool(), { url: 'http://127.0.0.1:8083', weight: 4 }, 'admin API');
    const second = make(
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
