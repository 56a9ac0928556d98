/**
 * The config in force as a tree of settings, each with its value and where that comes from: pure.
 *
 * The keys are those of the file, the values are in its notation, and every setting is there,
 * defaults included: written out without its origins, with what is in force where the file leaves
 * it open, the tree is a file with the same meaning.
 * Secrets are never in it. Called for the admin API.
 */
import { z } from 'zod';
import { formatDuration } from './durations.ts';
import { isMap } from './raw-values.ts';
import { type Config, ConfigSchema } from './schema.ts';
import { bare, isNullByDefault, settingOf } from './schema-walk.ts';
import { isSecretKey } from './secrets.ts';
import type { Place, Written } from './written.ts';

export const HIDDEN = '***';

/** A setting; or a section, such as `health`, that is left out, and then its value is null. */
export interface EffectiveSetting extends Omit<Place, 'origin'> {
  readonly value: unknown;
  readonly origin: Place['origin'] | 'default';
  /** What the value comes to where it leaves that open: the number for `auto`, the name made of a URL. */
  readonly inForce?: unknown;
}

export type EffectiveTree = EffectiveSetting | readonly EffectiveTree[] | { readonly [key: string]: EffectiveTree };

type Schema = z.core.$ZodType;
type Path = readonly (string | number)[];

/** `config`: what was made of `written`. */
export function effectiveTree(written: Written, config: Config): EffectiveTree {
  const comesTo = openValues(config);
  const walk = (schema: Schema, value: unknown, path: Path): EffectiveTree => {
    const setting = settingOf(schema);
    if (setting !== null) return leaf(value, setting.default ?? null, path);
    if ((value ?? null) === null && isNullByDefault(schema)) return leaf(value, null, path);
    const inner = bare(schema);
    const own = settingOf(inner);
    if (own !== null) return leaf(value, own.default ?? null, path);
    if (inner instanceof z.ZodArray) {
      return listOf(value).map((each, index) => walk(inner.element, each, [...path, index]));
    }
    if (inner instanceof z.ZodRecord) {
      return tree(
        Object.entries(mapOf(value)).map(([key, each]) => [key, walk(inner.valueType, each, [...path, key])]),
      );
    }
    if (!(inner instanceof z.ZodObject)) return leaf(value, null, path);
    // A backend in short form is its URL.
    const map = typeof value === 'string' ? { url: value } : mapOf(value);
    return tree(
      Object.entries<Schema>(inner.shape).map(([key, each]) => {
        const found = Object.hasOwn(map, key) ? map[key] : undefined;
        return [key, walk(each, found, [...path, key])];
      }),
    );
  };
  const leaf = (value: unknown, fallback: unknown, path: Path): EffectiveSetting => {
    const place = value === undefined ? null : written.placeOf(path);
    const shown = value === undefined ? fallback : value;
    const isHidden = isSecretKey(String(path.at(-1) ?? '')) && shown !== null;
    const open = comesTo.get(path.join('\n'));
    return {
      value: isHidden ? HIDDEN : shown,
      origin: 'default',
      ...(place === null ? {} : isHidden ? withoutDefaults(place) : place),
      ...(open === undefined || open === shown ? {} : { inForce: open }),
    };
  };
  const { value } = written;
  return walk(ConfigSchema, isMap(value) ? { ...value, routes: routesOf(value, config) } : value, []);
}

/** `${NAME:-value}` shows a value; `${NAME}` shows none. */
function withoutDefaults({ by, ...place }: Place): Place {
  return by === undefined || by.includes(':-') ? place : { ...place, by };
}

/** With one pool there need be none: then it has the one that takes everything. */
function routesOf(value: Readonly<Record<string, unknown>>, config: Config): unknown {
  const routes = listOf(value['routes']);
  return routes.length > 0 ? routes : config.routes.map(({ pool }) => ({ pool }));
}

/** What is decided outside of the file, or by another setting, by path. */
function openValues(config: Config): ReadonlyMap<string, unknown> {
  const open = new Map<string, unknown>([
    ['workers', config.workers],
    ['stateFile', config.stateFile ?? false],
  ]);
  for (const pool of config.pools) {
    const { health } = pool;
    for (const key of ['fastInterval', 'timeout'] as const) {
      // Neither is longer than `interval`, and their defaults follow it.
      const isFollowing = health !== null && health[`${key}Ms`] === health.intervalMs;
      if (isFollowing) open.set(['pools', pool.name, 'health', key].join('\n'), formatDuration(health.intervalMs));
    }
    for (const [index, { name }] of pool.backends.entries()) {
      open.set(['pools', pool.name, 'backends', index, 'name'].join('\n'), name);
    }
  }
  return open;
}

function tree(entries: readonly (readonly [string, EffectiveTree])[]): EffectiveTree {
  // By definition, not by assignment: `__proto__` is a name like any other.
  return Object.fromEntries(entries);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMap(value) ? value : {};
}
