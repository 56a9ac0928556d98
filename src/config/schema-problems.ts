/**
 * Turns what zod finds into problems in the words of the config: codes, kinds and near words.
 *
 * The settings themselves bring their own code and text (`settings.ts`); what is left for here is
 * the shape: maps, lists and unknown keys.
 */
import type { z } from 'zod';
import { closest, didYouMean } from './closest.ts';
import { PROBLEM_CODES, type ProblemCode } from './codes.ts';
import { formatPath, type Problem, problem, problemAtKey } from './problems.ts';
import { kindOf } from './reading.ts';
import { ConfigSchema } from './schema.ts';
import { keysAt, sectionsOf } from './schema-walk.ts';

/** The problems behind the issues of one `safeParse` of the whole config. */
export function schemaProblems(issues: readonly z.core.$ZodIssue[], value: unknown): Problem[] {
  return issues.flatMap((issue) => problemsOf(issue, value));
}

function problemsOf(issue: z.core.$ZodIssue, value: unknown): Problem[] {
  const { path } = issue;
  if (issue.code === 'custom') {
    const suggestion: unknown = issue.params?.['suggestion'];
    return [
      problem(
        codeOf(issue.params?.['problem']),
        path,
        issue.message,
        typeof suggestion === 'string' ? suggestion : null,
      ),
    ];
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(path, key));
  }
  if (issue.code === 'invalid_type') {
    const found = valueAt(value, path);
    if (found === undefined) return [problem('missing-key', path, 'is missing', addition(path))];
    const wanted = issue.expected === 'array' ? 'a list' : 'a map';
    return [problem('type-mismatch', path, `expected ${wanted}, found ${kindOf(found)}`, shapeHint(path, wanted))];
  }
  return [problem('type-mismatch', path, issue.message)];
}

function codeOf(value: unknown): ProblemCode {
  return PROBLEM_CODES.find((code) => code === value) ?? 'type-mismatch';
}

function unknownKey(path: readonly PropertyKey[], key: string): Problem {
  const place = path.length === 0 ? 'at the top of the file' : `in \`${formatPath(path)}\``;
  const keys = keysAt(ConfigSchema, path) ?? [];
  const suggestion =
    didYouMean(key, keys, 1) ??
    elsewhere(key, 0) ??
    didYouMean(key, keys) ??
    elsewhere(key, 1) ??
    `the keys here are ${keys.join(', ')}`;
  return problemAtKey('unknown-key', [...path, key], `there is no setting \`${key}\` ${place}`, suggestion);
}

/** Says where a key belongs that is right, or nearly so, in another place. */
function elsewhere(key: string, maxDistance: number): string | null {
  const places = placesByKey();
  const name = closest(key, places.keys(), maxDistance);
  if (name === null || name.length < 4) return null;
  const place = places.get(name)?.join(' or ');
  return name === key ? `it belongs in ${place}` : `did you mean \`${name}\` in ${place}?`;
}

/** Every key of the schema with the sections that have it. */
function placesByKey(): Map<string, string[]> {
  const places = new Map<string, string[]>();
  for (const section of sectionsOf(ConfigSchema)) {
    const names = section.settings.map(({ path }) => path.slice(path.lastIndexOf('.') + 1).replace('[]', ''));
    for (const name of names) {
      const place = section.path === '' ? 'the top of the file' : `\`${section.path}\``;
      places.set(name, [...(places.get(name) ?? []), place]);
    }
    const [, outer = '', own = ''] = /^(?:(.*)\.)?(\w+?)(?:\[\])?$/.exec(section.path) ?? [];
    if (own !== 'NAME' && own !== '') places.set(own, [outer === '' ? 'the top of the file' : `\`${outer}\``]);
  }
  return places;
}

/** An example for what the file cannot do without. */
function addition(path: readonly PropertyKey[]): string | null {
  switch (formatPath(path)) {
    case 'listeners':
      return 'add `listeners: { web: { address: ":8080" } }`';
    case 'pools':
      return 'add `pools: { web: { backends: ["http://127.0.0.1:8081"] } }`';
    default:
      return null;
  }
}

function shapeHint(path: readonly PropertyKey[], wanted: string): string | null {
  if (path.length === 1 && path[0] === 'listeners') return 'write `web: { address: ":8080" }`, one name a line';
  if (path.length === 2 && path[0] === 'listeners') return 'write `{ address: ":8080" }`';
  if (path[2] === 'backends' && path.length === 4) return 'write a URL, or `{ url: "http://127.0.0.1:8081" }`';
  if (path.length === 1 && path[0] === 'pools') return 'write `web: { backends: [...] }`, one name a line';
  return wanted === 'a list' ? 'begin each entry with `- `' : null;
}

/** The plain value at a path, or undefined. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current: unknown = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}
