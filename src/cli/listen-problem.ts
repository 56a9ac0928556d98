/**
 * Whether an address can be listened on, asked before anything starts, so that a taken port is one
 * clear sentence and not a worker that cannot start.
 *
 * It has to be asked in this way: worker threads share their port by `reusePort`, and two balancers
 * of one user that do so would share the requests as well, without an error. A socket without
 * `reusePort`, as here, sees the other one.
 */
import { createServer } from 'node:net';

export interface WantedAddress {
  readonly host: string;
  /** 0 is always free. */
  readonly port: number;
  /** Where the user can change it: `set PROXY_PORT to use another one`. */
  readonly remedy: string;
}

/** A sentence for each address that cannot be listened on. */
export async function listenProblems(addresses: readonly WantedAddress[]): Promise<string[]> {
  const problems: string[] = [];
  for (const address of addresses) {
    const code = address.port === 0 ? null : await listenError(address.host, address.port);
    if (code !== null) problems.push(`${describe(code, address)}; ${address.remedy}`);
  }
  return problems;
}

function listenError(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    // No host means every address, and IPv4 alone where the machine has no IPv6.
    server.listen({ ...(host === '::' ? {} : { host }), port, exclusive: true }, () =>
      server.close(() => resolve(null)),
    );
  });
}

function describe(code: string, { host, port }: WantedAddress): string {
  if (code === 'EADDRINUSE') return `port ${port} is already in use`;
  if (code === 'EACCES') return `port ${port} may not be listened on by this user`;
  if (code === 'EADDRNOTAVAIL') return `${host} is not an address of this machine`;
  return `cannot listen on ${host} port ${port}: ${code}`;
}
