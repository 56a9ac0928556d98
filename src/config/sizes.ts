/**
 * Sizes as the config writes them: plain bytes, or `512B`, `64KiB`, `1MiB`, `2GiB`. Inside, bytes.
 *
 * `KB` and `K` are refused: they mean 1,000 to some and 1,024 to others.
 */
import { mismatch, quoted, type Reading, read, refuse } from './reading.ts';

const UNITS = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
  ['B', 1],
] as const;

const UNIT_BYTES: ReadonlyMap<string, number> = new Map(UNITS);

/** Reads a size; the value is in bytes. Digits alone are bytes, so that a variable can fill it. */
export function readSize(value: unknown): Reading<number> {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && value >= 0) return read(value);
    return refuse('size-invalid', `${value} is not a whole number of bytes`);
  }
  if (typeof value !== 'string') return mismatch('a size such as 64KiB', value);
  const match = /^(\d{1,15})(B|KiB|MiB|GiB)?$/.exec(value);
  const unitBytes = UNIT_BYTES.get(match?.[2] ?? 'B');
  if (match === null || unitBytes === undefined) {
    return refuse(
      'size-invalid',
      `${quoted(value)} is not a size: it is written as plain bytes, 64KiB or 1MiB`,
      correction(value),
    );
  }
  const bytes = Number(match[1]) * unitBytes;
  if (!Number.isSafeInteger(bytes)) return refuse('size-invalid', `${quoted(value)} is too large`);
  return read(bytes);
}

/** The size in the largest unit that divides it; plain bytes without a unit. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return '0';
  for (const [unit, unitBytes] of UNITS) {
    if (unitBytes > 1 && bytes % unitBytes === 0) return `${bytes / unitBytes}${unit}`;
  }
  return String(bytes);
}

function correction(text: string): string | null {
  const match = /^(\d{1,9})\s*([kmg])i?b?$/i.exec(text.trim());
  if (match === null) return null;
  return `did you mean \`${match[1]}${match[2]?.toUpperCase()}iB\`?`;
}
