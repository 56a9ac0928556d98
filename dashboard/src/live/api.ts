/**
 * The admin API as the page uses it. Every address is relative to the page, so it works under any
 * base path. Errors arrive as RFC 9457 problem documents and leave as `ApiError` with their words.
 * Called by `live/session.ts` and `live/actions.ts`.
 */
import type {
  BackendExplanation,
  CheckAnswer,
  CheckRecord,
  CutAnswer,
  DryRun,
  ExplainQuestion,
  Explanation,
  Problem,
  SharePreview,
  StateChange,
} from '../../../src/protocol/admin-api.ts';
import { type Change, type Preview, requestOf, type Written } from '../change.ts';
import type {
  FailureText,
  HistoryAnswer,
  HistoryColumn,
  HistoryRange,
  LiveEvent,
  PoolLinesAnswer,
  SnapshotMessage,
} from '../protocol.ts';

/** A config check tells these, as `ballast check --json` does. */
export interface ConfigDiagnostic {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
  readonly suggestion: string | null;
  readonly frame: string;
}

interface RefusedConfig extends Problem {
  readonly diagnostics?: readonly ConfigDiagnostic[];
}

/** A write is answered when every worker has applied it; longer than this means that it hangs. */
const TIMEOUT_MS = 10_000;

export class ApiError extends Error {
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly code: string;
  /** What is wrong with a config, in the order of its text. */
  readonly diagnostics: readonly ConfigDiagnostic[];

  constructor(status: number, code: string, detail: string, diagnostics: readonly ConfigDiagnostic[] = []) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.diagnostics = diagnostics;
  }
}

/** For what has no function here; see `config/config-api.ts`. */
export async function call(
  method: string,
  path: string,
  body?: unknown,
  more: Readonly<Record<string, string>> = {},
  timeoutMs = TIMEOUT_MS,
): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json', ...more };
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(new URL(path, document.baseURI), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      cache: 'no-store',
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
    throw new ApiError(
      0,
      isTimeout ? 'timeout' : 'unreachable',
      isTimeout ? `The admin API did not answer within ${timeoutMs / 1000} s.` : 'The admin API cannot be reached.',
    );
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => null)) as Partial<RefusedConfig> | null;
  const detail = problem?.detail ?? problem?.title ?? `The admin API answered ${response.status}.`;
  return new ApiError(response.status, problem?.code ?? 'unknown', detail, problem?.diagnostics);
}

const poolPath = (pool: string): string => `api/v1/pools/${encodeURIComponent(pool)}`;
const backendPath = (pool: string, backend: string): string =>
  `${poolPath(pool)}/backends/${encodeURIComponent(backend)}`;

async function read<Answer>(path: string, query: Readonly<Record<string, QueryValue>> = {}): Promise<Answer> {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value]) {
      if (one !== undefined && one !== null) fields.append(name, String(one));
    }
  }
  const response = await call('GET', fields.size === 0 ? path : `${path}?${fields}`);
  return (await response.json()) as Answer;
}

/** Left out where it is null or undefined; a list is given one by one. */
type QueryValue = string | number | readonly string[] | null | undefined;

/** What the live channel would begin with, where it is blocked. */
export function getSnapshot(topics: readonly string[]): Promise<SnapshotMessage> {
  return read('api/v1/snapshot', { topic: topics });
}

export interface HistoryQuery {
  readonly topic: string;
  readonly range: HistoryRange;
  /** Instead of the range: a time that is over, both seconds included. */
  readonly span?: { readonly fromSeconds: number; readonly toSeconds: number };
  readonly columns?: readonly (HistoryColumn | 'bands')[];
  /** Only what comes after this second. */
  readonly after?: number;
  /** Of a pool: these backends instead of the busiest. */
  readonly backends?: readonly string[];
}

export function getHistory({ topic, range, span, columns, after, backends }: HistoryQuery): Promise<HistoryAnswer> {
  return read('api/v1/history', {
    topic,
    ...(span === undefined ? { range } : { from: span.fromSeconds, to: span.toSeconds }),
    columns: columns?.join(','),
    after,
    backends: backends?.map(encodeURIComponent).join(','),
  });
}

/** Requests a second of these pools, for small lines. */
export function getPoolLines(pools: readonly string[], range: HistoryRange): Promise<PoolLinesAnswer> {
  return read('api/v1/history', { topic: 'pools', range, pools: pools.join(',') });
}

