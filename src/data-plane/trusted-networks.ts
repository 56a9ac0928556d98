/** Whose word on where a request comes from is taken: the proxies in front of this one. */
import { BlockList, isIP } from 'node:net';

export class TrustedNetworks {
  readonly #list = new BlockList();
  readonly isEmpty: boolean;

  /** @param networks `address/bits`, checked by the config */
  constructor(networks: readonly string[]) {
    this.isEmpty = networks.length === 0;
    for (const network of networks) {
      const slash = network.indexOf('/');
      const address = network.slice(0, slash);
      this.#list.addSubnet(address, +network.slice(slash + 1), isIP(address) === 6 ? 'ipv6' : 'ipv4');
    }
  }

  has(address: string): boolean {
    // First, since to tell an address's family takes two regular expressions, for each client.
    if (this.isEmpty) return false;
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }

  /**
   * The client behind the proxies: the last address of the list that is not one of theirs.
   * @param peer who holds the socket
   * @param forwardedFor every `X-Forwarded-For` of the request, joined by commas
   */
  clientOf(peer: string, forwardedFor: string): string {
    if (!this.has(peer) || forwardedFor === '') return peer;
    const hops = forwardedFor.split(/[ \t]*,[ \t]*/);
    let client = peer;
    while (hops.length > 0 && this.has(client)) {
      const hop = hops.pop() ?? '';
      if (isIP(hop) === 0) break;
      client = hop;
    }
    return client;
  }
}
