/**
 * Finds its way in the schema: which keys a map may have, and the list of all settings.
 *
 * Used by `schema-problems.ts` for `did you mean` and by `reference.ts` for the documentation.
 * It knows the few wrappers that the declarations are made of, and nothing of any one setting.
 */
import { z } from 'zod';
import { SECTIONS, SETTINGS, type Section, type Setting } from './settings.ts';

type Schema = z.core.$ZodType;

/** One setting with its place: `pools.NAME.backends[].weight`. */
export interface PlacedSetting {
  readonly path: string;
  readonly setting: Setting;
}

/** A map of settings with its place; the root has the empty path. */
export interface PlacedSection {
  readonly path: string;
  readonly section: Section;
  readonly settings: readonly PlacedSetting[];
}

/** The keys that a map at this path of a config may have; null where there is no such map. */
export function keysAt(root: Schema, path: readonly PropertyKey[]): readonly string[] | null {
  let schema = bare(root);
  for (const key of path) {
    const inner = child(schema, key);
    if (inner === null) return null;
    schema = bare(inner);
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : null;
}

/** The default of the setting at this path, as the file would write it; undefined where it has none. */
export function defaultAt(root: Schema, path: readonly PropertyKey[]): unknown {
  let schema: Schema | null = root;
  for (const key of path) schema = schema === null ? null : child(bare(schema), key);
  return schema === null ? undefined : settingOf(schema)?.default;
}

/** Every section below a schema, in the order of declaration, outer before inner. */
export function sectionsOf(root: Schema, path = ''): PlacedSection[] {
  const schema = bare(root);
  if (schema instanceof z.ZodArray) return sectionsOf(schema.element, `${path}[]`);
  if (schema instanceof z.ZodRecord) return sectionsOf(schema.valueType, `${path}.NAME`);
  if (!(schema instanceof z.ZodObject)) return [];
  const settings: PlacedSetting[] = [];
  const inner: PlacedSection[] = [];
  for (const [key, value] of Object.entries<Schema>(schema.shape)) {
    const place = path === '' ? key : `${path}.${key}`;
    const element = bare(value);
    const own = settingOf(value) ?? (element instanceof z.ZodArray ? settingOf(element.element) : null);
    if (own === null) inner.push(...sectionsOf(value, place));
    else settings.push({ path: settingOf(value) === null ? `${place}[]` : place, setting: own });
  }
  return [{ path, section: SECTIONS.get(schema) ?? { summary: '' }, settings }, ...inner];
}

/** The setting that a schema declares, or null where it is a map or list. */
export function settingOf(schema: Schema): Setting | null {
  return SETTINGS.get(schema) ?? null;
}

/** Whether a map or list that is left out is none at all, and not one with defaults in it. */
export function isNullByDefault(schema: Schema): boolean {
  return schema instanceof z.ZodPrefault && schema.def.defaultValue === null;
}

/** Takes off the wrappers down to the map, list or record; a setting stays as it is. */
export function bare(schema: Schema): Schema {
  let current = schema;
  while (!SETTINGS.has(current)) {
    if (current instanceof z.ZodPipe) {
      // `transform` after a schema keeps its input side; `preprocess` before one its output side.
      current = current.in instanceof z.ZodTransform ? current.out : current.in;
    } else if (
      current instanceof z.ZodPrefault ||
      current instanceof z.ZodNullable ||
      current instanceof z.ZodOptional ||
      current instanceof z.ZodDefault
    ) {
      current = current.def.innerType;
    } else {
      break;
    }
  }
  return current;
}

function child(schema: Schema, key: PropertyKey): Schema | null {
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (!(schema instanceof z.ZodObject) || typeof key !== 'string') return null;
  const shape: Readonly<Record<string, Schema>> = schema.shape;
  return Object.hasOwn(shape, key) ? (shape[key] ?? null) : null;
}
