/**
 * A change to a pool or its backends, as the page knows it: what is asked of the admin API, and
 * what takes it back. Pure; used by `live/actions.ts` and by every dialog that asks for one.
 */
import type {
  AdminMode,
  BackendAddition,
  DryRun,
  FormerBackend,
  Persistence,
  RefusedChange,
} from '../../src/protocol/admin-api.ts';

export type Change =
  | { readonly kind: 'policy'; readonly pool: string; readonly policy: string }
  | { readonly kind: 'mode'; readonly pool: string; readonly backends: readonly string[]; readonly mode: AdminMode }
  | { readonly kind: 'weight'; readonly pool: string; readonly backends: readonly string[]; readonly weight: number }
  | { readonly kind: 'add'; readonly pool: string; readonly addition: BackendAddition }
  | { readonly kind: 'remove'; readonly pool: string; readonly backend: string };

/** One that can be made on several backends at once. */
export type ManyChange = Extract<Change, { readonly backends: readonly string[] }>;

/** What the server says that a change would come to, and the settings for which that holds. */
export interface Preview extends DryRun {
  readonly tag: string | null;
}

/** What the server says that a change has come to. */
export interface Written extends Persistence {
  /** Of the settings with the change in them. */
  readonly tag: string | null;
  /** Of a backend that was added. */
  readonly name: string | null;
  /** Of a change of several: those that it was made on, and those that it was not. */
  readonly changed: readonly string[] | null;
  readonly refused: readonly RefusedChange[];
}

export interface ChangeRequest {
  readonly method: 'PATCH' | 'POST' | 'DELETE';
  /** Relative to the page. */
  readonly path: string;
  readonly body?: unknown;
}

export function requestOf(change: Change): ChangeRequest {
  const pool = `api/v1/pools/${encodeURIComponent(change.pool)}`;
  const one = (backend: string): string => `${pool}/backends/${encodeURIComponent(backend)}`;
  if (change.kind === 'policy') return { method: 'PATCH', path: pool, body: { policy: change.policy } };
  if (change.kind === 'add') return { method: 'POST', path: `${pool}/backends`, body: change.addition };
  if (change.kind === 'remove') return { method: 'DELETE', path: one(change.backend) };
  const setting = change.kind === 'mode' ? { mode: change.mode } : { weight: change.weight };
  const [first = '', ...more] = change.backends;
  if (more.length === 0) return { method: 'PATCH', path: one(first), body: setting };
  return { method: 'PATCH', path: `${pool}/backends`, body: { backends: change.backends, ...setting } };
}

/** The backends that it is about. */
export function targetsOf(change: Change): readonly string[] {
  if (change.kind === 'policy') return [];
  if (change.kind === 'remove') return [change.backend];
  return change.kind === 'add' ? [change.addition.name ?? ''] : change.backends;
}

/** The ordinary changes that bring back what was so before. `added`: the name that a new backend has got. */
export function undoOf(change: Change, former: DryRun['former'], added: string | null): readonly Change[] {
  const { pool, kind } = change;
  if (kind === 'policy') return former.policy === null ? [] : [{ kind, pool, policy: former.policy }];
  if (kind === 'add') return added === null ? [] : [{ kind: 'remove', pool, backend: added }];
  if (kind === 'mode') {
    return byValue(former.backends, ({ mode }) => mode).map(([mode, backends]) => ({ kind, pool, backends, mode }));
  }
  if (kind === 'weight') {
    return byValue(former.backends, ({ weight }) => weight).map(([weight, backends]) => ({
      kind,
      pool,
      backends,
      weight,
    }));
  }
  return former.backends.flatMap(({ name, url, weight, mode }): Change[] => [
    { kind: 'add', pool, addition: { url, name, weight } },
    ...(mode === 'ready' ? [] : [{ kind: 'mode', pool, backends: [name], mode } as const]),
  ]);
}

function byValue<Value>(
  backends: readonly FormerBackend[],
  valueOf: (backend: FormerBackend) => Value,
): readonly (readonly [Value, string[]])[] {
  const groups = new Map<Value, string[]>();
  for (const backend of backends) {
    const value = valueOf(backend);
    groups.set(value, [...(groups.get(value) ?? []), backend.name]);
  }
  return [...groups];
}

/**
 * Those that are not as `change` has left them, so that to take it back would undo what somebody
 * else has done since. `former` is what holds now.
 */
export function changedSince(change: Change, former: DryRun['former']): readonly FormerBackend[] {
  if (change.kind === 'mode') return former.backends.filter(({ mode }) => mode !== change.mode);
  if (change.kind === 'weight') return former.backends.filter(({ weight }) => weight !== change.weight);
  return [];
}

/** Whether two previews say the same, but for figures that change by themselves. */
export function isSamePreview(a: Preview, b: Preview): boolean {
  const said = ({ changes, available, refused }: Preview): string =>
    JSON.stringify([changes, available.before, available.after, refused?.map(({ backend }) => backend)]);
  return said(a) === said(b);
}
