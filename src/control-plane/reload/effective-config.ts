/**
 * The effective config for people: what was loaded, with the changes made at run time laid over it,
 * each value with where it comes from. Pure. Called by the admin API.
 */
import { type EffectiveTree, effectiveTree } from '../../config/effective.ts';
import { entriesOf, isMap } from '../../config/raw-values.ts';
import type { Config, PoolConfig } from '../../config/schema.ts';
import { type Written, writtenOf } from '../../config/written.ts';
import type { PoolChanges, RuntimeChanges } from '../changes/runtime-changes.ts';

/** Null where nobody kept what the config was made of. */
export function effectiveConfig(config: Config, changes: RuntimeChanges): EffectiveTree | null {
  const written = writtenOf(config);
  if (written === null || !isMap(written.value)) return null;
  const overlays = config.pools.flatMap((pool) => {
    const changed = changes.pools.find(({ name }) => name === pool.name);
    return changed === undefined ? [] : [overlayOf(pool, changed, rawPool(written.value, pool.name))];
  });
  const byPool = new Map(overlays.map((overlay) => [overlay.pool.name, overlay]));
  const pools = isMap(written.value['pools']) ? written.value['pools'] : {};
  const value = {
    ...written.value,
    pools: Object.fromEntries(Object.entries(pools).map(([name, own]) => [name, byPool.get(name)?.value ?? own])),
  };
  const placeOf: Written['placeOf'] = (path) => {
    const overlay = path[0] === 'pools' ? byPool.get(String(path[1])) : undefined;
    if (overlay === undefined) return written.placeOf(path);
    const [, , section, index, key] = path;
    if (section === 'policy' && overlay.isPolicyChanged) return { origin: 'runtime' };
    if (section !== 'backends' || index === undefined) return written.placeOf(path);
    const entry = overlay.entries[Number(index)];
    if (entry === undefined || entry.index === null) return { origin: 'runtime' };
    if (key === 'weight' && entry.isWeightChanged) return { origin: 'runtime' };
    return written.placeOf([...path.slice(0, 3), entry.index, ...path.slice(4)]);
  };
  const overlaid = config.pools.map((pool) => byPool.get(pool.name)?.pool ?? pool);
  return effectiveTree({ value, placeOf }, { ...config, pools: overlaid });
}

interface Overlay {
  readonly pool: PoolConfig;
  readonly value: unknown;
  readonly isPolicyChanged: boolean;
  /** In the order of the overlaid list. */
  readonly entries: readonly OverlaidEntry[];
}

interface OverlaidEntry {
  /** Where the entry is in the file; null for one that was added at run time. */
  readonly index: number | null;
  readonly isWeightChanged: boolean;
}

function overlayOf(pool: PoolConfig, changes: PoolChanges, raw: Readonly<Record<string, unknown>>): Overlay {
  const written = new Map(entriesOf(raw['backends']));
  const values: unknown[] = [];
  const entries: OverlaidEntry[] = [];
  const backends: PoolConfig['backends'][number][] = [];
  for (const [index, backend] of pool.backends.entries()) {
    if (changes.removed.some(({ name }) => name === backend.name)) continue;
    const weight = changes.backends.find(({ name }) => name === backend.name)?.weight ?? null;
    const own = written.get(index);
    const map = isMap(own) ? own : { url: own };
    values.push(weight === null ? own : { ...map, weight: weight.value });
    entries.push({ index, isWeightChanged: weight !== null });
    backends.push(backend);
  }
  for (const { name, url, host, port, weight } of changes.added) {
    values.push({ url, name, weight });
    entries.push({ index: null, isWeightChanged: false });
    backends.push({ name, url, host, port, weight, maxConnections: 0, isBackup: false, addresses: 'one' });
  }
  const policy = changes.policy === null ? {} : { policy: changes.policy.value };
  return {
    pool: { ...pool, backends },
    value: { ...raw, ...policy, backends: values },
    isPolicyChanged: changes.policy !== null,
    entries,
  };
}

function rawPool(value: unknown, name: string): Readonly<Record<string, unknown>> {
  const pools = isMap(value) ? value['pools'] : null;
  const own = isMap(pools) && Object.hasOwn(pools, name) ? pools[name] : null;
  return isMap(own) ? own : {};
}
