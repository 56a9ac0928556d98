/**
 * A problem of a config before it has a place in a file: what is wrong, and at which setting.
 *
 * Every stage makes these; `load.ts` and `build.ts` turn them into diagnostics, since only they
 * know where the settings stand: in a file, or on the command line.
 */
import type { ProblemCode } from './codes.ts';

export interface Problem {
  readonly code: ProblemCode;
  /** Keys and indexes from the root. */
  readonly path: readonly PropertyKey[];
  /** Whether the key is meant and not its value. */
  readonly isAtKey: boolean;
  readonly message: string;
  /** A whole phrase such as `did you mean "30s"?`; null where there is none. */
  readonly suggestion: string | null;
}

export function problem(
  code: ProblemCode,
  path: readonly PropertyKey[],
  message: string,
  suggestion: string | null = null,
): Problem {
  return { code, path, isAtKey: false, message, suggestion };
}

export function problemAtKey(
  code: ProblemCode,
  path: readonly PropertyKey[],
  message: string,
  suggestion: string | null = null,
): Problem {
  return { code, path, isAtKey: true, message, suggestion };
}

/** The path as people write it: `pools.web.backends[1].url`; empty for the root. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[\w-]+$/.test(String(key))) text += text === '' ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text;
}
