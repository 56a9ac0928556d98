/**
 * Makes a `Config` from the flags of a command line, for `ballast proxy` and the demo.
 *
 * The flags become the same plain values that a file would hold and go through the same checks, so
 * that there is one set of defaults and one set of errors. Diagnostics name the flag, and the frame
 * shows it as if every flag stood on a line of its own.
 */
import { availableParallelism } from 'node:os';
import { checkConfig, completeConfig } from './check.ts';
import { codeFrame } from './code-frame.ts';
import { severityOf } from './codes.ts';
import { type Diagnostic, inTextOrder } from './diagnostics.ts';
import { hashOf, type LoadResult } from './load.ts';
import { formatPath, type Problem } from './problems.ts';
import type { Span } from './source-tree.ts';
import { keepWritten } from './written.ts';

/** The one pool and listener of such a config. */
export const ONLY_NAME = 'web';

export interface FlagBackend {
  readonly url: string;
  readonly name?: string;
  readonly weight?: number;
  readonly maxConnections?: number;
}

export interface ConfigFlags {
  /** Address to accept clients on, such as `:8080`. */
  readonly listen: string;
  /** Backends, as URLs or with more than that. */
  readonly to: readonly (string | FlagBackend)[];
  readonly policy?: string;
  /** Address of the admin side; without it there is none. */
  readonly adminAddress?: string;
  readonly adminToken?: string;
  /** Further names under which the admin side is called. */
  readonly adminHosts?: readonly string[];
  readonly workers?: number | 'auto';
  /** Health checks as the file would write them: `{ path: '/healthz', interval: '5s' }`. */
  readonly health?: Readonly<Record<string, unknown>>;
  readonly shutdownTimeout?: string;
  /** Where run-time changes are kept; without it, in memory only. */
  readonly stateFile?: string;
}

/** Checks flags and makes the config, or says what is wrong with them. `cores` is for `auto`. */
export function configFromFlags(flags: ConfigFlags, cores: number = availableParallelism()): LoadResult {
  const commandLine = writeOut(flags);
  const { fileConfig, problems } = checkConfig(valuesOf(flags));
  const diagnostics = inTextOrder(problems.map((problem) => place(problem, commandLine)));
  if (fileConfig === null || diagnostics.some((diagnostic) => diagnostic.severity === 'error')) {
    return { ok: false, diagnostics, sourceHash: null };
  }
  const config = completeConfig(fileConfig, { cores, stateFile: null, resolvePath: (path) => path });
  keepWritten(config, {
    value: valuesOf(flags),
    placeOf: (path) => {
      const flag = nearest(path, commandLine.flags);
      return flag === null ? null : { origin: 'flag', by: flag.name };
    },
  });
  return { ok: true, config, warnings: diagnostics, sourceHash: hashOf(commandLine.text), text: commandLine.text };
}

function valuesOf(flags: ConfigFlags): unknown {
  const { listen, to, policy, adminAddress, adminToken, adminHosts, workers, health, shutdownTimeout, stateFile } =
    flags;
  return {
    version: 1,
    listeners: { [ONLY_NAME]: { address: listen } },
    pools: { [ONLY_NAME]: { backends: [...to], ...given({ policy, health }) } },
    ...given({ workers, shutdownTimeout, stateFile }),
    ...(adminAddress === undefined
      ? {}
      : { admin: { address: adminAddress, ...given({ token: adminToken, hosts: adminHosts }) } }),
  };
}

/** Without the entries that are undefined, so that the defaults of the schema count. */
function given(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

interface Flag {
  readonly name: string;
  /** Where its value stands. */
  readonly span: Span;
}

interface CommandLine {
  readonly text: string;
  /** By the path of the setting, as `formatPath` writes it. */
  readonly flags: ReadonlyMap<string, Flag>;
  readonly secretSpans: readonly Span[];
}

/** The command line with each flag on a line of its own. */
function writeOut(flags: ConfigFlags): CommandLine {
  const pool = `pools.${ONLY_NAME}`;
  const rows: (readonly [path: string, name: string, value: unknown])[] = [
    [`listeners.${ONLY_NAME}.address`, '--listen', flags.listen],
    ...flags.to.map((backend, index) => [`${pool}.backends[${index}]`, '--to', backend] as const),
    [`${pool}.policy`, '--policy', flags.policy],
    ['admin.address', '--admin', flags.adminAddress],
    ['admin.token', '--admin-token', flags.adminToken],
    ['admin.hosts', '--admin-host', flags.adminHosts],
    ['workers', '--workers', flags.workers],
    [`${pool}.health`, '--health', flags.health],
    ['shutdownTimeout', '--shutdown-timeout', flags.shutdownTimeout],
    ['stateFile', '--state-file', flags.stateFile],
  ];
  const placed = new Map<string, Flag>();
  const secretSpans: Span[] = [];
  let text = '';
  for (const [path, name, value] of rows) {
    if (value === undefined) continue;
    const from = text.length + name.length + 1;
    text += `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}\n`;
    const span: Span = [from, Math.max(from + 1, text.length - 1)];
    placed.set(path, { name, span });
    if (path === 'admin.token') secretSpans.push(span);
  }
  return { text, flags: placed, secretSpans };
}

function place(problem: Problem, { text, flags, secretSpans }: CommandLine): Diagnostic {
  const flag = nearest(problem.path, flags);
  const span: Span = flag?.span ?? [0, 1];
  const before = text.slice(0, span[0]).split('\n');
  return {
    code: problem.code,
    severity: severityOf(problem.code),
    file: 'command line',
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    path: flag?.name ?? formatPath(problem.path),
    message: problem.message,
    suggestion: problem.suggestion,
    frame: codeFrame(text, span, secretSpans),
  };
}

/** The flag that stands for a setting, or for the nearest one above it. */
function nearest(path: readonly PropertyKey[], flags: ReadonlyMap<string, Flag>): Flag | null {
  for (let length = path.length; length > 0; length--) {
    const flag = flags.get(formatPath(path.slice(0, length)));
    if (flag !== undefined) return flag;
  }
  return null;
}
