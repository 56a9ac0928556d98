/**
 * The part of the admin API that the config screen uses, with the tags by which the server tells
 * whether somebody else has been there meanwhile. Called by `config-state.ts` and the dialogs.
 */
import type {
  ConfigApplied,
  ConfigCheck,
  ConfigFileText,
  ConfigRevisionRow,
  ConfigRevisionText,
  DriftEntry,
  DryRun,
  EffectiveConfig,
} from '../../../src/protocol/admin-api.ts';
import { ApiError, type ConfigDiagnostic, call } from '../live/api.ts';

/** A check may take 10 s, and the workers have their time after that. */
const WRITE_TIMEOUT_MS = 40_000;

/** What was read, with its tag. */
export interface Tagged<Value> {
  readonly value: Value;
  readonly tag: string;
}

export interface CheckedText extends Omit<ConfigCheck, 'diagnostics'> {
  readonly diagnostics: readonly ConfigDiagnostic[];
}

/** What a change of the config would come to, or has. */
export type Coming = Omit<ConfigApplied, 'warnings' | 'hash'> & { readonly hash?: string };

export const getConfig = (): Promise<Tagged<EffectiveConfig>> => tagged('api/v1/config');

/** Null where the config did not come from a file. */
export async function getFile(): Promise<Tagged<ConfigFileText> | null> {
  try {
    return await tagged('api/v1/config/file');
  } catch (error) {
    if (error instanceof ApiError && error.code === 'config-not-from-file') return null;
    throw error;
  }
}

/** The tag of the file as it is now, without its text. */
export async function getFileTag(): Promise<string> {
  return tagOf(await call('HEAD', 'api/v1/config/file'));
}

export async function getRevisions(): Promise<readonly ConfigRevisionRow[]> {
  return (await json<{ revisions: readonly ConfigRevisionRow[] }>('GET', 'api/v1/config/revisions')).revisions;
}

export const getRevision = (id: number): Promise<ConfigRevisionText> => json('GET', `api/v1/config/revisions/${id}`);

export const checkText = (text: string): Promise<CheckedText> => json('POST', 'api/v1/config/check', { text });

/** A change of the config: `isShown` asks only what it would come to. */
export type Write<Answer> = (isShown: boolean, tag: string | null) => Promise<Tagged<Answer>>;

export const applyText =
  (text: string): Write<Coming> =>
  (isShown, tag) =>
    write('POST', 'api/v1/config/apply', isShown, tag, { text });

export const rollBack =
  (revision: number): Write<Coming> =>
  (isShown, tag) =>
    write('POST', 'api/v1/config/rollback', isShown, tag, { revision });

export const reload: Write<Coming> = (isShown, tag) => write('POST', 'api/v1/reload', isShown, tag, {});

export const writeChange =
  (entry: DriftEntry): Write<Coming> =>
  (isShown, tag) =>
    write('POST', changePath(entry, '/write'), isShown, tag, {});

export const undoChange =
  (entry: DriftEntry): Write<Partial<DryRun>> =>
  (isShown, tag) =>
    write('DELETE', changePath(entry, ''), isShown, tag);

function changePath({ pool, backend, setting }: DriftEntry, more: string): string {
  const query = new URLSearchParams({ setting, ...(backend === null ? {} : { backend }) });
  return `api/v1/pools/${encodeURIComponent(pool)}/changes${more}?${query}`;
}

async function write<Answer>(
  method: string,
  path: string,
  isShown: boolean,
  tag: string | null,
  body?: object,
): Promise<Tagged<Answer>> {
  const place = isShown ? `${path}${path.includes('?') ? '&' : '?'}dryRun=1` : path;
  const response = await call(method, place, body, tag === null ? {} : { 'if-match': tag }, WRITE_TIMEOUT_MS);
  return { value: (await response.json()) as Answer, tag: tagOf(response) };
}

async function tagged<Value>(path: string): Promise<Tagged<Value>> {
  const response = await call('GET', path);
  return { value: (await response.json()) as Value, tag: tagOf(response) };
}

async function json<Value>(method: string, path: string, body?: object): Promise<Value> {
  return (await (await call(method, path, body, {}, WRITE_TIMEOUT_MS)).json()) as Value;
}

/** Whatever stands between may have made a weak one of it for a packed answer. */
function tagOf(response: Response): string {
  return (response.headers.get('etag') ?? '').replace(/^W\//, '');
}
