/** Values and keys in the notation of YAML, as short as they can be without meaning another thing: pure. */

/** Would be read as something else than a text, or not at all. */
const NOT_PLAIN = /^(?:true|false|yes|no|on|off|null|~|[-+.]?\d[\d_.,:eE+-]*|0[xo][\da-f]+|\.(?:inf|nan)|)$/i;
/** A word, a path, an address, a URL: nothing that is a sign of YAML. */
const PLAIN = /^[\w./$(][\w./$()@%+=~;:-]*(?: [\w./$()@%+=~;:-]+)*$/;

export function scalarText(value: unknown): string {
  if (typeof value !== 'string') return value === undefined ? 'null' : String(value);
  const isPlain = PLAIN.test(value) && !NOT_PLAIN.test(value) && !/: |:$| #/.test(value);
  return isPlain ? value : JSON.stringify(value);
}

export const keyText = (key: string): string => scalarText(key);

/** Any value on one line. */
export function flowOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowOf).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const inner = Object.entries(value).map(([key, each]) => `${keyText(key)}: ${flowOf(each)}`);
    return inner.length === 0 ? '{}' : `{ ${inner.join(', ')} }`;
  }
  return scalarText(value);
}
