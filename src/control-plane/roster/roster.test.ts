import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, configOf, failsWith, makeRoster, WEB } from '../../../test/harness/make-roster.ts';
import { policyIndex } from '../../balancing/policies.ts';
import { BACKEND_BOARD, HEALTH, MODE, POOL_BOARD } from '../../state/layout.ts';

describe('roster: words and plans', () => {
  it('starts with every backend unknown and in the plan', () => {
    const { roster, backend, word } = makeRoster(configOf(WEB));
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
    const { roster, state, pool, backend, word, version, kinds } = makeRoster(configOf(WEB));
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
    const { roster, pool, backend, version, kinds } = makeRoster(configOf(WEB));
    const before = version();
    roster.setPolicy(pool(), 'round-robin', 'admin API');
    roster.setWeight(backend('b1'), 1, 'admin API');
    roster.setMode(backend('b1'), 'ready', 'admin API');
    assert.equal(version(), before);
    assert.deepEqual(kinds(), []);
  });

  it('refuses what cannot be, and changes nothing', () => {
    const { roster, pool, backend, version } = makeRoster(configOf(WEB));
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
    const { roster, pool } = makeRoster(config);
    const add = (url: string) => () => roster.addBackend(pool(), { url }, 'x');
    assert.throws(add('http://127.0.0.1:8080'), failsWith('backend-address-refused', 422));
    assert.throws(add('http://[::1]:8080'), failsWith('backend-address-refused', 422));
    assert.doesNotThrow(add('http://127.0.0.1:8088'));
  });
});

describe('roster: health', () => {
  it('goes up and down by rise and fall, with the reason of the last failure', () => {
    const { roster, clock, backend, check, word, kinds } = makeRoster(configOf(WEB));
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

  it('failed checks do take out the last one', () => {
    const { roster, backend, check } = makeRoster(configOf({ web: { backends: [at(8081, 'b1')] } }));
    for (let i = 0; i < 3; i++) check('b1', false);
    assert.equal(roster.stateOf(backend('b1')), 'down');
  });

  it('maintenance hides the health, and health goes on below it', () => {
    const { roster, backend, check } = makeRoster(configOf(WEB));
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
    const { roster, backend, kinds } = makeRoster(configOf(NAMED));
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

  it('knows all addresses of a name, the one in use first', () => {
    const { roster, backend } = makeRoster(
      configOf({ web: { backends: [at(8081, 'b1'), { url: 'http://app.test:80', name: 'app' }] } }),
    );
    assert.deepEqual(roster.addressesOf(backend('b1')), ['127.0.0.1']);
    assert.deepEqual(roster.addressesOf(backend('app')), []);
    roster.setAddresses('app.test', ['10.0.0.1', '10.0.0.2']);
    roster.setAddress(backend('app'), '10.0.0.1');
    assert.deepEqual(roster.addressesOf(backend('app')), ['10.0.0.1', '10.0.0.2']);
    roster.tryAddress(backend('app'), '10.0.0.2');
    assert.deepEqual(roster.addressesOf(backend('app')), ['10.0.0.2', '10.0.0.1']);
  });

  it('each of all addresses of a name is that one alone', () => {
    const { roster, pool } = makeRoster(
      configOf({ web: { backends: [{ url: 'http://app.test:80', name: 'app', addresses: 'all' }] } }),
    );
    roster.setAddresses('app.test', ['10.0.0.1', '10.0.0.2']);
    const present = pool().backends.filter(({ isRemoved }) => !isRemoved);
    assert.deepEqual(
      present.map((backend) => roster.addressesOf(backend)),
      [['10.0.0.1'], ['10.0.0.2']],
    );
  });

  it('keeps the last good address and warns once', () => {
    const { roster, backend, kinds } = makeRoster(configOf(NAMED));
    roster.setAddress(backend('b1'), '10.0.0.5');
    roster.setAddress(backend('b1'), null, 'EAI_AGAIN app.internal');
    roster.setAddress(backend('b1'), null, 'EAI_AGAIN app.internal');
    assert.equal(backend('b1').address, '10.0.0.5');
    assert.equal(roster.revision, 2);
    assert.deepEqual(kinds(), ['backend-resolved', 'address-stale']);
  });

  it('a name added at run time may not resolve to a secret place', () => {
    const { roster, pool, backend } = makeRoster(configOf(WEB));
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
