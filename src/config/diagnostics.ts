/**
 * What a config check tells people and scripts: one diagnostic a problem, with its place.
 */
import type { ProblemCode, Severity } from './codes.ts';

export interface Diagnostic {
  /** Stable; see `codes.ts`. */
  readonly code: ProblemCode;
  /** Warnings never keep a config from being used. */
  readonly severity: Severity;
  /** Name of the file as it was given, or `command line`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number;
  /** `pools.web.backends[1].url`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
  /** A whole phrase such as `did you mean "30s"?`; null where there is none. */
  readonly suggestion: string | null;
  /** The line with a mark below the place; empty where there is no line. Secrets are masked. */
  readonly frame: string;
}

/** `error[code] FILE:LINE:COLUMN path — text — did you mean …?`, then the line shown. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { severity, code, file, line, column, path, message, suggestion, frame } = diagnostic;
  const place = `${file}:${line}:${column}${path === '' ? '' : ` ${path}`}`;
  const head = [`${severity}[${code}] ${place}`, message, ...(suggestion === null ? [] : [suggestion])].join(' — ');
  return frame === '' ? head : `${head}\n${frame}`;
}

/** In the order of the text; at one place, errors first. */
export function inTextOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...diagnostics].sort(
    (a, b) =>
      a.line - b.line ||
      a.column - b.column ||
      Number(a.severity === 'warning') - Number(b.severity === 'warning') ||
      a.code.localeCompare(b.code, 'en') ||
      a.message.localeCompare(b.message, 'en'),
  );
}
