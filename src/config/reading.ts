/**
 * What reading one value of the config gives: the value, or why it cannot be one.
 *
 * Used by the parsers of single values; nothing is thrown, so that one run finds every error.
 */
import type { ProblemCode } from './codes.ts';

export type Reading<T> =
  | { readonly isRead: true; readonly value: T }
  | {
      readonly isRead: false;
      readonly code: ProblemCode;
      readonly message: string;
      /** A whole phrase such as `did you mean "30s"?`; null where there is none. */
      readonly suggestion: string | null;
    };

export function read<T>(value: T): Reading<T> {
  return { isRead: true, value };
}

export function refuse(code: ProblemCode, message: string, suggestion: string | null = null): Reading<never> {
  return { isRead: false, code, message, suggestion };
}

/** The value as it stands in messages: quoted, on one line, at most about 60 characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}

/** What a value is, in the words of someone who writes YAML. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return `the text ${quoted(value)}`;
  if (typeof value === 'boolean') return `\`${value}\``;
  return `the number ${String(value)}`;
}

/** Refuses a value of the wrong kind. */
export function mismatch(wanted: string, value: unknown, suggestion: string | null = null): Reading<never> {
  return refuse('type-mismatch', `expected ${wanted}, found ${kindOf(value)}`, suggestion);
}

/** For a number or truth value where a text is wanted. */
export function quoteHint(value: unknown): string | null {
  return typeof value === 'number' || typeof value === 'boolean' ? 'put it in quotes' : null;
}
