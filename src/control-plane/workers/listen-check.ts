/**
 * Whether addresses can be listened on, asked before the workers try.
 *
 * It has to be asked in this way: workers share their port by `reusePort`, and two balancers of
 * one user that do so would share the requests as well, without an error. A socket without
 * `reusePort`, as here, sees the other one. Called at start and before a reload.
 */
import { createServer } from 'node:net';
import { type Address, formatAddress } from '../../config/addresses.ts';
import type { Config, ListenerConfig } from '../../config/schema.ts';

/** The listeners with port 0 replaced by the free port that the system gives: all workers need the same one. */
export async function withPorts(
  listeners: readonly ListenerConfig[],
  known: readonly ListenerConfig[],
): Promise<ListenerConfig[]> {
  return Promise.all(
    listeners.map(async (listener) => {
      if (listener.address.port !== 0) return listener;
      const earlier = known.find(
        ({ name, address }) => name === listener.name && address.host === listener.address.host,
      );
      return earlier ?? { ...listener, address: { ...listener.address, port: await freePort(listener.address.host) } };
    }),
  );
}

/** One sentence for each listener that is not among those in use and cannot be opened. */
export async function listenProblems(
  listeners: readonly ListenerConfig[],
  inUse: Config['listeners'] = [],
): Promise<string[]> {
  const ownPorts = new Set(inUse.map(({ address }) => address.port));
  const problems: string[] = [];
  for (const { name, address } of listeners) {
    // Another address of a port of our own would be taken by ourselves; the workers will tell.
    const problem = ownPorts.has(address.port) ? null : await listenProblem(address);
    if (problem !== null) problems.push(`listener ${name}: ${problem}`);
  }
  return problems;
}

/** Why this address cannot be listened on, or null where it can. */
export async function listenProblem(address: Address): Promise<string | null> {
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ ...address, exclusive: true }, () => server.close(() => resolve(null)));
  });
  return error === null ? null : describe(error, address);
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port: 0, exclusive: true }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

function describe(error: NodeJS.ErrnoException, address: Address): string {
  if (error.code === 'EADDRINUSE') return `port ${address.port} is already in use (${formatAddress(address)})`;
  if (error.code === 'EACCES') return `port ${address.port} may not be listened on by this user`;
  if (error.code === 'EADDRNOTAVAIL') return `${address.host} is not an address of this machine`;
  return `cannot listen on ${formatAddress(address)}: ${error.code ?? error.message}`;
}
