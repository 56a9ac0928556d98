import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { describe, it } from 'node:test';
import { FakeClock, settle } from '../../../test/harness/fake-clock.ts';
import { makeConfig } from '../../../test/harness/make-config.ts';
import type { Config } from '../../config/schema.ts';
import { State } from '../../state/layout.ts';
import { Journal } from '../journal.ts';
import { Roster } from '../roster/roster.ts';
import { AddressResolver } from './address-resolver.ts';
import { carryNames, namesToCarry } from './carried-names.ts';
import type { LookupAnswer } from './name-lookup.ts';
import type { KindAnswer } from './name-servers.ts';

const configOf = (hosts: readonly string[], more: Readonly<Record<string, unknown>> = {}, backend = {}): Config =>
  makeConfig({
    pools: {
      web: {
        backends: hosts.map((host, index) => ({ url: `http://${host}:80${index}`, name: `b${index}`, ...backend })),
      },
    },
    ...more,
  });
const allOf = (host: string, more: Readonly<Record<string, unknown>> = {}): Config =>
  configOf([host], more, { addresses: 'all', weight: 3, maxConnections: 9 });

/** Addresses, or the error of a name server that says no, or of one that says nothing. */
type Answer = readonly string[] | 'ENOTFOUND' | 'ENODATA' | 'ETIMEOUT' | 'ESERVFAIL';
/** In the way the test cares about: addresses of both kinds with a TTL of 30 s, or kind by kind. */
type Said = Answer | { readonly ipv4: Answer; readonly ipv6: Answer; readonly ttl?: number } | 'nothing, ever';

function kindOf(answer: Answer, ttl: number): KindAnswer {
  if (typeof answer !== 'string') return { addresses: answer, ttlMs: ttl * 1_000, isKnown: true, error: '' };
  return { addresses: [], ttlMs: 0, isKnown: answer === 'ENOTFOUND' || answer === 'ENODATA', error: answer };
}

function answerOf(said: Exclude<Said, 'nothing, ever'>): LookupAnswer {
  if (typeof said === 'object' && 'ipv4' in said) {
    const { ipv4, ipv6, ttl = 30 } = said;
    return { ipv4: kindOf(ipv4, ttl), ipv6: kindOf(ipv6, ttl) };
  }
  if (typeof said === 'string') return { ipv4: kindOf(said, 0), ipv6: kindOf(said, 0) };
  const ipv6 = said.filter((address) => isIPv6(address));
  const ipv4 = said.filter((address) => !isIPv6(address));
  return answerOf({ ipv4: ipv4.length > 0 ? ipv4 : 'ENODATA', ipv6: ipv6.length > 0 ? ipv6 : 'ENODATA' });
}

/** A resolver whose name server answers as the test says. */
function make(config: Config, said: Record<string, Said>, room = 16) {
  const clock = new FakeClock();
  const journal = new Journal();
  const state = State.create({ workers: 1, pools: 2, backends: room, routes: 2 });
  const roster = new Roster({ state, config, journal, clock });
  const asked: [number, string][] = [];
  const resolver = new AddressResolver({
    roster,
    clock,
    random: () => 0,
    lookup: async (host) => {
      asked.push([clock.nowMs, host]);
      const of = said[host] ?? 'ENOTFOUND';
      return of === 'nothing, ever' ? new Promise<LookupAnswer>(() => {}) : answerOf(of);
    },
  });
  const backend = (index: number) => {
    const found = roster.backend('web', `b${index}`);
    if (found === undefined) throw new Error(`no backend b${index}`);
    return found;
  };
  return {
    clock,
    roster,
    resolver,
    said,
    backend,
    times: (host: string) => asked.filter(([, of]) => of === host).map(([atMs]) => atMs),
    events: () => journal.latest(100).map(({ kind, subject, text }) => `${kind} ${subject}: ${text}`),
    kinds: () => journal.latest(100).map(({ kind }) => kind),
    /** Name and state of each backend, in order. */
    shown: () => (roster.pools[0]?.backends ?? []).map((each) => `${each.name} ${roster.stateOf(each)}`),
  };
}

