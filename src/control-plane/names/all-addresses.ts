/**
 * `addresses: all`: from an entry of the config file to the backends that it stands for. Pure, and
 * the one place that knows how they are named and ordered.
 *
 * Called by `runtime-changes.ts`, between the entries of the file and the changes made at run
 * time. So each address is a backend like any other from there on: what is changed at one holds
 * for that one, for as long as the name has that address.
 *
 * While nothing is known of the name, one backend stands in for all of them, by the name of the
 * entry; it is `unresolved`, and nothing can be changed at it.
 */
import { isIP, isIPv4 } from 'node:net';
import type { BackendConfig, Config } from '../../config/schema.ts';

/** The addresses of names, by name: those known last, best first. */
export type KnownAddresses = ReadonlyMap<string, readonly string[]>;

export const NOTHING_KNOWN: KnownAddresses = new Map();

/** Who a backend is, among those of its entry. */
export interface Member {
  readonly name: string;
  /** The name of its entry; another than its own where each address is a backend. */
  readonly entry: string;
  readonly addresses: BackendConfig['addresses'];
  /** The address that it begins with; null where none is known. */
  readonly address: string | null;
}

/** The backends of an entry, in an order that does not depend on that of the name server's answer. */
export function membersOf(entry: BackendConfig, known: KnownAddresses): Member[] {
  const addresses = known.get(entry.host) ?? [];
  if (!usesAll(entry)) {
    return [{ name: entry.name, entry: entry.name, addresses: 'one', address: addresses[0] ?? null }];
  }
  if (addresses.length === 0) return [{ name: entry.name, entry: entry.name, addresses: 'all', address: null }];
  return [...addresses].sort(byAddress).map((address) => ({
    name: `${namePrefixOf(entry.name)}${address}`,
    entry: entry.name,
    addresses: 'all',
    address,
  }));
}

/** Whether each address of its name is a backend. An IP address stands for itself. */
export function usesAll({ addresses, host }: Pick<BackendConfig, 'addresses' | 'host'>): boolean {
  return addresses === 'all' && isIP(host) === 0;
}

/** The entries that use all addresses of this name, as the journal names them. */
export function subjectsOfAll({ pools }: Config, host: string): string[] {
  return pools.flatMap(({ name: pool, backends }) =>
    backends.filter((entry) => entry.host === host && usesAll(entry)).map(({ name }) => `${pool}/${name}`),
  );
}

/** What the names of an entry's backends begin with. No name in a file has an `@`, so that none can clash. */
export function namePrefixOf(entry: string): string {
  return `${entry}@`;
}

/** Whether it is one of several addresses, and so never moves to another one. */
export function isOneOfAll({ name, entry }: Pick<Member, 'name' | 'entry'>): boolean {
  return name !== entry;
}

/** Whether it stands in for addresses that nobody knows yet. */
export function isStandIn({ name, entry, addresses }: Pick<Member, 'name' | 'entry' | 'addresses'>): boolean {
  return addresses === 'all' && name === entry;
}

/** IPv4 first, then by number. */
function byAddress(a: string, b: string): number {
  const [first, second] = [sortKey(a), sortKey(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

function sortKey(address: string): string {
  if (isIPv4(address))
    return `4 ${address
      .split('.')
      .map((part) => part.padStart(3, '0'))
      .join('.')}`;
  const [before = '', after] = address.split('::');
  const [first, last] = [before, after ?? ''].map((text) => text.split(':').filter(Boolean));
  const zeros = after === undefined ? 0 : 8 - (first?.length ?? 0) - (last?.length ?? 0);
  const groups = [...(first ?? []), ...Array<string>(Math.max(0, zeros)).fill('0'), ...(last ?? [])];
  return `6 ${groups.map((group) => group.padStart(4, '0')).join(':')}`;
}
