/**
 * The admin API as the page uses it. Every address is relative to the page, so it works under any
 * base path. Errors arrive as RFC 9457 problem documents and leave as `ApiError` with their words.
 * Called by `live/session.ts` and `live/actions.ts`.
 */
import type { BackendAddition, BackendPatch, PoolPatch, Problem, Status } from '../../../src/protocol/admin-api.ts';

/** A write is answered when every worker has applied it; longer than this means that it hangs. */
const TIMEOUT_MS = 10_000;

export class ApiError extends Error {
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(new URL(path, document.baseURI), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
    throw new ApiError(
      0,
      isTimeout ? 'timeout' : 'unreachable',
      isTimeout ? 'The admin API did not answer within 10 s.' : 'The admin API cannot be reached.',
    );
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => null)) as Partial<Problem> | null;
  const detail = problem?.detail ?? problem?.title ?? `The admin API answered ${response.status}.`;
  return new ApiError(response.status, problem?.code ?? 'unknown', detail);
}

const poolPath = (pool: string): string => `api/v1/pools/${encodeURIComponent(pool)}`;
const backendPath = (pool: string, backend: string): string =>
  `${poolPath(pool)}/backends/${encodeURIComponent(backend)}`;

export async function getStatus(): Promise<Status> {
  const response = await call('GET', 'api/v1/status');
  return (await response.json()) as Status;
}

/** Exchanges the token for the session cookie. */
export async function signIn(token: string): Promise<void> {
  await call('POST', 'api/v1/session', { token });
}

export async function patchPool(pool: string, patch: PoolPatch): Promise<void> {
  await call('PATCH', poolPath(pool), patch);
}

export async function patchBackend(pool: string, backend: string, patch: BackendPatch): Promise<void> {
  await call('PATCH', backendPath(pool, backend), patch);
}

export async function addBackend(pool: string, addition: BackendAddition): Promise<void> {
  await call('POST', `${poolPath(pool)}/backends`, addition);
}

export async function removeBackend(pool: string, backend: string): Promise<void> {
  await call('DELETE', backendPath(pool, backend));
}

export function liveUrl(): string {
  const url = new URL('api/v1/live', document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