describe('address resolver: pace', () => {
  it('leaves IP addresses alone', async () => {
    const { resolver, clock, times } = make(configOf(['127.0.0.1', '[::1]']), {});
    await resolver.start();
    assert.equal(clock.pending, 0);
    assert.deepEqual(times('127.0.0.1'), []);
  });

  it('start waits for the first lookups; one name is looked up once for all its backends', async () => {
    const { resolver, backend, times } = make(configOf(['app.test', 'app.test']), { 'app.test': ['10.0.0.1'] });
    await resolver.start();
    assert.equal(backend(0).address, '10.0.0.1');
    assert.equal(backend(1).address, '10.0.0.1');
    assert.deepEqual(times('app.test'), [0]);
  });

  it('start goes on without a name server that does not answer', async () => {
    const { resolver, clock, roster, backend } = make(configOf(['app.test', '127.0.0.1']), {
      'app.test': 'nothing, ever',
    });
    const started = resolver.start();
    await clock.advance(2_000);
    await started;
    assert.equal(roster.stateOf(backend(0)), 'unresolved');
    assert.equal(backend(0).reason, 'app.test is not resolved yet');
  });

  it('looks up again when the TTL has run out, and every 5 s while nothing is found', async () => {
    const { resolver, clock, said, backend, times } = make(configOf(['app.test']), {});
    await resolver.start();
    assert.equal(backend(0).reason, 'ENOTFOUND app.test');
    await clock.advance(10_000);
    said['app.test'] = ['10.0.0.1'];
    await clock.advance(5_000);
    assert.equal(backend(0).address, '10.0.0.1');
    await clock.advance(60_000);
    assert.deepEqual(times('app.test'), [0, 5_000, 10_000, 15_000, 45_000, 75_000]);
  });

  it('the shorter TTL counts; 0 is a second, and none is believed longer than maxTtl', async () => {
    const dns = { dns: { maxTtl: '20s' } };
    const { resolver, clock, said, times } = make(configOf(['app.test'], dns), {
      'app.test': { ipv4: ['10.0.0.1'], ipv6: ['::1'], ttl: 0 },
    });
    await resolver.start();
    await clock.advance(2_000);
    assert.deepEqual(times('app.test'), [0, 1_000, 2_000]);
    said['app.test'] = { ipv4: ['10.0.0.1'], ipv6: 'ENODATA', ttl: 600 };
    await clock.advance(41_000);
    assert.deepEqual(times('app.test').slice(3), [3_000, 23_000, 43_000]);
  });

  it('new settings for lookups count at once', async () => {
    const { resolver, clock, roster, times } = make(configOf(['app.test']), { 'app.test': ['10.0.0.1'] });
    await resolver.start();
    await clock.advance(10_000);
    roster.apply(configOf(['app.test']));
    assert.deepEqual(times('app.test'), [0]);
    roster.apply(configOf(['app.test'], { dns: { servers: ['10.0.0.53'] } }));
    await settle();
    assert.deepEqual(times('app.test'), [0, 10_000]);
  });

  it('takes up and drops names with a reload, and leaves no timer when stopped', async () => {
    const { resolver, clock, roster, times } = make(configOf(['a.test']), {
      'a.test': ['10.0.0.1'],
      'b.test': ['10.0.0.2'],
    });
    await resolver.start();
    roster.apply(configOf(['b.test']));
    await clock.advance(30_000);
    assert.deepEqual(times('a.test'), [0]);
    assert.deepEqual(times('b.test'), [0, 30_000]);
    assert.equal(roster.knownAddresses.has('a.test'), false);
    resolver.stop();
    assert.equal(clock.pending, 0);
  });

  it('asks for a bounded number of names at one time', async () => {
    const hosts = Array.from({ length: 40 }, (_, index) => `n${index}.test`);
    const { resolver, clock, times } = make(
      configOf(hosts),
      Object.fromEntries(hosts.map((host) => [host, 'nothing, ever'])),
      64,
    );
    const started = resolver.start();
    await clock.advance(2_000);
    await started;
    assert.equal(hosts.filter((host) => times(host).length > 0).length, 32);
  });
});

