/**
 * What was changed at run time, beside the config file: pure.
 *
 * Every change to a setting that the file holds carries the file's value at that time. The rule:
 * a change survives a restart and a reload, unless the file has changed that very setting since;
 * then the file wins, and an event says so. What the file cannot say (the mode of a backend)
 * stays until the backend goes.
 *
 * Lists, not records by name: names come from people, and `__proto__` is a fine name.
 */
import { policyIndex } from '../../balancing/policies.ts';
import type { Config, PoolConfig } from '../../config/schema.ts';
import type { AdminMode } from '../../protocol/admin-api.ts';
import {
  type KnownAddresses,
  type Member,
  membersOf,
  NOTHING_KNOWN,
  namePrefixOf,
  usesAll,
} from '../names/all-addresses.ts';

/** A value beside that of the file. */
export interface Override<Value> {
  readonly value: Value;
  /** What the file said when the change was made. */
  readonly fileValue: Value;
}

export interface BackendChanges {
  readonly name: string;
  readonly weight: Override<number> | null;
  readonly mode: AdminMode;
}

export interface AddedBackend {
  readonly name: string;
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}

export interface RemovedBackend {
  readonly name: string;
  /** What the file said when it was removed. */
  readonly url: string;
}

export interface PoolChanges {
  readonly name: string;
  readonly policy: Override<string> | null;
  readonly backends: readonly BackendChanges[];
  readonly added: readonly AddedBackend[];
  readonly removed: readonly RemovedBackend[];
}

export interface RuntimeChanges {
  readonly pools: readonly PoolChanges[];
}

export const NO_CHANGES: RuntimeChanges = { pools: [] };

/** A backend as it shall be: the file's, or one added at run time, with the changes made to it. */
export interface WantedBackend extends Member {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly maxConnections: number;
  readonly isBackup: boolean;
  readonly mode: AdminMode;
  readonly origin: 'file' | 'runtime';
}

export interface WantedPool {
  readonly config: PoolConfig;
  readonly policy: string;
  readonly backends: readonly WantedBackend[];
}

/** A change that the file has overruled. */
export interface Overruled {
  readonly subject: string;
  readonly text: string;
}

export interface Merged {
  readonly pools: readonly WantedPool[];
  /** The changes that still stand. */
  readonly changes: RuntimeChanges;
  readonly overruled: readonly Overruled[];
}

/** Lays the changes over the config. Merging the result with the same config changes nothing. */
export function mergeChanges(config: Config, changes: RuntimeChanges, known: KnownAddresses = NOTHING_KNOWN): Merged {
  const overruled: Overruled[] = [];
  const merged = config.pools.map((pool) => mergePool(pool, changesOf(changes, pool.name), known, overruled));
  for (const { name } of changes.pools) {
    if (config.pools.some((pool) => pool.name === name)) continue;
    overruled.push({
      subject: name,
      text: 'the file no longer has this pool: what was changed in it at run time is gone',
    });
  }
  return {
    pools: merged.map(({ wanted }) => wanted),
    changes: { pools: merged.map(({ kept }) => kept).filter((kept) => !isEmpty(kept)) },
    overruled,
  };
}

/** The changes to one pool, empty ones where there are none. */
export function changesOf(changes: RuntimeChanges, pool: string): PoolChanges {
  const none: PoolChanges = { name: pool, policy: null, backends: [], added: [], removed: [] };
  return changes.pools.find(({ name }) => name === pool) ?? none;
}

/** The changes with those of one pool replaced. */
export function replaceChanges(changes: RuntimeChanges, replacement: PoolChanges): RuntimeChanges {
  const others = changes.pools.filter(({ name }) => name !== replacement.name);
  return { pools: isEmpty(replacement) ? others : [...others, replacement] };
}

/** The changes with those of one backend replaced; `edit` gets what stands so far. */
export function editBackend(
  changes: PoolChanges,
  backend: string,
  edit: (stands: BackendChanges) => BackendChanges,
): PoolChanges {
  const stands = changes.backends.find(({ name }) => name === backend) ?? {
    name: backend,
    weight: null,
    mode: 'ready',
  };
  const edited = edit(stands);
  const others = changes.backends.filter(({ name }) => name !== backend);
  const isNothing = edited.weight === null && edited.mode === 'ready';
  return { ...changes, backends: isNothing ? others : [...others, edited] };
}

