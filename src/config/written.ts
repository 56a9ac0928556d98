/**
 * What a config was made of: the values as a file or flags have them, and where each was set.
 *
 * Kept beside the config by `load.ts` and `build.ts`, for people who ask where a value comes from;
 * nothing else depends on it. It goes when the config goes.
 */
import type { Config } from './schema.ts';

/** Where a value was set. */
export interface Place {
  /** `environment`: by a variable, whether the file names it or not. `runtime`: by a change since. */
  readonly origin: 'file' | 'environment' | 'flag' | 'runtime';
  readonly line?: number;
  readonly column?: number;
  /** The text in the file that names the variable, or the flag. */
  readonly by?: string;
}

export interface Written {
  /** Plain values with their variables filled in. */
  readonly value: unknown;
  /** Of a value that is there; a value in short form, such as a URL for a backend, is its own `url`. */
  readonly placeOf: (path: readonly PropertyKey[]) => Place | null;
}

const KEPT = new WeakMap<Config, Written>();

export function keepWritten(config: Config, written: Written): void {
  KEPT.set(config, written);
}

/** Null for a config that was put together out of others. */
export function writtenOf(config: Config): Written | null {
  return KEPT.get(config) ?? null;
}