export interface EventQuery {
  readonly text?: string;
  readonly level?: string | null;
  /** Any of these. */
  readonly kinds?: readonly string[];
  /** Any of these; the empty one is for events about the whole. */
  readonly subjects?: readonly string[];
  readonly before?: number;
  readonly after?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  /** Before this moment, milliseconds since the epoch. */
  readonly until?: number;
  readonly limit: number;
}

export interface EventPage {
  /** Oldest first. */
  readonly events: readonly LiveEvent[];
  readonly isMore: boolean;
}

export function getEvents({ subjects, kinds, ...query }: EventQuery): Promise<EventPage> {
  return read('api/v1/events', { ...query, kind: kinds, subject: subjects });
}

/** All that match, a line each, as they are kept. */
export async function exportEvents({ subjects, kinds, text, level }: EventQuery): Promise<Blob> {
  const fields = new URLSearchParams();
  for (const kind of kinds ?? []) fields.append('kind', kind);
  for (const subject of subjects ?? []) fields.append('subject', subject);
  if (text !== undefined && text !== '') fields.set('text', text);
  if (level != null) fields.set('level', level);
  const response = await call('GET', `api/v1/events?${fields}`, undefined, { accept: 'application/x-ndjson' });
  return response.blob();
}

/** Who would get what under this policy, if it were applied now. */
export function getShares(pool: string, policy: string): Promise<SharePreview> {
  return read(`${poolPath(pool)}/shares`, { policy });
}

/** The last checks of a backend, oldest first. */
export async function getChecks(pool: string, backend: string): Promise<readonly CheckRecord[]> {
  return (await read<{ checks: readonly CheckRecord[] }>(`${backendPath(pool, backend)}/checks`)).checks;
}

/** The states of a backend over the last day, oldest first. */
export async function getStates(pool: string, backend: string): Promise<readonly StateChange[]> {
  return (await read<{ states: readonly StateChange[] }>(`${backendPath(pool, backend)}/states`)).states;
}

/** What would become of a request now; nothing is sent to a backend. */
export async function explainRequest(question: ExplainQuestion): Promise<Explanation> {
  return (await (await call('POST', 'api/v1/explain', question)).json()) as Explanation;
}

/** Why a backend gets what it gets. */
export function getExplanation(pool: string, backend: string): Promise<BackendExplanation> {
  return read(`${backendPath(pool, backend)}/explain`);
}

/** What every failure code means. */
export async function getFailures(): Promise<readonly FailureText[]> {
  return (await read<{ failures: readonly FailureText[] }>('api/v1/failures')).failures;
}

/** Exchanges the token for the session cookie. */
export async function signIn(token: string): Promise<void> {
  await call('POST', 'api/v1/session', { token });
}

/** What the change would come to; it is not made. */
export async function previewChange(change: Change): Promise<Preview> {
  const { method, path, body } = requestOf(change);
  const response = await call(method, `${path}?dryRun=1`, body);
  return { ...((await response.json()) as DryRun), tag: response.headers.get('etag') };
}

/** Makes the change, if the settings are still those of `tag`. Else throws an `ApiError` with status 412. */
export async function writeChange(change: Change, tag: string | null): Promise<Written> {
  const { method, path, body } = requestOf(change);
  const response = await call(method, path, body, tag === null ? {} : { 'if-match': tag });
  const answer = (await response.json().catch(() => ({}))) as Partial<Written>;
  return {
    tag: response.headers.get('etag'),
    persisted: answer.persisted ?? true,
    ...(answer.warning === undefined ? {} : { warning: answer.warning }),
    name: answer.name ?? null,
    changed: answer.changed ?? null,
    refused: answer.refused ?? [],
  };
}

/** Checks a backend now; null where that takes longer than the answer could wait. */
export async function checkBackend(pool: string, backend: string): Promise<CheckRecord | null> {
  const response = await call('POST', `${backendPath(pool, backend)}/check`);
  return ((await response.json()) as CheckAnswer).check;
}

/** Ends what a draining backend has in flight; answers how much that was. */
export async function cutBackend(pool: string, backend: string): Promise<number> {
  const response = await call('POST', `${backendPath(pool, backend)}/cut`);
  return ((await response.json()) as CutAnswer).cut;
}

export function liveUrl(): string {
  const url = new URL('api/v1/live', document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
