/**
 * Where what runs differs from the config file, by changes made at run time: pure.
 *
 * For people who tidy up: each entry says what the file has, what holds, and the YAML that would
 * make the file say so. Called by the admin API.
 */
import { stringify } from 'yaml';
import { entriesOf, isMap } from '../../config/raw-values.ts';
import type { BackendConfig, Config, PoolConfig } from '../../config/schema.ts';
import { writtenOf } from '../../config/written.ts';
import type { DriftEntry } from '../../protocol/admin-api.ts';
import type { LiveEvent } from '../../protocol/dashboard.ts';
import type { PoolChanges, RuntimeChanges } from '../changes/runtime-changes.ts';
import { isOneOfAll } from '../names/all-addresses.ts';
import type { LoadedConfig } from './reload.ts';

/** In the order of the file's pools. `latestEvent` finds when a change was made, and by whom. */
export function driftOf(
  loaded: LoadedConfig,
  changes: RuntimeChanges,
  latestEvent: (kind: string, subject: string) => LiveEvent | null = () => null,
): DriftEntry[] {
  return loaded.config.pools.flatMap((pool) => {
    const changed = changes.pools.find(({ name }) => name === pool.name);
    if (changed === undefined) return [];
    return poolDrift(loaded, pool, changed).map((entry) => {
      const subject = entry.backend === null ? entry.pool : `${entry.pool}/${entry.backend}`;
      const event = latestEvent(EVENT_KINDS[entry.setting], subject);
      const made = event === null ? null : { atMs: event.atMs, origin: event.origin, eventId: event.id };
      return { ...entry, writeProblem: writeProblemOf(loaded, entry), made };
    });
  });
}

/** Where the file has the setting, or would have it; null where it has no place for it. */
export function settingPathOf(config: Config, entry: Found): (string | number)[] | null {
  const pool = config.pools.find(({ name }) => name === entry.pool);
  if (pool === undefined) return null;
  if (entry.setting === 'policy') return ['pools', pool.name, 'policy'];
  const index = pool.backends.findIndex(({ name }) => name === entry.backend);
  return entry.setting === 'weight' && index >= 0 ? ['pools', pool.name, 'backends', index, 'weight'] : null;
}

const EVENT_KINDS: Readonly<Record<DriftEntry['setting'], string>> = {
  policy: 'policy-changed',
  weight: 'weight-changed',
  mode: 'mode-changed',
  added: 'backend-added',
  removed: 'backend-removing',
};

type Found = Omit<DriftEntry, 'writeProblem' | 'made'>;

function writeProblemOf(loaded: LoadedConfig, entry: Found): string | null {
  if (loaded.path === null) return 'the config did not come from a file';
  if (entry.setting === 'mode') return 'a file has no word for a mode';
  if (entry.setting === 'added') return 'where it belongs in the file is yours to say: copy the patch';
  if (entry.setting === 'removed') return 'an entry may have comments and neighbours: take it out by hand';
  const path = settingPathOf(loaded.config, entry);
  if (path === null || entry.patch === null) return 'the file can only say what holds for all addresses of the name';
  const place = writtenOf(loaded.config)?.placeOf(path) ?? null;
  const isOwn = place?.origin === 'environment' && entry.file !== null && isSetAt(loaded, path);
  return isOwn ? `the file has a variable there: ${place.by}` : null;
}

/** Whether the very setting is written, and not only the short form that it would be added to. */
function isSetAt({ config }: LoadedConfig, path: readonly (string | number)[]): boolean {
  let value = writtenOf(config)?.value;
  for (const key of path) {
    const inner: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
    value = inner;
  }
  return value !== undefined;
}

function poolDrift(loaded: LoadedConfig, pool: PoolConfig, changes: PoolChanges): Found[] {
  const found: Found[] = [];
  const file = fileOf(loaded, pool);
  const { policy } = changes;
  if (policy !== null) {
    const line = file.lineOf(['policy']);
    const patch = stringify({ pools: { [pool.name]: { policy: policy.value } } });
    const differs = { file: policy.fileValue, now: policy.value };
    found.push({ pool: pool.name, backend: null, setting: 'policy', ...differs, line, patch });
  }
  for (const { name, weight, mode } of changes.backends) {
    const base = { pool: pool.name, backend: name };
    // Of several addresses of a name, the file can only say what holds for all.
    const entry = pool.backends.find((one) => one.name === name && !isOneOfAll({ name, entry: one.name }));
    const line = entry === undefined ? null : file.lineOf(['backends', pool.backends.indexOf(entry)]);
    if (weight !== null) {
      const differs = { file: weight.fileValue, now: weight.value };
      const patch =
        entry === undefined
          ? null
          : listed(pool, 'in place of the entry', line, { ...file.entry(entry), weight: weight.value });
      found.push({ ...base, setting: 'weight', ...differs, line, patch });
    }
    if (mode !== 'ready') found.push({ ...base, setting: 'mode', file: 'ready', now: mode, line, patch: null });
  }
  for (const { name, url, weight } of changes.added) {
    const patch = listed(pool, 'to be added', null, { url, name, weight });
    found.push({
      pool: pool.name,
      backend: name,
      setting: 'added',
      file: null,
      now: { url, weight },
      line: null,
      patch,
    });
  }
  for (const { name, url } of changes.removed) {
    const entry = pool.backends.find((one) => one.name === name);
    const line = entry === undefined ? null : file.lineOf(['backends', pool.backends.indexOf(entry)]);
    const patch = entry === undefined ? null : commentedOut(listed(pool, 'to be taken out', line, file.entry(entry)));
    found.push({ pool: pool.name, backend: name, setting: 'removed', file: { url }, now: null, line, patch });
  }
  return found;
}

interface PoolInFile {
  readonly lineOf: (path: readonly (string | number)[]) => number | null;
  /** An entry as the file writes it, with its variables. */
  readonly entry: (backend: BackendConfig) => Readonly<Record<string, unknown>>;
}

function fileOf({ path, config }: LoadedConfig, pool: PoolConfig): PoolInFile {
  const written = path === null ? null : writtenOf(config);
  const root = ['pools', pool.name];
  const pools = isMap(written?.value) ? written.value['pools'] : null;
  const own = isMap(pools) && Object.hasOwn(pools, pool.name) ? pools[pool.name] : null;
  const entries = new Map(entriesOf(isMap(own) ? own['backends'] : null));
  return {
    lineOf: (inner) => written?.placeOf([...root, ...inner])?.line ?? null,
    entry: (backend) => {
      const index = pool.backends.indexOf(backend);
      const { url, name, weight } = backend;
      const found = entries.get(index) ?? { url, name, weight };
      const map = isMap(found) ? found : { url: found };
      return Object.fromEntries(
        Object.entries(map).map(([key, value]) => {
          const by = written?.placeOf([...root, 'backends', index, key])?.by;
          return [key, by ?? value];
        }),
      );
    },
  };
}

function listed(pool: PoolConfig, what: string, line: number | null, entry: object): string {
  const place = line === null ? '' : `, line ${line}`;
  return `# ${what}${place}\n${stringify({ pools: { [pool.name]: { backends: [entry] } } })}`;
}

function commentedOut(yaml: string): string {
  return yaml.replace(/^(?!#|$)/gm, '# ');
}
