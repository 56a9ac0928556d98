/**
 * Reads the query of a request to the admin API: numbers, lists, and what is said where one is
 * wrong. Used by the routes that take more than a path.
 */
import { ProblemError } from './problems.ts';

/** A whole number from 0 to `most`; undefined where the field is not there. Throws `ProblemError`. */
export function readWhole(text: string | undefined, name: string, most = Number.MAX_SAFE_INTEGER): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,16}$/.test(text) && Number(text) <= most) return Number(text);
  throw queryProblem(`${name} is a whole number from 0 to ${most}`);
}

/** `a,b` and a field given twice are the same. */
export function readList(values: readonly string[] | undefined): readonly string[] | undefined {
  return values?.flatMap((value) => value.split(','));
}

export function queryProblem(detail: string): ProblemError {
  return new ProblemError(400, 'query-invalid', `${detail}.`);
}

/** For objects in which a field is either there or left out. */
export function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}
