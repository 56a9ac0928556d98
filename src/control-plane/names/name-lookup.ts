/**
 * From a name to its addresses: what `getaddrinfo` would do, but without a thread, and with the
 * time for which the answer holds. Called by the address resolver.
 *
 * In this order: `localhost` and all below it are loopback and nobody is asked (RFC 6761 section
 * 6.3); what /etc/hosts says is so; else the name servers are asked for both kinds of addresses
 * at once, under each full name that the name may stand for, until one has an address.
 *
 * That a server says no is an answer. That it says nothing, or nonsense, is none, and the two are
 * kept apart for each kind: many a server is silent about IPv6, and nobody shall lose an address
 * over it.
 */
import { isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import type { DnsConfig } from '../../config/schema.ts';
import { type Clock, SYSTEM_CLOCK } from '../clock.ts';
import { type Hosts, parseHosts } from './hosts-file.ts';
import { type Ask, askerOf, type KindAnswer } from './name-servers.ts';
import { RereadFile } from './reread-file.ts';
import { fullNamesOf, parseResolvConf, type ResolvConf } from './resolv-conf.ts';

/** The file is looked at again after this: people who edit it want to see it work. */
const HOSTS_TTL_MS = 5_000;
/** How long the second kind is waited for once the first has addresses: a server that needs longer is silent about it. */
const SECOND_KIND_WAIT_MS = 1_000;
/** A search domain whose server is broken does not hide the next one. glibc goes on as well. */
const PASSED_OVER: readonly string[] = ['ESERVFAIL', 'EREFUSED'];

const KINDS = ['ipv4', 'ipv6'] as const;
const NOT_ASKED: KindAnswer = { addresses: [], ttlMs: 0, isKnown: true, error: '' };
const SILENCE: KindAnswer = { addresses: [], ttlMs: 0, isKnown: false, error: 'ETIMEOUT' };

export interface LookupAnswer {
  readonly ipv4: KindAnswer;
  readonly ipv6: KindAnswer;
}

/** Never rejects, and never takes longer than `timeoutMs` of the settings. */
export type Lookup = (host: string, settings: DnsConfig) => Promise<LookupAnswer>;

export interface LookupOptions {
  readonly clock?: Clock;
  readonly hostsPath?: string;
  readonly resolvConfPath?: string;
  /** How servers are asked; another way in tests. */
  readonly askerOf?: (settings: DnsConfig) => Ask;
}

export function createLookup(options: LookupOptions = {}): Lookup {
  const { clock = SYSTEM_CLOCK, askerOf: makeAsk = askerOf } = options;
  const hostsFile = new RereadFile<Hosts>(options.hostsPath ?? '/etc/hosts', parseHosts, clock);
  const confFile = new RereadFile<ResolvConf>(
    options.resolvConfPath ?? '/etc/resolv.conf',
    (text) => parseResolvConf(text, hostname()),
    clock,
  );
  let asker: { readonly of: string; readonly conf: ResolvConf; readonly ask: Ask } | null = null;

  /** One for as long as nothing changes: it remembers which servers are slow. */
  const askFor = (settings: DnsConfig, conf: ResolvConf): Ask => {
    const of = JSON.stringify(settings);
    if (asker?.of !== of || asker.conf !== conf) asker = { of, conf, ask: makeAsk(settings) };
    return asker.ask;
  };

  const find = async (host: string, settings: DnsConfig, late: Promise<void>): Promise<LookupAnswer> => {
    const name = host.toLowerCase().replace(/\.$/, '');
    const fixed = isLocal(name) ? LOOPBACK : ((await hostsFile.value()).get(name) ?? []);
    const local = fixedAnswer(fixed, settings, isLocal(name) ? Number.POSITIVE_INFINITY : HOSTS_TTL_MS);
    if (isFound(local)) return local;
    const conf = await confFile.value();
    return search(fullNamesOf(host.toLowerCase(), conf), name, (fullName) =>
      askBoth(fullName, settings, askFor(settings, conf), clock, late),
    );
  };

  return async (host, settings) => {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = clock.after(settings.timeoutMs, resolve);
    const answer = await find(host, settings, late);
    timer.clear();
    return answer;
  };
}

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];

function isLocal(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

/** The answer under the first full name that has addresses; where none has, why. */
async function search(
  fullNames: readonly string[],
  name: string,
  ask: (fullName: string) => Promise<LookupAnswer>,
): Promise<LookupAnswer> {
  let answer: LookupAnswer = { ipv4: SILENCE, ipv6: SILENCE };
  let doubt: LookupAnswer | null = null;
  for (const fullName of fullNames) {
    answer = await ask(fullName);
    if (isFound(answer)) return answer;
    const unknown = KINDS.map((kind) => answer[kind]).filter(({ isKnown }) => !isKnown);
    if (unknown.length === 0) continue;
    doubt = answer;
    // The name itself is never passed over: while its server is in trouble, another server that
    // happens to have a name like it below a search domain must not get its traffic.
    if (fullName === name || unknown.some(({ error }) => !PASSED_OVER.includes(error))) break;
  }
  return doubt ?? answer;
}

/** Asks for both kinds at once. Answers with what there is when `late` comes. */
async function askBoth(
  fullName: string,
  { family }: DnsConfig,
  ask: Ask,
  clock: Clock,
  late: Promise<void>,
): Promise<LookupAnswer> {
  const wanted = KINDS.filter((kind) => family === 'any' || family === kind);
  const answer = {
    ipv4: wanted.includes('ipv4') ? SILENCE : NOT_ASKED,
    ipv6: wanted.includes('ipv6') ? SILENCE : NOT_ASKED,
  };
  const enough = Promise.withResolvers<void>();
  let missing = wanted.length;
  for (const kind of wanted) {
    void ask(fullName, kind).then((kindAnswer) => {
      answer[kind] = kindAnswer;
      missing--;
      if (missing === 0) enough.resolve();
      if (missing === 0 || kindAnswer.addresses.length === 0) return;
      const timer = clock.after(SECOND_KIND_WAIT_MS, enough.resolve);
      void enough.promise.then(() => timer.clear());
    });
  }
  await Promise.race([enough.promise, late]);
  enough.resolve();
  return { ...answer };
}

function fixedAnswer(addresses: readonly string[], { family }: DnsConfig, ttlMs: number): LookupAnswer {
  const ofKind = (kind: 'ipv4' | 'ipv6'): KindAnswer => {
    const own = addresses.filter((address) => isIPv6(address) === (kind === 'ipv6'));
    const isWanted = family === 'any' || family === kind;
    return isWanted && own.length > 0 ? { addresses: own, ttlMs, isKnown: true, error: '' } : NOT_ASKED;
  };
  return { ipv4: ofKind('ipv4'), ipv6: ofKind('ipv6') };
}

export function isFound({ ipv4, ipv6 }: LookupAnswer): boolean {
  return ipv4.addresses.length + ipv6.addresses.length > 0;
}
