import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf, failsWith, makeRoster } from '../../../test/harness/make-roster.ts';
import { readBackendName } from '../../config/texts.ts';
import { mergeChanges } from '../changes/runtime-changes.ts';
import { membersOf, namePrefixOf } from './all-addresses.ts';

const APP = { url: 'http://app.test:80', name: 'app', weight: 2, addresses: 'all' };
const config = configOf({ web: { backends: [APP] } });
const [entry] = config.pools[0]?.backends ?? [];
const HOST = 'app.test';

describe('all addresses of a name', () => {
  it('are named by the entry and the address, in an order that does not depend on the answer', () => {
    assert.ok(entry);
    const namesFor = (...addresses: string[]) => membersOf(entry, new Map([[HOST, addresses]])).map(({ name }) => name);
    const inOrder = ['app@9.0.0.1', 'app@10.0.0.1', 'app@10.0.0.20', 'app@::1', 'app@fd00::2', 'app@fd00::10'];
    const addresses = inOrder.map((name) => name.slice('app@'.length));
    assert.deepEqual(namesFor(...addresses), inOrder);
    assert.deepEqual(namesFor(...addresses.toReversed()), inOrder);
    assert.deepEqual(namesFor(), ['app']);
  });

  it('have names that can never be in a file, and are legal but for the @', () => {
    assert.ok(entry);
    const [member] = membersOf(entry, new Map([[HOST, ['2001:db8::1']]]));
    assert.equal(member?.name, 'app@2001:db8::1');
    assert.equal(readBackendName(member?.name).isRead, false);
    assert.equal(readBackendName(member?.name.replace('@', '-')).isRead, true);
    assert.equal(readBackendName(namePrefixOf('app')).isRead, false);
  });
});

describe('all addresses of a name: changes at run time', () => {
  it('hold for that address, until the name does not have it any more', () => {
    const { roster, backend } = makeRoster(config);
    roster.setAddresses(HOST, ['10.0.0.1', '10.0.0.2']);
    roster.setWeight(backend('app@10.0.0.1'), 7, 'admin API');
    roster.setMode(backend('app@10.0.0.2'), 'drain', 'admin API');
    assert.deepEqual(roster.changes.pools[0]?.backends, [
      { name: 'app@10.0.0.1', weight: { value: 7, fileValue: 2 }, mode: 'ready' },
      { name: 'app@10.0.0.2', weight: null, mode: 'drain' },
    ]);
    roster.setAddresses(HOST, ['10.0.0.1', '10.0.0.3']);
    assert.deepEqual([backend('app@10.0.0.1').weight, backend('app@10.0.0.3').weight], [7, 2]);
    assert.deepEqual(
      roster.changes.pools[0]?.backends.map(({ name }) => name),
      ['app@10.0.0.1'],
    );
    roster.sweep(99);
    roster.sweep(99);
    roster.setAddresses(HOST, ['10.0.0.1', '10.0.0.2']);
    assert.equal(backend('app@10.0.0.2').mode, 'ready', 'another server may have the address by now');
  });

  it('survive a restart, also while the name does not resolve', () => {
    const before = makeRoster(config);
    before.roster.setAddresses(HOST, ['10.0.0.1', '10.0.0.2']);
    before.roster.setMode(before.backend('app@10.0.0.1'), 'maintenance', 'admin API');
    const { changes } = before.roster;
    const { roster, backend } = makeRoster(config, changes);
    assert.deepEqual(roster.changes, changes);
    assert.equal(roster.stateOf(backend('app')), 'unresolved');
    roster.setAddresses(HOST, ['10.0.0.1', '10.0.0.2']);
    assert.deepEqual([backend('app@10.0.0.1').mode, backend('app@10.0.0.2').mode], ['maintenance', 'ready']);
    assert.deepEqual(roster.changes, changes);
  });

  it('survive a reload; a weight that the file has changed since is overruled at every address', () => {
    const { roster, backend, kinds } = makeRoster(config);
    roster.setAddresses(HOST, ['10.0.0.1']);
    roster.setWeight(backend('app@10.0.0.1'), 7, 'admin API');
    roster.apply(configOf({ web: { backends: [APP] } }));
    assert.equal(backend('app@10.0.0.1').weight, 7);
    roster.apply(configOf({ web: { backends: [{ ...APP, weight: 5 }] } }));
    assert.equal(backend('app@10.0.0.1').weight, 5);
    assert.equal(kinds().at(-1), 'runtime-change-overruled');
  });

  it('are refused for the stand-in, and nobody is removed one by one', () => {
    const { roster, pool, backend } = makeRoster(config);
    assert.throws(() => roster.setWeight(backend('app'), 7, 'x'), failsWith('backend-unresolved', 409));
    assert.throws(() => roster.setMode(backend('app'), 'drain', 'x'), failsWith('backend-unresolved', 409));
    assert.throws(() => roster.removeBackend(backend('app'), 'x'), failsWith('backend-of-name', 409));
    roster.setAddresses(HOST, ['10.0.0.1']);
    assert.throws(() => roster.removeBackend(backend('app@10.0.0.1'), 'x'), failsWith('backend-of-name', 409));
    const add = (addition: { url: string; name: string }) => () => roster.addBackend(pool(), addition, 'x');
    assert.throws(add({ url: 'http://other.test', name: 'app' }), failsWith('backend-exists', 409));
    assert.throws(add({ url: 'http://other.test', name: 'app@10.0.0.9' }), failsWith('backend-name-invalid', 422));
    assert.deepEqual(roster.changes, { pools: [] });
  });

  it('an entry that was removed as one backend stays removed with all its addresses, until it is added again', () => {
    const one = { ...APP, addresses: 'one' };
    const { roster, pool, backend } = makeRoster(configOf({ web: { backends: [one] } }));
    roster.setAddresses(HOST, ['10.0.0.1', '10.0.0.2']);
    roster.removeBackend(backend('app'), 'admin API');
    roster.sweep(99);
    roster.sweep(99);
    roster.apply(config);
    assert.deepEqual(pool().backends, []);
    const again = roster.addBackend(pool(), { url: 'http://app.test:80', name: 'app' }, 'admin API');
    assert.equal(again.name, 'app@10.0.0.1');
    assert.equal(pool().backends.length, 2);
  });

  it('a plain name keeps its changes, and knows the address that is known', () => {
    const changes = {
      pools: [
        {
          name: 'web',
          policy: null,
          backends: [
            { name: 'app', weight: null, mode: 'drain' as const },
            { name: 'app@10.0.0.1', weight: null, mode: 'drain' as const },
          ],
          added: [],
          removed: [],
        },
      ],
    };
    const plain = configOf({ web: { backends: [{ ...APP, addresses: 'one' }] } });
    const merged = mergeChanges(plain, changes, new Map([[HOST, ['10.0.0.2', '10.0.0.1']]]));
    assert.deepEqual(
      merged.pools[0]?.backends.map(({ name, address, mode }) => [name, address, mode]),
      [['app', '10.0.0.2', 'drain']],
    );
    assert.equal(merged.changes.pools[0]?.backends.length, 1);
  });
});