describe('address resolver: one address', () => {
  it('keeps the last good address while lookups fail, and says so once', async () => {
    const { resolver, clock, roster, said, backend, events } = make(configOf(['app.test']), {
      'app.test': ['10.0.0.1'],
    });
    await resolver.start();
    for (const failure of ['ESERVFAIL', 'ENOTFOUND'] as const) {
      said['app.test'] = failure;
      await clock.advance(60_000);
      assert.equal(backend(0).address, '10.0.0.1');
      assert.equal(roster.stateOf(backend(0)), 'unknown');
    }
    said['app.test'] = ['10.0.0.1'];
    await clock.advance(60_000);
    assert.deepEqual(events(), [
      'backend-resolved web/b0: app.test is 10.0.0.1',
      'address-stale web/b0: ESERVFAIL app.test; the last address 10.0.0.1 stays in use',
      'backend-resolved web/b0: app.test is 10.0.0.1',
    ]);
  });

  it('keeps an address that the name still has, in whatever order, and moves when it has not', async () => {
    const { resolver, clock, roster, said, backend } = make(configOf(['app.test']), {
      'app.test': ['10.0.0.1', '10.0.0.2'],
    });
    await resolver.start();
    said['app.test'] = ['10.0.0.2', '10.0.0.1'];
    await clock.advance(30_000);
    assert.equal(backend(0).address, '10.0.0.1');
    assert.equal(roster.revision, 2);
    said['app.test'] = ['10.0.0.3'];
    await clock.advance(30_000);
    assert.equal(backend(0).address, '10.0.0.3');
  });

  it('IPv4 comes first, and silence about one kind takes nothing away', async () => {
    const { resolver, clock, said, backend, kinds } = make(configOf(['app.test']), {
      'app.test': { ipv4: ['10.0.0.1'], ipv6: ['2001:db8::1'] },
    });
    await resolver.start();
    assert.equal(backend(0).address, '10.0.0.1');
    said['app.test'] = { ipv4: ['10.0.0.2'], ipv6: 'ETIMEOUT' };
    await clock.advance(30_000);
    assert.equal(backend(0).address, '10.0.0.2');
    assert.deepEqual(kinds(), ['backend-resolved', 'backend-resolved']);
    said['app.test'] = { ipv4: 'ENODATA', ipv6: ['2001:db8::1'] };
    await clock.advance(30_000);
    assert.equal(backend(0).address, '2001:db8::1');
  });

  it('a backend that comes while the name server is down takes the last good address', async () => {
    const { resolver, clock, roster, said, backend } = make(configOf(['app.test']), { 'app.test': ['10.0.0.1'] });
    await resolver.start();
    said['app.test'] = 'ETIMEOUT';
    await clock.advance(60_000);
    roster.apply(configOf(['app.test', 'app.test']));
    assert.equal(backend(1).address, '10.0.0.1');
    assert.equal(roster.plan().pools[0]?.backends[1]?.address, '10.0.0.1');
  });

  it('a failing backend tries the next address of its name, and asks the name server no more than once a second', async () => {
    const { resolver, clock, backend, times } = make(configOf(['localhost']), { localhost: ['127.0.0.1', '::1'] });
    await resolver.start();
    assert.equal(backend(0).address, '127.0.0.1');
    resolver.reportFailed(backend(0));
    assert.equal(backend(0).address, '::1');
    assert.deepEqual(times('localhost'), [0]);
    await clock.advance(2_000);
    resolver.reportFailed(backend(0));
    await settle();
    assert.equal(backend(0).address, '127.0.0.1');
    assert.deepEqual(times('localhost'), [0, 2_000]);
  });

  it('a backend that stays down tries every address once, then moves rarely and without a word', async () => {
    const { resolver, clock, roster, backend, kinds } = make(configOf(['localhost']), {
      localhost: ['127.0.0.1', '::1'],
    });
    await resolver.start();
    const moves: number[] = [];
    for (let fails = 1; fails <= 31; fails++) {
      const before = backend(0).address;
      roster.reportCheck(backend(0), { atMs: 0, isPass: false, detail: 'ECONNREFUSED', durationMs: 1 });
      resolver.reportFailed(backend(0));
      if (backend(0).address !== before) moves.push(fails);
      await clock.advance(2_000);
    }
    assert.deepEqual(moves, [1, 2, 15, 30]);
    assert.deepEqual(kinds(), ['backend-resolved', 'backend-down']);
  });

  it('a healthy backend keeps its address when one check fails', async () => {
    const { resolver, roster, backend } = make(configOf(['app.test']), { 'app.test': ['10.0.0.1', '10.0.0.2'] });
    await resolver.start();
    roster.reportCheck(backend(0), { atMs: 0, isPass: true, detail: 'connected', durationMs: 1 });
    resolver.reportFailed(backend(0));
    assert.equal(backend(0).address, '10.0.0.1');
  });
});

