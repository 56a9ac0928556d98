/**
 * What has changed between two statuses: the body of a delta. Pure.
 *
 * There can be more than one earlier status: that of the last delta, and those of the snapshots
 * sent since. A field is in the delta when it differs from any of them, so that one delta brings
 * all pages to the same state. With only the last delta's status, a figure that went from 5 to 7
 * and back to 5 would stay 7 on a page whose snapshot had seen the 7.
 */
import type { BackendStatus, PoolStatus, Status } from '../../protocol/admin-api.ts';
import type { BackendChange, PoolChange } from '../../protocol/dashboard.ts';

export interface StatusChange {
  readonly pools: readonly PoolChange[];
  /** The names of all pools, where pools came, went or moved. */
  readonly order?: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** What brings every one of `earlier` to `now`. */
export function changeOf(earlier: readonly Status[], now: Status): StatusChange {
  const before = earlier.map(({ pools }) => byName(pools));
  const pools: PoolChange[] = [];
  for (const pool of now.pools) {
    const change = poolChange(lookUp(before, pool.name), pool);
    if (change !== null) pools.push(change);
  }
  const order = orderOf(
    earlier.map((status) => status.pools),
    now.pools,
  );
  return { pools, ...(order === null ? {} : { order }) };
}

function poolChange(before: readonly PoolStatus[] | null, pool: PoolStatus): PoolChange | null {
  const { backends, ...fields } = pool;
  const earlierBackends = (before ?? []).map((status) => byName(status.backends));
  const changed: BackendChange[] = [];
  for (const backend of backends) {
    const known = before === null ? null : lookUp(earlierBackends, backend.name);
    const difference = known === null ? backend : differing(known, backend);
    if (difference !== null) changed.push({ ...difference, name: backend.name });
  }
  const order =
    before === null
      ? backends.map(({ name }) => name)
      : orderOf(
          before.map((status) => status.backends),
          backends,
        );
  const difference: Fields | null = before === null ? fields : differing(before, fields);
  if (difference === null && changed.length === 0 && order === null) return null;
  return {
    ...difference,
    name: pool.name,
    ...(changed.length > 0 ? { backends: changed } : {}),
    ...(order === null ? {} : { order }),
  };
}

/** The fields of `now` that differ from those of any of `before`; null where none does. */
function differing(before: readonly object[], now: object): Partial<BackendStatus> | null {
  let difference: Record<string, unknown> | null = null;
  for (const [key, value] of Object.entries(now)) {
    if (before.every((fields) => isSame((fields as Fields)[key], value))) continue;
    difference ??= {};
    difference[key] = value;
  }
  return difference;
}

/** Whether two values would give the same JSON. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSame((a as Fields)[key], (b as Fields)[key]));
}

function byName<Named extends { readonly name: string }>(list: readonly Named[]): Map<string, Named> {
  return new Map(list.map((named) => [named.name, named]));
}

/** The thing of this name in all of the earlier lists; null where one of them has none. */
function lookUp<Named>(before: readonly ReadonlyMap<string, Named>[], name: string): Named[] | null {
  const found: Named[] = [];
  for (const list of before) {
    const named = list.get(name);
    if (named === undefined) return null;
    found.push(named);
  }
  return found.length === 0 ? null : found;
}

function orderOf(
  before: readonly (readonly { readonly name: string }[])[],
  now: readonly { readonly name: string }[],
): string[] | null {
  const isUnchanged = before.every(
    (list) => list.length === now.length && list.every(({ name }, index) => name === now[index]?.name),
  );
  return isUnchanged ? null : now.map(({ name }) => name);
}
