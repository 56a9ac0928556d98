/**
 * What other programs ask again and again: whether the balancer lives, whether it is ready, and
 * its metrics.
 *
 * Asked by `server.ts` on Node's own server. What people use is most of the admin side and is
 * loaded when it is first asked for (`app.ts`); a balancer that is only probed and scraped never
 * pays for it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from './auth.ts';
import type { AdminDeps } from './deps.ts';
import { checkOrigin, isRead, type OwnHosts } from './origin.ts';
import { ProblemError } from './problems.ts';

export interface ProbeAnswer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface Probe {
  readonly needsToken: boolean;
  readonly answer: (deps: AdminDeps, request: IncomingMessage) => ProbeAnswer | Promise<ProbeAnswer>;
}

interface Terms {
  readonly access: Access;
  readonly hosts: OwnHosts;
}

const PROBES: Readonly<Record<string, Probe>> = {
  '/livez': { needsToken: false, answer: () => words(200, 'live') },
  '/readyz': { needsToken: false, answer: ready },
  '/metrics': { needsToken: true, answer: metrics },
};

/** What is asked for at this target; null where it is no probe. */
export function probeAt(target: string): Probe | null {
  const [path = ''] = target.split('?', 1);
  return Object.hasOwn(PROBES, path) ? (PROBES[path] ?? null) : null;
}

/** Answers a request for a probe, on the same terms as for any other path. Rejects with `ProblemError`. */
export async function answerProbe(
  { needsToken, answer }: Probe,
  { access, hosts }: Terms,
  deps: AdminDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '' } = request;
  if (!isRead(method)) checkOrigin(request, hosts);
  if (needsToken) access.check(request);
  if (method !== 'GET' && method !== 'HEAD') {
    throw new ProblemError(405, 'method-not-allowed', `${method} is not for this path; use GET, HEAD.`, {
      headers: { allow: 'GET, HEAD' },
    });
  }
  const { status, fields, body } = await answer(deps, request);
  // The answer to a HEAD ends with its head: Node sees to that.
  response.writeHead(status, { ...fields, 'content-length': Buffer.byteLength(body) }).end(body);
}

function ready({ isDraining, supervisor }: AdminDeps): ProbeAnswer {
  if (isDraining()) return words(503, 'draining');
  const isServing = supervisor.workers().some(({ state }) => state === 'running');
  return isServing ? words(200, 'ready') : words(503, 'no worker is running');
}

async function metrics(deps: AdminDeps, { headers }: IncomingMessage): Promise<ProbeAnswer> {
  const { scrape } = await import('./scrape.ts');
  return scrape(deps, headers['accept-encoding']?.toString() ?? null);
}

function words(status: number, text: string): ProbeAnswer {
  return { status, fields: { 'content-type': 'text/plain; charset=UTF-8' }, body: `${text}\n` };
}