describe('address resolver: all addresses', () => {
  const THREE = ['10.0.0.10', '10.0.0.9', '2001:db8::1'];

  it('a stand-in is unresolved until the name is; then each address is a backend, in the order of numbers', async () => {
    const { resolver, clock, roster, said, shown, events } = make(allOf('app.test'), {});
    await resolver.start();
    assert.deepEqual(shown(), ['b0 unresolved']);
    assert.equal(roster.backend('web', 'b0')?.reason, 'ENOTFOUND app.test');
    said['app.test'] = THREE;
    await clock.advance(5_000);
    roster.sweep(99);
    roster.sweep(99);
    assert.deepEqual(shown(), ['b0@10.0.0.9 unknown', 'b0@10.0.0.10 unknown', 'b0@2001:db8::1 unknown']);
    assert.deepEqual(
      roster
        .plan()
        .pools[0]?.backends.map(({ name, address, authority, port, maxConnections }) => [
          name,
          address,
          authority,
          port,
          maxConnections,
        ]),
      [
        ['b0@10.0.0.9', '10.0.0.9', 'app.test:800', 800, 9],
        ['b0@10.0.0.10', '10.0.0.10', 'app.test:800', 800, 9],
        ['b0@2001:db8::1', '2001:db8::1', 'app.test:800', 800, 9],
      ],
    );
    assert.equal(roster.backend('web', 'b0@10.0.0.9')?.weight, 3);
    assert.deepEqual(events(), [
      'backend-unresolved web/b0: unresolved: ENOTFOUND app.test',
      'backend-resolved web/b0: app.test is 10.0.0.10, 10.0.0.9, 2001:db8::1',
    ]);
  });

  it('another order is no change; a new address joins, and one that is gone drains and leaves', async () => {
    const { resolver, clock, roster, said, shown, events } = make(allOf('app.test'), {
      'app.test': ['10.0.0.1', '10.0.0.2'],
    });
    await resolver.start();
    roster.sweep(99);
    roster.sweep(99);
    const { revision } = roster;
    const kept = roster.backend('web', 'b0@10.0.0.2');
    said['app.test'] = ['10.0.0.2', '10.0.0.1'];
    await clock.advance(30_000);
    assert.equal(roster.revision, revision);
    said['app.test'] = ['10.0.0.3', '10.0.0.2'];
    await clock.advance(30_000);
    assert.equal(roster.revision, revision + 1);
    assert.deepEqual(shown(), ['b0@10.0.0.2 unknown', 'b0@10.0.0.3 unknown', 'b0@10.0.0.1 draining']);
    assert.equal(roster.backend('web', 'b0@10.0.0.1')?.reason, 'removed by name resolution');
    assert.equal(roster.backend('web', 'b0@10.0.0.2')?.id, kept?.id);
    roster.sweep(99);
    roster.sweep(99);
    assert.deepEqual(shown(), ['b0@10.0.0.2 unknown', 'b0@10.0.0.3 unknown']);
    assert.deepEqual(events().slice(1), [
      'addresses-changed web/b0: app.test: 10.0.0.3 came, 10.0.0.1 went',
      'backend-removed web/b0@10.0.0.1: removed, nothing is in flight',
    ]);
  });

  it('all stay while lookups fail, with one event, and kind by kind', async () => {
    const { resolver, clock, said, shown, events, roster } = make(allOf('app.test'), { 'app.test': THREE });
    await resolver.start();
    roster.sweep(99);
    roster.sweep(99);
    const before = shown();
    said['app.test'] = { ipv4: ['10.0.0.9', '10.0.0.10'], ipv6: 'ETIMEOUT' };
    await clock.advance(60_000);
    said['app.test'] = 'ENOTFOUND';
    await clock.advance(60_000);
    assert.deepEqual(shown(), before);
    said['app.test'] = THREE;
    await clock.advance(5_000);
    assert.deepEqual(shown(), before);
    const list = '10.0.0.10, 10.0.0.9, 2001:db8::1';
    assert.deepEqual(events(), [
      `backend-resolved web/b0: app.test is ${list}`,
      `address-stale web/b0: ETIMEOUT app.test; the last addresses ${list} stay in use`,
      `backend-resolved web/b0: app.test is ${list}`,
    ]);
  });

  it('a failed check asks anew and moves nobody', async () => {
    const { resolver, clock, roster, times } = make(allOf('app.test'), { 'app.test': ['10.0.0.1', '10.0.0.2'] });
    await resolver.start();
    await clock.advance(5_000);
    const backend = roster.backend('web', 'b0@10.0.0.1');
    assert.ok(backend);
    resolver.reportFailed(backend);
    await settle();
    assert.equal(backend.address, '10.0.0.1');
    assert.deepEqual(times('app.test'), [0, 5_000]);
  });

  it('more addresses than there is room for: those in use stay, the rest joins when there is room', async () => {
    const { resolver, clock, roster, said, shown, events } = make(allOf('app.test'), { 'app.test': ['10.0.0.5'] }, 4);
    await resolver.start();
    roster.sweep(99);
    roster.sweep(99);
    said['app.test'] = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'];
    await clock.advance(60_000);
    assert.deepEqual(
      shown(),
      [1, 2, 3, 5].map((last) => `b0@10.0.0.${last} unknown`),
    );
    assert.equal(
      events().at(-1),
      'addresses-left-out web/b0: app.test has 6 addresses, and there is room for 4 of them',
    );
    const told = events().length;
    said['app.test'] = ['10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'];
    await clock.advance(30_000);
    roster.sweep(99);
    roster.sweep(99);
    await clock.advance(30_000);
    assert.deepEqual(
      shown(),
      [3, 4, 5, 6].map((last) => `b0@10.0.0.${last} unknown`),
    );
    assert.ok(
      !events()
        .slice(told)
        .some((event) => event.startsWith('addresses-left-out')),
      'as many as before',
    );
  });

  it('an entry changes over from one to all and back without a moment without an address', async () => {
    const { resolver, roster, shown } = make(configOf(['app.test']), { 'app.test': ['10.0.0.1', '10.0.0.2'] });
    await resolver.start();
    const plans: (string | null)[][] = [];
    roster.onPlanChange(() => plans.push((roster.plan().pools[0]?.backends ?? []).map(({ address }) => address)));
    roster.apply(allOf('app.test'));
    assert.deepEqual(shown(), ['b0@10.0.0.1 unknown', 'b0@10.0.0.2 unknown', 'b0 draining']);
    roster.sweep(99);
    roster.sweep(99);
    roster.apply(configOf(['app.test']));
    assert.deepEqual(shown(), ['b0 unknown', 'b0@10.0.0.1 draining', 'b0@10.0.0.2 draining']);
    assert.deepEqual(plans, [['10.0.0.1', '10.0.0.2'], ['10.0.0.1']]);
  });

  it('what an earlier process knew counts as the last good answer', async () => {
    const { resolver, clock, roster, said, backend, shown, events } = make(configOf(['app.test', 'other.test']), {});
    carryNames(roster, [{ host: 'app.test', addresses: ['10.0.0.1', 'nonsense', '2001:db8::1'] }]);
    await resolver.start();
    assert.deepEqual(shown(), ['b0 unknown', 'b1 unresolved']);
    assert.equal(backend(0).address, '10.0.0.1');
    assert.ok(
      events().includes('address-stale web/b0: ENOTFOUND app.test; the last address 10.0.0.1 stays in use'),
      events().join(),
    );
    said['app.test'] = ['10.0.0.2'];
    await clock.advance(5_000);
    assert.equal(backend(0).address, '10.0.0.2');

    const all = make(allOf('app.test'), {});
    carryNames(all.roster, [{ host: 'app.test', addresses: ['10.0.0.2', '10.0.0.1'] }]);
    await all.resolver.start();
    all.roster.sweep(99);
    all.roster.sweep(99);
    assert.deepEqual(all.shown(), ['b0@10.0.0.1 unknown', 'b0@10.0.0.2 unknown']);
    assert.deepEqual(namesToCarry(all.roster), [{ host: 'app.test', addresses: ['10.0.0.2', '10.0.0.1'] }]);
  });

  it('an IP address stands for itself', async () => {
    const { resolver, shown } = make(allOf('10.0.0.1'), {});
    await resolver.start();
    assert.deepEqual(shown(), ['b0 unknown']);
  });
});
