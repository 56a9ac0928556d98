/**
 * Where the admin API may not send traffic to.
 *
 * Whoever can add a backend can make the balancer open connections in its name. So addresses that
 * are never a backend but may be somebody's secret are refused for backends added at run time:
 * link-local ones (cloud metadata lives at 169.254.169.254), the unspecified address, and the
 * balancer's own ports, which would make a loop. The config file may name any of them.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { formatAddress } from '../../config/addresses.ts';
import { isLoopback, isWildcardAddress } from '../../config/hosts.ts';
import type { Config } from '../../config/schema.ts';

const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');

/** Why traffic to this IP address is refused, or null where it is not. Names are never refused here. */
export function refusalOf(address: string, port: number, config: Config): string | null {
  if (isIP(address) === 0) return null;
  if (isWildcardAddress(address)) return `${address} is not the address of a server`;
  // A mapped IPv4 address (::ffff:169.254.1.1) is checked as IPv4 by BlockList itself.
  if (LINK_LOCAL.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return `${address} is a link-local address`;
  const own = [
    ...config.listeners.map((listener) => listener.address),
    ...(config.admin ? [config.admin.address] : []),
  ];
  for (const listening of own) {
    const isSameHost = listening.host === address || (isWildcardAddress(listening.host) && isLoopback(address));
    if (isSameHost && listening.port === port) return `the balancer itself listens on ${formatAddress(listening)}`;
  }
  return null;
}
