/**
 * What /etc/hosts says, hosts(5): an address, then the names that stand for it. Pure.
 */
import { isIP, isIPv4, SocketAddress } from 'node:net';

/** The addresses of a name, lower case, in the order of the file. */
export type Hosts = ReadonlyMap<string, readonly string[]>;

/** Reads the text of the file. What is not an address with names is passed over. */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [written = '', ...names] = line.replace(/#.*/, '').split(/\s+/).filter(Boolean);
    // An address with a zone (fe80::1%lo0) is no address that others could be told.
    if (isIP(written) === 0 || written.includes('%')) continue;
    const address = canonicalAddress(written);
    for (const name of names) {
      const key = name.toLowerCase();
      const addresses = hosts.get(key) ?? [];
      if (!addresses.includes(address)) hosts.set(key, [...addresses, address]);
    }
  }
  return hosts;
}

/** An IP address in its one shortest form: `2001:db8::1`, whatever zeros it was written with (RFC 5952). */
export function canonicalAddress(address: string): string {
  return isIPv4(address) ? address : new SocketAddress({ address, family: 'ipv6' }).address;
}
