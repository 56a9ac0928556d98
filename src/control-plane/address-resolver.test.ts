import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock, settle } from '../../test/harness/fake-clock.ts';
import { makeConfig } from '../../test/harness/make-config.ts';
import type { Config } from '../config/schema.ts';
import { State } from '../state/layout.ts';
import { AddressResolver } from './address-resolver.ts';
import { Journal } from './journal.ts';
import { Roster } from './roster.ts';

const configOf = (hosts: readonly string[]): Config =>
  makeConfig({
    pools: { web: { backends: hosts.map((host, index) => ({ url: `http://${host}:80${index}`, name: `b${index}` })) } },
  });

type Answer = readonly string[] | string | Promise<readonly string[]>;

/** A resolver whose name server answers as the test says: addresses, or an error code. */
function make(config: Config, answers: Record<string, Answer>) {
  const clock = new FakeClock();
  const journal = new Journal();
  const roster = new Roster({
    state: State.create({ workers: 1, pools: 2, backends: 16, routes: 8 }),
    config,
    journal,
    clock,
  });
  const asked: [number, string][] = [];
  const resolver = new AddressResolver({
    roster,
    clock,
    random: () => 0,
    lookup: async (host) => {
      asked.push([clock.nowMs, host]);
      const answer = answers[host] ?? 'ENOTFOUND';
      if (typeof answer === 'string') throw Object.assign(new Error('lookup failed'), { code: answer });
      return answer;
    },
  });
  const backend = (index: number) => {
    const found = roster.backend('web', `b${index}`);
    if (found === undefined) throw new Error(`no backend b${index}`);
    return found;
  };
  const times = (host: string) => asked.filter(([, of]) => of === host).map(([atMs]) => atMs);
  const kinds = () => journal.latest(100).map(({ kind }) => kind);
  return { clock, roster, resolver, answers, backend, times, kinds };
}

describe('address resolver', () => {
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
      'app.test': new Promise(() => {}),
    });
    const started = resolver.start();
    await clock.advance(2_000);
    await started;
    assert.equal(roster.stateOf(backend(0)), 'unresolved');
    assert.equal(backend(0).reason, 'app.test is not resolved yet');
    await clock.advance(3_000);
    assert.equal(backend(0).reason, 'timeout app.test');
  });

  it('looks up again every 30 s, and every 5 s while it fails', async () => {
    const { resolver, clock, answers, backend, times } = make(configOf(['app.test']), {});
    await resolver.start();
    assert.equal(backend(0).reason, 'ENOTFOUND app.test');
    await clock.advance(10_000);
    answers['app.test'] = ['10.0.0.1'];
    await clock.advance(5_000);
    assert.equal(backend(0).address, '10.0.0.1');
    await clock.advance(60_000);
    assert.deepEqual(times('app.test'), [0, 5_000, 10_000, 15_000, 45_000, 75_000]);
  });

  it('keeps the last good address while lookups fail', async () => {
    const { resolver, clock, roster, answers, backend, kinds } = make(configOf(['app.test']), {
      'app.test': ['10.0.0.1'],
    });
    await resolver.start();
    answers['app.test'] = 'EAI_AGAIN';
    await clock.advance(60_000);
    assert.equal(backend(0).address, '10.0.0.1');
    assert.equal(roster.stateOf(backend(0)), 'unknown');
    assert.deepEqual(kinds(), ['backend-resolved', 'address-stale']);
  });

  it('keeps an address that the name still has, in whatever order, and moves when it has not', async () => {
    const { resolver, clock, roster, answers, backend } = make(configOf(['app.test']), {
      'app.test': ['10.0.0.1', '10.0.0.2'],
    });
    await resolver.start();
    answers['app.test'] = ['10.0.0.2', '10.0.0.1'];
    await clock.advance(30_000);
    assert.equal(backend(0).address, '10.0.0.1');
    assert.equal(roster.revision, 2);
    answers['app.test'] = ['10.0.0.3'];
    await clock.advance(30_000);
    assert.equal(backend(0).address, '10.0.0.3');
  });

  it('a failing backend tries the next address of its name, and asks the name server no more than once a second', async () => {
    const { resolver, clock, backend, times } = make(configOf(['localhost']), { localhost: ['::1', '127.0.0.1'] });
    await resolver.start();
    assert.equal(backend(0).address, '::1');
    resolver.reportFailed(backend(0));
    assert.equal(backend(0).address, '127.0.0.1');
    assert.deepEqual(times('localhost'), [0]);
    await clock.advance(2_000);
    resolver.reportFailed(backend(0));
    await settle();
    assert.equal(backend(0).address, '::1');
    assert.deepEqual(times('localhost'), [0, 2_000]);
  });

  it('a backend that stays down tries every address once, then moves rarely and without a word', async () => {
    const { resolver, clock, roster, backend, kinds } = make(configOf(['localhost']), {
      localhost: ['::1', '127.0.0.1'],
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

  it('runs two lookups at one time, also when nobody waits for them any more', async () => {
    const stuck = new Promise<readonly string[]>(() => {});
    const { resolver, clock, backend, times } = make(configOf(['a.test', 'b.test', 'c.test']), {
      'a.test': stuck,
      'b.test': ['10.0.0.2'],
      'c.test': ['10.0.0.3'],
    });
    const started = resolver.start();
    await settle();
    assert.equal(backend(2).address, '10.0.0.3');
    await clock.advance(10_000);
    await started;
    assert.deepEqual(times('a.test'), [0, 10_000]);
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
    resolver.stop();
    assert.equal(clock.pending, 0);
  });
});
