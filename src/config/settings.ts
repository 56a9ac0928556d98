/**
 * How a setting is declared: once, with its kind, unit, default and the reason for it, bounds and
 * one sentence. `schema.ts` and `pool-schema.ts` are made of these; types, validation, the
 * reference and the JSON Schema all follow from them.
 *
 * A declaration is a zod schema, known to the register `SETTINGS` by what it says of itself. Its
 * default is written as the file would write it and goes through the same reader.
 */
import { z } from 'zod';
import { POLICIES } from '../balancing/policies.ts';
import type { ProblemCode } from './codes.ts';
import { formatDuration, readDuration } from './durations.ts';
import { type Reading, read, refuse } from './reading.ts';
import { formatSize, readSize } from './sizes.ts';
import { readFlag, readInteger, readPolicy } from './texts.ts';

/** What a setting says of itself. */
export interface Setting {
  /** `duration`, `size`, `integer`, `address` … */
  readonly kind: string;
  /** One sentence. */
  readonly summary: string;
  /** As the file would write it; undefined where the setting must be given. */
  readonly default: unknown;
  /** Why the default is what it is; null where there is none to give. */
  readonly reason: string | null;
  /** In words, such as `1 to 256`; null where every value of the kind will do. */
  readonly bounds: string | null;
  /** The value in the notation of JSON Schema. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** A map of settings. */
export interface Section {
  readonly summary: string;
}

export const SETTINGS: z.core.$ZodRegistry<Setting> = z.registry<Setting>();
export const SECTIONS: z.core.$ZodRegistry<Section> = z.registry<Section>();

/** What the problem of a zod issue made here carries in `params`. */
export interface IssueParams {
  readonly problem: ProblemCode;
  readonly suggestion: string | null;
}

/** What the author of a setting writes. */
export interface About {
  readonly summary: string;
  readonly default?: unknown;
  readonly reason?: string;
  /** For a setting without a default: how it may look in the file. */
  readonly example?: string;
}

interface Kind<T> {
  readonly kind: string;
  readonly bounds?: string | null;
  readonly json: Readonly<Record<string, unknown>>;
  readonly read: (value: unknown) => Reading<T>;
}

/** Declares a setting of any kind. Without a default it must be given. */
export function setting<T>(kind: Kind<T>, about: About): z.ZodType<T> {
  const schema = z.unknown().transform((value, context): T => {
    const reading =
      value === undefined
        ? refuse('missing-key', 'is missing', about.example === undefined ? null : `write \`${about.example}\``)
        : kind.read(value);
    if (reading.isRead) return reading.value;
    const params: IssueParams = { problem: reading.code, suggestion: reading.suggestion };
    context.issues.push({ code: 'custom', message: reading.message, input: undefined, params: { ...params } });
    return z.NEVER;
  });
  const declared: z.ZodType<T> = about.default === undefined ? schema : schema.prefault(about.default);
  return declared.register(SETTINGS, {
    kind: kind.kind,
    summary: about.summary,
    default: about.default,
    reason: about.reason ?? null,
    bounds: kind.bounds ?? null,
    json: kind.json,
  });
}

/** Declares a map of settings that must be given. Unknown keys are errors. */
export function requiredSection<Shape extends z.ZodRawShape>(
  summary: string,
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape).register(SECTIONS, { summary });
}

/** Declares a map of settings that may be left out or left empty: then every setting has its default. */
export function section<Shape extends z.ZodRawShape>(
  summary: string,
  shape: Shape,
): z.ZodType<z.output<z.ZodObject<Shape, z.core.$strict>>> {
  // The input type asks for keys that all have defaults; `as never` says that none is needed.
  const whole = requiredSection(summary, shape).prefault({} as never);
  return z.preprocess((value) => value ?? undefined, whole);
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  /** Whether 0 is allowed below `min`, and what it means. */
  readonly zero?: string;
}

/** A duration; the value is in milliseconds and so are the bounds. */
export function duration(about: About & Bounds): z.ZodType<number> {
  return setting(
    {
      kind: 'duration',
      bounds: inWords(about, formatDuration),
      json: { type: 'string', pattern: '^[0-9]+(ms|s|m|h)$' },
      read: (value) => bounded(readDuration(value), about, formatDuration),
    },
    about,
  );
}

/** A size; the value is in bytes and so are the bounds. */
export function size(about: About & Bounds): z.ZodType<number> {
  return setting(
    {
      kind: 'size',
      bounds: inWords(about, formatSize),
      json: { type: ['integer', 'string'], minimum: 0, pattern: '^[0-9]+(B|KiB|MiB|GiB)?$' },
      read: (value) => bounded(readSize(value), about, formatSize),
    },
    about,
  );
}

/** A whole number. */
export function integer(about: About & Bounds): z.ZodType<number> {
  return setting(
    {
      kind: 'integer',
      bounds: inWords(about, String),
      json: {
        type: ['integer', 'string'],
        minimum: about.zero === undefined ? about.min : 0,
        maximum: about.max,
        pattern: '^[0-9]+$',
      },
      read: (value) => bounded(readInteger(value), about, String),
    },
    about,
  );
}

/** Yes or no. */
export function flag(about: About): z.ZodType<boolean> {
  return setting({ kind: 'flag', bounds: 'true or false', json: { type: 'boolean' }, read: readFlag }, about);
}

/** The name of a load-balancing policy. */
export function policy(about: About): z.ZodType<string> {
  const names = POLICIES.map((each) => each.name);
  return setting({ kind: 'policy', bounds: names.join(', '), json: { enum: names }, read: readPolicy }, about);
}

/** Lets null stand for "none": the value is then null, and that is the default. */
export function orNull<T>(reader: (value: unknown) => Reading<T>): (value: unknown) => Reading<T | null> {
  return (value) => (value === null ? read(null) : reader(value));
}

/** Holds a number against its bounds. */
export function bounded(reading: Reading<number>, bounds: Bounds, format: (value: number) => string): Reading<number> {
  if (!reading.isRead) return reading;
  const { value } = reading;
  if (value === 0 && bounds.zero !== undefined) return reading;
  if (value < bounds.min) {
    return refuse('value-out-of-range', `${format(value)} is too little: ${inWords(bounds, format)}`);
  }
  if (value > bounds.max) {
    return refuse('value-out-of-range', `${format(value)} is too much: ${inWords(bounds, format)}`);
  }
  return reading;
}

function inWords(bounds: Bounds, format: (value: number) => string): string {
  const range = `${format(bounds.min)} to ${format(bounds.max)}`;
  return bounds.zero === undefined ? range : `${range}, or ${format(0)} for ${bounds.zero}`;
}
