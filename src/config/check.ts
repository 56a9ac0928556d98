/**
 * The one way from plain values to a `Config`: schema, checks across settings, completion.
 *
 * `load.ts` comes here with the values of a file and `build.ts` with those of a command line, so
 * both get the same defaults and the same errors. Every stage runs, whatever an earlier one found.
 */
import { crossProblems } from './cross-checks.ts';
import type { Problem } from './problems.ts';
import { type Config, ConfigSchema, type FileConfig } from './schema.ts';
import { schemaProblems } from './schema-problems.ts';

export interface Checked {
  /** Null where the schema found an error. */
  readonly fileConfig: FileConfig | null;
  readonly problems: readonly Problem[];
}

/** What a config needs from around it. */
export interface Surroundings {
  /** Cores available, for `workers: auto`. */
  readonly cores: number;
  /** Where run-time changes are kept unless the file says otherwise; null is in memory only. */
  readonly stateFile: string | null;
  /** Turns the `stateFile` of the file into a path that can be opened. */
  readonly resolvePath: (path: string) => string;
}

/** Checks plain values and finds every problem. */
export function checkConfig(value: unknown): Checked {
  // A config is read once: to compile its schema to functions takes 20 ms and pays at no size.
  const parsed = ConfigSchema.safeParse(value, { jitless: true });
  return {
    fileConfig: parsed.success ? parsed.data : null,
    problems: [...(parsed.success ? [] : schemaProblems(parsed.error.issues, value)), ...crossProblems(value)],
  };
}

/** Fills in what the file leaves to its surroundings, and freezes the whole. */
export function completeConfig(fileConfig: FileConfig, surroundings: Surroundings): Config {
  const { workers, workerHeap, stateFile, routes, shutdownTimeout, accessLog, ...rest } = fileConfig;
  const { pools } = rest;
  const onlyPool = pools.length === 1 ? pools[0] : undefined;
  const isUnrouted = routes === null || routes.length === 0;
  return deeplyFrozen<Config>({
    ...rest,
    shutdownTimeoutMs: shutdownTimeout,
    workers: workers === 'auto' ? surroundings.cores : workers,
    workerHeapBytes: workerHeap,
    // With one pool there is nothing to tell apart: it takes everything.
    routes: isUnrouted && onlyPool !== undefined ? [{ host: null, path: null, pool: onlyPool.name }] : (routes ?? []),
    accessLog:
      accessLog === null || accessLog.path === '-'
        ? accessLog
        : { ...accessLog, path: surroundings.resolvePath(accessLog.path) },
    stateFile:
      stateFile === null ? surroundings.stateFile : stateFile === false ? null : surroundings.resolvePath(stateFile),
  });
}

function deeplyFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deeplyFrozen(inner);
  }
  return value;
}
