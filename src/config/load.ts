/**
 * Loads a config file: text to `Config`, or every error that is in it.
 *
 * Called at start, by `ballast check` and by reload. Nothing is thrown for what a file says: the
 * answer is the config, or diagnostics with file, line and column. Works without side effects
 * but the reading of the file.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { checkConfig, completeConfig } from './check.ts';
import { type ProblemCode, severityOf } from './codes.ts';
import { type Diagnostic, inTextOrder } from './diagnostics.ts';
import type { Environment } from './interpolate.ts';
import { isMap } from './raw-values.ts';
import type { Config } from './schema.ts';
import { readSource } from './source.ts';
import { keepWritten } from './written.ts';

export { type Diagnostic, formatDiagnostic } from './diagnostics.ts';

export type LoadResult =
  | {
      readonly ok: true;
      readonly config: Config;
      /** In the order of the text. */
      readonly warnings: readonly Diagnostic[];
      /** SHA-256 of the text, hexadecimal. */
      readonly sourceHash: string;
      readonly text: string;
    }
  | {
      readonly ok: false;
      /** Errors and warnings, in the order of the text; at least one error. */
      readonly diagnostics: readonly Diagnostic[];
      /** Null where there was no text to read. */
      readonly sourceHash: string | null;
    };

/** The variable that holds the admin token where the config sets none. */
export const TOKEN_VARIABLE = 'BALLAST_ADMIN_TOKEN';

/** Reads and checks the file at `path`. An unreadable file is a diagnostic too. */
export function loadConfigFile(path: string, env: Environment): LoadResult {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return unreadable('config-unreadable', path, reasonOf(error, path), null);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return unreadable('config-not-utf8', path, 'the file is not UTF-8 text', hashOf(bytes));
  }
  return loadConfigText(text, path, env);
}

/**
 * Checks the text of a config file. `fileName` names it in diagnostics and is where relative paths
 * start; `cores` is what `workers: auto` means.
 */
export function loadConfigText(
  text: string,
  fileName: string,
  env: Environment,
  cores: number = availableParallelism(),
): LoadResult {
  const source = readSource(text, fileName, env);
  if (source.value === null && source.diagnostics.length === 0) {
    const help = 'see `docs/config-reference.md`';
    return unreadable('config-empty', fileName, 'the file holds no settings', hashOf(text), help);
  }
  const { fileConfig, problems } = checkConfig(withToken(source.value, env));
  const later = problems.flatMap((problem) => source.diagnose(problem) ?? []);
  const diagnostics = inTextOrder(distinct([...source.diagnostics, ...later]));
  if (fileConfig === null || diagnostics.some((diagnostic) => diagnostic.severity === 'error')) {
    return { ok: false, diagnostics, sourceHash: hashOf(text) };
  }
  const config = completeConfig(fileConfig, {
    cores,
    stateFile: join(dirname(fileName), `.${basename(fileName)}.state.json`),
    resolvePath: (path) => (isAbsolute(path) ? path : join(dirname(fileName), path)),
  });
  keepWritten(config, {
    value: withToken(source.value, env),
    placeOf: (path) => source.placeOf(path) ?? (isToken(path) ? { origin: 'environment', by: TOKEN_VARIABLE } : null),
  });
  return { ok: true, config, warnings: diagnostics, sourceHash: hashOf(text), text };
}

/** SHA-256 of a text, hexadecimal. */
export function hashOf(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Fills in the admin token from the environment where the config leaves it open. */
export function withToken(value: unknown, env: Environment): unknown {
  const token = env[TOKEN_VARIABLE] ?? '';
  if (token === '' || !isMap(value) || !isMap(value['admin'])) return value;
  const { admin } = value;
  return admin['token'] === undefined || admin['token'] === null ? { ...value, admin: { ...admin, token } } : value;
}

function isToken(path: readonly PropertyKey[]): boolean {
  return path.length === 2 && path[0] === 'admin' && path[1] === 'token';
}

function distinct(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter(({ code, line, column, path, message }) => {
    const key = JSON.stringify([code, line, column, path, message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function unreadable(
  code: ProblemCode,
  file: string,
  message: string,
  sourceHash: string | null,
  suggestion: string | null = null,
): LoadResult {
  const place = { line: 1, column: 1, path: '', frame: '' };
  const diagnostic = { code, severity: severityOf(code), file, message, suggestion, ...place };
  return { ok: false, diagnostics: [diagnostic], sourceHash };
}

function reasonOf(error: unknown, path: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT') return `there is no file ${path}`;
  if (code === 'EISDIR') return `${path} is a directory`;
  if (code === 'EACCES') return `${path} may not be read by this user`;
  return error instanceof Error ? error.message : String(error);
}
