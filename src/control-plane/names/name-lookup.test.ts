import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../../../test/harness/eventually.ts';
import { FakeClock } from '../../../test/harness/fake-clock.ts';
import { type StubDns, startStubDns } from '../../../test/harness/stub-dns.ts';
import type { DnsConfig } from '../../config/schema.ts';
import { createLookup, type LookupAnswer } from './name-lookup.ts';
import { fullNamesOf, parseResolvConf } from './resolv-conf.ts';

/** A lookup with files of its own that asks a stub. Time stands still unless the test moves it. */
async function make(t: TestContext, files: { readonly hosts?: string; readonly resolvConf?: string } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ballast-names-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [hostsPath, resolvConfPath] = [join(folder, 'hosts'), join(folder, 'resolv.conf')];
  const writeHosts = (text: string) => writeFile(hostsPath, text);
  if (files.hosts !== undefined) await writeHosts(files.hosts);
  await writeFile(resolvConfPath, files.resolvConf ?? 'search .\n');
  const dns = await startStubDns(t);
  const clock = new FakeClock();
  const settings: DnsConfig = { servers: [dns.address], timeoutMs: 5_000, maxTtlMs: 60_000, family: 'any' };
  const look = createLookup({ clock, hostsPath, resolvConfPath });
  const lookup = (host: string, more: Partial<DnsConfig> = {}) => look(host, { ...settings, ...more });
  return { dns, clock, lookup, writeHosts };
}

const shown = ({ ipv4, ipv6 }: LookupAnswer) => [ipv4, ipv6].map(({ addresses, error }) => error || addresses);
const namesAsked = (dns: StubDns) => dns.questions.filter(({ kind }) => kind === 'ipv4').map(({ name }) => name);

describe('name lookup: what the name server says', () => {
  it('both kinds are asked for, and the shortest TTL counts', async (t) => {
    const { dns, clock, lookup } = await make(t);
    dns.set('app.test', {
      ipv4: { addresses: ['10.0.0.2', '10.0.0.1'], ttl: 30 },
      ipv6: { addresses: ['2001:db8:0::1'], ttl: 7 },
    });
    const answer = await lookup('app.test');
    assert.deepEqual(shown(answer), [['10.0.0.2', '10.0.0.1'], ['2001:db8::1']]);
    assert.deepEqual([answer.ipv4.ttlMs, answer.ipv6.ttlMs], [30_000, 7_000]);
    assert.equal(clock.pending, 0);
  });

  it('a name with one kind only has one kind only', async (t) => {
    const { dns, lookup } = await make(t);
    dns.set('four.test', { ipv4: { addresses: ['10.0.0.1'] } });
    dns.set('six.test', { ipv6: { addresses: ['2001:db8::1'] } });
    const [four, six] = [await lookup('four.test'), await lookup('six.test')];
    assert.deepEqual(shown(four), [['10.0.0.1'], 'ENODATA']);
    assert.deepEqual(shown(six), ['ENODATA', ['2001:db8::1']]);
    assert.equal(four.ipv6.isKnown && six.ipv4.isKnown, true);
  });

  it('a server that denies the whole name for one kind does not hide the other', async (t) => {
    const { dns, lookup } = await make(t);
    dns.set('app.test', { ipv4: 'nxdomain', ipv6: { addresses: ['2001:db8::1'] } });
    assert.deepEqual(shown(await lookup('app.test')), ['ENOTFOUND', ['2001:db8::1']]);
  });

  it('a server that is silent about one kind is waited for a second and no longer', async (t) => {
    const { dns, clock, lookup } = await make(t);
    dns.set('app.test', { ipv4: { addresses: ['10.0.0.1'] }, ipv6: 'silence' });
    const answer = lookup('app.test');
    await eventually('the wait to begin', () => clock.waits.includes(1_000));
    await clock.advance(1_000);
    assert.deepEqual(shown(await answer), [['10.0.0.1'], 'ETIMEOUT']);
    assert.equal((await answer).ipv6.isKnown, false);
  });

  it('what is known when the time is over counts, and silence is not a no', async (t) => {
    const { dns, clock, lookup } = await make(t);
    dns.set('half.test', { ipv4: 'silence', ipv6: { addresses: ['2001:db8::1'] } });
    dns.set('none.test', { ipv4: 'silence', ipv6: 'silence' });
    const half = lookup('half.test', { timeoutMs: 500 });
    await eventually('the wait to begin', () => clock.waits.includes(1_000));
    await clock.advance(500);
    assert.deepEqual(shown(await half), ['ETIMEOUT', ['2001:db8::1']]);
    const none = lookup('none.test', { timeoutMs: 500 });
    await eventually('the questions', () => dns.timesAsked('none.test', 'ipv6') > 0);
    await clock.advance(500);
    assert.deepEqual(shown(await none), ['ETIMEOUT', 'ETIMEOUT']);
    assert.equal((await none).ipv4.isKnown, false);
  });

  it('an alias counts as what it leads to; one that leads nowhere is no address', async (t) => {
    const { dns, lookup } = await make(t);
    dns.set('app.test', { ipv4: { addresses: ['10.0.0.1'], alias: 'real.test' } });
    dns.set('lost.test', { ipv4: { addresses: [], alias: 'nowhere.test' } });
    assert.deepEqual(shown(await lookup('app.test')), [['10.0.0.1'], 'ENODATA']);
    const lost = await lookup('lost.test');
    assert.deepEqual(shown(lost), ['ENODATA', 'ENODATA']);
    assert.equal(lost.ipv4.isKnown, true);
  });

  it('failures and nonsense are not a no', async (t) => {
    const { dns, lookup } = await make(t);
    for (const [reply, error] of [
      ['servfail', 'ESERVFAIL'],
      ['refused', 'EREFUSED'],
      ['garbage', 'EBADRESP'],
    ] as const) {
      dns.set('app.test', { ipv4: reply, ipv6: reply });
      const answer = await lookup('app.test');
      assert.deepEqual([shown(answer), answer.ipv4.isKnown], [[error, error], false]);
    }
  });

  it('a TTL beyond all sense is 0, and an unspecified address is none', async (t) => {
    const { dns, lookup } = await make(t);
    dns.set('app.test', { ipv4: { addresses: ['10.0.0.1'], ttl: 2 ** 31 } });
    dns.set('blocked.test', { ipv4: { addresses: ['0.0.0.0'] }, ipv6: { addresses: ['::'] } });
    assert.equal((await lookup('app.test')).ipv4.ttlMs, 0);
    assert.deepEqual(shown(await lookup('blocked.test')), ['ENODATA', 'ENODATA']);
  });

  it('an answer too long for a packet is fetched by TCP', async (t) => {
    const { dns, lookup } = await make(t);
    const addresses = Array.from({ length: 200 }, (_, index) => `10.0.1.${index}`);
    dns.set('many.test', { ipv4: { addresses } });
    assert.deepEqual((await lookup('many.test')).ipv4.addresses, addresses);
  });

  it('only the wanted kind is asked for', async (t) => {
    const { dns, lookup } = await make(t);
    dns.set('app.test', { ipv4: { addresses: ['10.0.0.1'] }, ipv6: { addresses: ['2001:db8::1'] } });
    assert.deepEqual(shown(await lookup('app.test', { family: 'ipv4' })), [['10.0.0.1'], []]);
    assert.deepEqual(shown(await lookup('app.test', { family: 'ipv6' })), [[], ['2001:db8::1']]);
    assert.deepEqual([dns.timesAsked('app.test', 'ipv4'), dns.timesAsked('app.test', 'ipv6')], [1, 1]);
  });
});

