/**
 * What differs between two configs, as data: for the report of a reload, and for the rule that a
 * change made at run time holds until the file changes that very setting.
 *
 * Settings are named by their place in `Config`: `policy`, `health.intervalMs`, `weight`. Pools,
 * backends and listeners are told apart by name. Pure; a token never gets into a diff.
 */
import type { BackendConfig, Config, ListenerConfig, PoolConfig } from './schema.ts';

export interface SettingChange {
  /** Dots between the keys, from the thing that has changed: `timeouts.connectMs`. */
  readonly setting: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** A thing that is in both configs and not the same. */
export interface NamedChange {
  readonly name: string;
  readonly settings: readonly SettingChange[];
}

export interface NamedDiff<Change extends NamedChange = NamedChange> {
  /** In the order of the new config. */
  readonly added: readonly string[];
  /** In the order of the old config. */
  readonly removed: readonly string[];
  readonly changed: readonly Change[];
  /** Whether what is in both stands in another order. */
  readonly isReordered: boolean;
}

export interface PoolChange extends NamedChange {
  /** Everything of the pool but its backends. */
  readonly settings: readonly SettingChange[];
  readonly backends: NamedDiff;
}

export interface ConfigDiff {
  readonly isEmpty: boolean;
  readonly pools: NamedDiff<PoolChange>;
  readonly listeners: NamedDiff;
  readonly areRoutesChanged: boolean;
  /** Settings of the whole that take effect at once: `via`, `limits.headBytes` … */
  readonly settings: readonly SettingChange[];
  /** Settings that only a restart brings in: `workers`, `workerHeapBytes`, `admin.*`, `stateFile`. */
  readonly needsRestart: readonly SettingChange[];
}

/** Finds what differs. Neither config is touched. */
export function diffConfigs(before: Config, after: Config): ConfigDiff {
  const pools = diffNamed(before.pools, after.pools, poolChange);
  const listeners = diffNamed(before.listeners, after.listeners, listenerChange);
  const areRoutesChanged = !isSame(before.routes, after.routes);
  const settings = settingChanges(liveSettings(before), liveSettings(after));
  const needsRestart = settingChanges(fixedSettings(before), fixedSettings(after));
  const isEmpty =
    isUnchanged(pools) &&
    isUnchanged(listeners) &&
    !areRoutesChanged &&
    settings.length === 0 &&
    needsRestart.length === 0;
  return { isEmpty, pools, listeners, areRoutesChanged, settings, needsRestart };
}

/** Whether the file has changed this setting of a pool, such as `policy`. */
export function isPoolSettingChanged(diff: ConfigDiff, pool: string, setting: string): boolean {
  const change = diff.pools.changed.find((each) => each.name === pool);
  return change?.settings.some((each) => each.setting === setting) ?? false;
}

/** Whether the file has changed this setting of a backend, such as `weight`. */
export function isBackendSettingChanged(diff: ConfigDiff, pool: string, backend: string, setting: string): boolean {
  const change = diff.pools.changed.find((each) => each.name === pool);
  const inner = change?.backends.changed.find((each) => each.name === backend);
  return inner?.settings.some((each) => each.setting === setting) ?? false;
}

/** The diff in words, one line a change; none where nothing differs. */
export function describeDiff(diff: ConfigDiff): string[] {
  const lines: string[] = [];
  const settings = (what: string, changes: readonly SettingChange[]): void => {
    for (const { setting, before, after } of changes) {
      lines.push(`${what}${setting}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`);
    }
  };
  const named = (kind: string, part: NamedDiff): void => {
    for (const name of part.added) lines.push(`${kind} ${name} added`);
    for (const name of part.removed) lines.push(`${kind} ${name} removed`);
    for (const change of part.changed) settings(`${kind} ${change.name}: `, change.settings);
    if (part.isReordered) lines.push(`${kind}s stand in another order`);
  };
  named('listener', diff.listeners);
  named('pool', diff.pools);
  for (const pool of diff.pools.changed) named(`pool ${pool.name}: backend`, pool.backends);
  if (diff.areRoutesChanged) lines.push('routes changed');
  settings('', diff.settings);
  for (const { setting } of diff.needsRestart) lines.push(`${setting} changed: needs a restart`);
  return lines;
}

function poolChange(before: PoolConfig, after: PoolConfig): PoolChange | null {
  const { name, backends: oldBackends, ...oldSettings } = before;
  const { name: _, backends: newBackends, ...newSettings } = after;
  const settings = settingChanges(oldSettings, newSettings);
  const backends = diffNamed(oldBackends, newBackends, backendChange);
  return settings.length === 0 && isUnchanged(backends) ? null : { name, settings, backends };
}

function backendChange(before: BackendConfig, after: BackendConfig): NamedChange | null {
  return namedChange(before.name, settingChanges(before, after));
}

function listenerChange(before: ListenerConfig, after: ListenerConfig): NamedChange | null {
  return namedChange(before.name, settingChanges(before, after));
}

function namedChange(name: string, settings: readonly SettingChange[]): NamedChange | null {
  return settings.length === 0 ? null : { name, settings };
}

function diffNamed<Thing extends { readonly name: string }, Change extends NamedChange>(
  before: readonly Thing[],
  after: readonly Thing[],
  compare: (before: Thing, after: Thing) => Change | null,
): NamedDiff<Change> {
  const old = new Map(before.map((thing) => [thing.name, thing]));
  const fresh = new Set(after.map((thing) => thing.name));
  const changed = after.flatMap((thing) => {
    const twin = old.get(thing.name);
    const change = twin === undefined ? null : compare(twin, thing);
    return change === null ? [] : [change];
  });
  const keptBefore = before.filter((thing) => fresh.has(thing.name)).map((thing) => thing.name);
  const keptAfter = after.filter((thing) => old.has(thing.name)).map((thing) => thing.name);
  return {
    added: after.filter((thing) => !old.has(thing.name)).map((thing) => thing.name),
    removed: before.filter((thing) => !fresh.has(thing.name)).map((thing) => thing.name),
    changed,
    isReordered: !isSame(keptBefore, keptAfter),
  };
}

function isUnchanged(diff: NamedDiff): boolean {
  return diff.added.length + diff.removed.length + diff.changed.length === 0 && !diff.isReordered;
}

function liveSettings({
  shutdownTimeoutMs,
  via,
  client,
  limits,
  forwarded,
  dns,
  ui,
  accessLog,
  failureField,
}: Config): object {
  return { shutdownTimeoutMs, via, client, limits, forwarded, dns, ui, accessLog, failureField };
}

function fixedSettings({ workers, workerHeapBytes, stateFile, admin }: Config): object {
  return { workers, workerHeapBytes, stateFile, admin };
}

/** Compares maps down to the single settings; lists and addresses are compared as a whole. */
function settingChanges(before: object, after: object, prefix = ''): SettingChange[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    const old: unknown = Reflect.get(before, key);
    const fresh: unknown = Reflect.get(after, key);
    const setting = `${prefix}${key}`;
    if (isSame(old, fresh)) return [];
    if (isSettings(old) && isSettings(fresh)) return settingChanges(old, fresh, `${setting}.`);
    return [{ setting, before: shown(key, old), after: shown(key, fresh) }];
  });
}

function isSettings(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('port' in value && 'host' in value);
}

/** Without secrets: that a token has changed may be told, the token never. */
function shown(key: string, value: unknown): unknown {
  if (key === 'token') return typeof value === 'string' ? '***' : (value ?? null);
  if (key === 'admin' && isSettings(value) && 'token' in value) return { ...value, token: shown('token', value.token) };
  return value ?? null;
}

/** Both come from the same schema, with their keys in the same order. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