function mergePool(
  pool: PoolConfig,
  changes: PoolChanges,
  known: KnownAddresses,
  overruled: Overruled[],
): { wanted: WantedPool; kept: PoolChanges } {
  const policy = keepOverride(changes.policy, pool.policy, (text) => {
    overruled.push({ subject: pool.name, text: `policy: ${text}` });
  });
  const isPolicyKnown = policy !== null && policyIndex(policy.value) >= 0;
  if (policy !== null && !isPolicyKnown) {
    overruled.push({
      subject: pool.name,
      text: `policy: ${policy.value} is not known here; the file's ${pool.policy} stands`,
    });
  }

  const removed = changes.removed.filter(({ name, url }) => {
    const inFile = pool.backends.find((backend) => backend.name === name);
    if (inFile === undefined) return false;
    if (inFile.url === url) return true;
    overruled.push({
      subject: `${pool.name}/${name}`,
      text: `it was removed at run time as ${url}; the file now has it as ${inFile.url}, and the file wins`,
    });
    return false;
  });
  const fromFile = pool.backends.filter(({ name }) => !removed.some((gone) => gone.name === name));
  const added = changes.added.filter(({ name, url, weight }) => {
    const inFile = fromFile.find((backend) => backend.name === name || backend.url === url);
    if (inFile === undefined) return true;
    if (inFile.name !== name || inFile.url !== url) {
      overruled.push({
        subject: `${pool.name}/${name}`,
        text: `it was added at run time as ${url}; the file now has ${inFile.name} as ${inFile.url}, and the file wins`,
      });
    } else if (inFile.weight !== weight) {
      overruled.push({
        subject: `${pool.name}/${name}`,
        text: `weight: it was added at run time with ${weight}; the file now has it with ${inFile.weight}, and the file wins`,
      });
    }
    return false;
  });

  const keptBackends: BackendChanges[] = [];
  const wantedBackends: WantedBackend[] = [];
  const want = (backend: Omit<WantedBackend, 'mode'>): void => {
    const change = changes.backends.find(({ name }) => name === backend.name);
    const weight = keepOverride(change?.weight ?? null, backend.weight, (text) => {
      overruled.push({ subject: `${pool.name}/${backend.name}`, text: `weight: ${text}` });
    });
    const mode = change?.mode ?? 'ready';
    wantedBackends.push({ ...backend, weight: weight?.value ?? backend.weight, mode });
    if (weight !== null || mode !== 'ready') keptBackends.push({ name: backend.name, weight, mode });
  };
  for (const entry of fromFile) {
    const { url, host, port, weight, maxConnections, isBackup } = entry;
    for (const member of membersOf(entry, known)) {
      want({ ...member, url, host, port, weight, maxConnections, isBackup, origin: 'file' });
    }
  }
  for (const backend of added) {
    const member: Member = { name: backend.name, entry: backend.name, addresses: 'one', address: null };
    want({ ...backend, ...member, maxConnections: 0, isBackup: false, origin: 'runtime' });
  }
  // After a restart, until the name resolves: nobody can say yet which addresses are gone.
  const awaited = fromFile.filter((entry) => usesAll(entry) && !known.has(entry.host)).map(({ name }) => name);
  const isAwaited = (name: string): boolean => awaited.some((entry) => name.startsWith(namePrefixOf(entry)));
  keptBackends.push(...changes.backends.filter(({ name }) => isAwaited(name)));

  return {
    wanted: {
      config: pool,
      policy: policy !== null && isPolicyKnown ? policy.value : pool.policy,
      backends: wantedBackends,
    },
    kept: { name: pool.name, policy: isPolicyKnown ? policy : null, backends: keptBackends, added, removed },
  };
}

/** The override if it still stands: the file says what it said then, and not the same as the override. */
function keepOverride<Value extends string | number>(
  override: Override<Value> | null,
  inFile: Value,
  onOverruled: (text: string) => void,
): Override<Value> | null {
  if (override === null || override.value === inFile) return null;
  if (override.fileValue === inFile) return override;
  onOverruled(
    `it was set to ${override.value} at run time; the file has changed it from ${override.fileValue} to ${inFile}, and the file wins`,
  );
  return null;
}

function isEmpty({ policy, backends, added, removed }: PoolChanges): boolean {
  return policy === null && backends.length === 0 && added.length === 0 && removed.length === 0;
}