describe('name lookup: what nobody is asked for', () => {
  it('localhost and all below it are loopback, IPv4 first', async (t) => {
    const { dns, lookup } = await make(t, { hosts: '10.9.9.9 localhost\n' });
    for (const host of ['localhost', 'LOCALHOST', 'localhost.', 'app.localhost']) {
      assert.deepEqual(shown(await lookup(host)), [['127.0.0.1'], ['::1']]);
    }
    assert.deepEqual(dns.questions, []);
  });

  it('the hosts file comes before the name server, in any case, and is read again when it changes', async (t) => {
    const { dns, clock, lookup, writeHosts } = await make(t, {
      hosts: '# ours\n10.0.0.7  App.Test app # here\n10.0.0.8 app.test\n2001:DB8:0:0::7 app.test\nnonsense\n',
    });
    dns.set('app.test', { ipv4: { addresses: ['10.0.0.1'] } });
    const answer = await lookup('APP.test');
    assert.deepEqual(shown(answer), [['10.0.0.7', '10.0.0.8'], ['2001:db8::7']]);
    assert.equal(answer.ipv4.ttlMs, 5_000);
    assert.deepEqual(dns.questions, []);
    await writeHosts('10.0.0.70 app.test\n');
    await clock.advance(1_000);
    assert.deepEqual(shown(await lookup('app.test')), [['10.0.0.70'], []]);
    await writeHosts('');
    await clock.advance(1_000);
    assert.deepEqual(shown(await lookup('app.test')), [['10.0.0.1'], 'ENODATA']);
  });

  it('a kind that is not wanted does not count, so the server is asked', async (t) => {
    const { dns, lookup } = await make(t, { hosts: '2001:db8::7 app.test\n' });
    dns.set('app.test', { ipv4: { addresses: ['10.0.0.1'] } });
    assert.deepEqual(shown(await lookup('app.test', { family: 'ipv4' })), [['10.0.0.1'], []]);
  });
});

