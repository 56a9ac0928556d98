/**
 * Which of the inherited sockets are still wanted, and which worker accepts from which. Called by
 * the balancer when it takes over.
 *
 * A socket that nobody accepts from starves the clients that the kernel puts into its queue, so
 * each one is either given to exactly one worker or closed here and now. Where there are more
 * sockets than workers, some workers have several, and with them a larger share of the new
 * connections; where there are fewer, the other workers open sockets of their own beside them.
 * The old process still holds what is closed here: it accepts what waits in it and then lets it go.
 */
import { closeSync, fstatSync } from 'node:fs';
import type { Address } from '../../config/addresses.ts';
import type { Config } from '../../config/schema.ts';
import type { InheritedSocket, ListeningSocket } from '../../protocol/handover.ts';

/** Where the old process listens, as listeners of a config: of each address once. */
export function inheritedListeners(sockets: readonly InheritedSocket[]): Config['listeners'] {
  const listeners = new Map<string, Config['listeners'][number]>();
  for (const { use, name, host, port } of sockets) {
    if (use === 'listener') listeners.set(`${host} ${port}`, { name, address: { host, port } });
  }
  return [...listeners.values()];
}

/** The socket for an admin API at this address; null where the old process had another address, or none. */
export function inheritedAdmin(sockets: readonly InheritedSocket[], wanted: Address): InheritedSocket | null {
  const isWanted = ({ use, host, port }: InheritedSocket): boolean =>
    use === 'admin' && host === wanted.host && (port === wanted.port || wanted.port === 0);
  return sockets.find(isWanted) ?? null;
}

export interface TakenUp {
  /** For each worker the sockets that it shall accept from. */
  readonly shares: readonly (readonly ListeningSocket[])[];
  /** For the admin API; null where it opens its own. */
  readonly admin: ListeningSocket | null;
}

/** Shares out what the config still wants, and closes the rest. */
export function takeUp(sockets: readonly InheritedSocket[], config: Config): TakenUp {
  checkSockets(sockets);
  const shares = shareOut(sockets, config.listeners, config.workers);
  const admin = config.admin === null ? null : inheritedAdmin(sockets, config.admin.address);
  const used = new Set([...shares.flat(), ...(admin === null ? [] : [admin])].map(({ fd }) => fd));
  for (const { fd } of sockets) if (!used.has(fd)) closeSync(fd);
  return { shares, admin };
}

/** A pure part of `takeUp`. */
export function shareOut(
  sockets: readonly InheritedSocket[],
  listeners: Config['listeners'],
  workers: number,
): ListeningSocket[][] {
  const shares = Array.from({ length: workers }, (): ListeningSocket[] => []);
  for (const [index, { address }] of listeners.entries()) {
    const own = sockets.filter(
      ({ use, host, port }) => use === 'listener' && host === address.host && port === address.port,
    );
    for (const [place, { name, host, port, fd }] of own.entries()) {
      // Each listener begins at another worker, so that not always the same one has one more.
      shares[(place + index) % workers]?.push({ name, host, port, fd });
    }
  }
  return shares;
}

/** Throws unless every number is that of a socket: closing a wrong one would close something of this process. */
function checkSockets(sockets: readonly InheritedSocket[]): void {
  for (const { fd } of sockets) {
    if (!fstatSync(fd).isSocket()) throw new Error(`file descriptor ${fd} is not a socket`);
  }
}
