/**
 * One question to the name servers: the addresses of one kind that a full name has, with their TTL.
 *
 * Asked by `dns.resolve4` and `resolve6` (c-ares), which wait for their sockets like everything
 * else in the event loop. `dns.lookup` would hold one of the four threads that write files too,
 * for as long as a name server is silent. The price is that c-ares asks for a name just as it is:
 * `localhost`, /etc/hosts and search domains are up to `name-lookup.ts`, the only caller.
 */
import { Resolver } from 'node:dns/promises';
import { isWildcardAddress } from '../../config/hosts.ts';
import type { DnsConfig } from '../../config/schema.ts';
import { canonicalAddress } from './hosts-file.ts';

/** The first repeat comes after a second, or sooner where a lookup may not take long. */
const FIRST_TRY_MS = 1_000;
const FIRST_TRY_SHARE = 1 / 5;
/** Each round of repeats waits twice as long: after 1, 3 and 7 s. */
const TRIES = 3;
/** RFC 2181 section 8: a larger TTL is a mistake, to be taken as 0. */
const MAX_TTL_SECONDS = 2 ** 31 - 1;
/** These two are answers: there is nothing of this kind, or no such name at all. */
const NONE: readonly string[] = ['ENODATA', 'ENOTFOUND'];

/** What is known of the addresses of one kind. */
export interface KindAnswer {
  /** In the order of the answer; empty where there are none, or where nobody could say. */
  readonly addresses: readonly string[];
  /** For how long they may be believed; 0 where there are none. */
  readonly ttlMs: number;
  /** False where nobody could say: no answer, or one that makes no sense. */
  readonly isKnown: boolean;
  /** Why there are no addresses, in the words of c-ares: `ENOTFOUND`, `ETIMEOUT` … */
  readonly error: string;
}

/** Never rejects. It may take longer than anybody would wait. */
export type Ask = (fullName: string, kind: 'ipv4' | 'ipv6') => Promise<KindAnswer>;

/** Makes ready to ask the servers of the settings, or where there are none those of resolv.conf as it is now. */
export function askerOf({ servers, timeoutMs }: Pick<DnsConfig, 'servers' | 'timeoutMs'>): Ask {
  const timeout = Math.round(Math.min(FIRST_TRY_MS, timeoutMs * FIRST_TRY_SHARE));
  const resolver = new Resolver({ timeout, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return async (fullName, kind) => {
    try {
      const records = await (kind === 'ipv4'
        ? resolver.resolve4(fullName, { ttl: true })
        : resolver.resolve6(fullName, { ttl: true }));
      return answerOf(records);
    } catch (error) {
      const code = codeOf(error);
      return { addresses: [], ttlMs: 0, isKnown: NONE.includes(code), error: code };
    }
  };
}

function answerOf(records: readonly { readonly address: string; readonly ttl: number }[]): KindAnswer {
  // Filters answer 0.0.0.0 for names that nobody shall reach, and to connect to it is to connect
  // to this very machine.
  const usable = records.filter(({ address }) => !isWildcardAddress(address));
  // A CNAME that leads to no address is answered with an empty list.
  if (usable.length === 0) return { addresses: [], ttlMs: 0, isKnown: true, error: 'ENODATA' };
  const ttls = usable.map(({ ttl }) => (ttl > MAX_TTL_SECONDS ? 0 : ttl));
  const addresses = new Set(usable.map(({ address }) => canonicalAddress(address)));
  return { addresses: [...addresses], ttlMs: Math.min(...ttls) * 1_000, isKnown: true, error: '' };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
