/**
 * Asks before anything starts whether the wanted addresses are free, to say in one sentence which
 * one is not and where the user can change it. The balancer asks again, but does not know that.
 */
import { listenProblem } from '../control-plane/workers/listen-check.ts';

export interface WantedAddress {
  readonly host: string;
  /** 0 is always free. */
  readonly port: number;
  /** Where the user can change it: `set PROXY_PORT to use another one`. */
  readonly remedy: string;
}

/** A sentence for each address that cannot be listened on. */
export async function takenPorts(addresses: readonly WantedAddress[]): Promise<string[]> {
  const problems: string[] = [];
  for (const { host, port, remedy } of addresses) {
    const problem = await listenProblem({ host, port });
    if (problem !== null) problems.push(`${problem}; ${remedy}`);
  }
  return problems;
}