describe('name lookup: short names', () => {
  const KUBERNETES = 'search default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n';

  it('Docker: a name without dots is asked for as it is', async (t) => {
    const { dns, lookup } = await make(t, { resolvConf: 'options ndots:0\n' });
    dns.set('web', { ipv4: { addresses: ['172.18.0.2'] } });
    assert.deepEqual((await lookup('web')).ipv4.addresses, ['172.18.0.2']);
    assert.deepEqual(namesAsked(dns), ['web']);
  });

  it('Kubernetes: a service by its name, by name and namespace, and a name of the world', async (t) => {
    const { dns, lookup } = await make(t, { resolvConf: KUBERNETES });
    dns.set('web.default.svc.cluster.local', { ipv4: { addresses: ['10.96.0.1'] } });
    dns.set('web.prod.svc.cluster.local', { ipv4: { addresses: ['10.96.0.2'] } });
    dns.set('api.example.com', { ipv4: { addresses: ['203.0.113.1'] } });
    assert.deepEqual((await lookup('web')).ipv4.addresses, ['10.96.0.1']);
    assert.deepEqual((await lookup('web.prod')).ipv4.addresses, ['10.96.0.2']);
    assert.deepEqual((await lookup('api.example.com')).ipv4.addresses, ['203.0.113.1']);
    dns.questions.length = 0;
    assert.deepEqual((await lookup('api.example.com.')).ipv4.addresses, ['203.0.113.1']);
    assert.deepEqual(namesAsked(dns), ['api.example.com']);
  });

  it('a search domain with a broken server is passed over; one with a silent server is not', async (t) => {
    const { dns, clock, lookup } = await make(t, { resolvConf: 'search broken.test fine.test\n' });
    dns.set('web.broken.test', { ipv4: 'servfail', ipv6: 'servfail' });
    dns.set('web.fine.test', { ipv4: { addresses: ['10.0.0.1'] } });
    assert.deepEqual((await lookup('web')).ipv4.addresses, ['10.0.0.1']);
    dns.set('web.broken.test', { ipv4: 'silence', ipv6: 'silence' });
    const before = dns.questions.length;
    const answer = lookup('web');
    await eventually('the questions', () => dns.questions.length >= before + 2);
    await clock.advance(5_000);
    assert.deepEqual(shown(await answer), ['ETIMEOUT', 'ETIMEOUT']);
    assert.equal(dns.timesAsked('web.fine.test'), 1);
  });

  it('while the name itself is in trouble, no namesake below a search domain takes its place', async (t) => {
    const { dns, lookup } = await make(t, { resolvConf: 'search corp.test\n' });
    dns.set('app.test', { ipv4: 'servfail', ipv6: 'servfail' });
    dns.set('app.test.corp.test', { ipv4: { addresses: ['10.6.6.6'] } });
    assert.deepEqual(shown(await lookup('app.test')), ['ESERVFAIL', 'ESERVFAIL']);
  });
});

describe('name lookup: resolv.conf', () => {
  it('is read again when it changes, and its servers with it', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'ballast-names-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const resolvConfPath = join(folder, 'resolv.conf');
    await writeFile(resolvConfPath, 'search one.test\n');
    const clock = new FakeClock();
    const asked: string[] = [];
    let askers = 0;
    const look = createLookup({
      clock,
      hostsPath: join(folder, 'none'),
      resolvConfPath,
      askerOf: () => {
        askers++;
        return async (fullName) => {
          asked.push(fullName);
          return { addresses: ['10.0.0.1'], ttlMs: 0, isKnown: true, error: '' };
        };
      },
    });
    const settings: DnsConfig = { servers: [], timeoutMs: 5_000, maxTtlMs: 60_000, family: 'ipv4' };
    await look('web', settings);
    await look('web', settings);
    assert.equal(askers, 1);
    await writeFile(resolvConfPath, 'search another.test\n');
    await clock.advance(1_000);
    await look('web', settings);
    assert.equal(askers, 2);
    await look('web', { ...settings, servers: ['10.0.0.53:53'] });
    assert.equal(askers, 3);
    assert.deepEqual(asked, ['web.one.test', 'web.one.test', 'web.another.test', 'web.another.test']);
  });

  it('the last of search and domain counts, without either the domain of the machine', () => {
    const of = (text: string) => parseResolvConf(text, 'box.lan.test');
    assert.deepEqual(of(''), { search: ['lan.test'], ndots: 1 });
    assert.deepEqual(parseResolvConf('', 'box'), { search: [], ndots: 1 });
    assert.deepEqual(of('domain a.test\nsearch B.test c.test. b.test\n').search, ['b.test', 'c.test']);
    assert.deepEqual(of('search b.test c.test\ndomain a.test\n').search, ['a.test']);
    assert.deepEqual(of('search .\n# search x.test\n').search, []);
    assert.equal(of('options timeout:1 ndots:99 rotate\n').ndots, 15);
  });

  it('a name that would become too long is not tried', () => {
    const long = `${'a.'.repeat(120)}a`;
    assert.deepEqual(fullNamesOf(long, { search: ['example.test'], ndots: 1 }), [long]);
  });
});
