/**
 * Looks at the plain values of a file without trusting them. Used by the checks across settings,
 * which must work on a file that has errors elsewhere.
 */
export type RawMap = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is RawMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The keys and values of a map; none where it is something else. */
export function pairsOf(value: unknown): readonly [string, unknown][] {
  return isMap(value) ? Object.entries(value) : [];
}

/** The indexes and values of a list; none where it is something else. */
export function entriesOf(value: unknown): readonly [number, unknown][] {
  return Array.isArray(value) ? [...value.entries()] : [];
}
