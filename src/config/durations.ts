/**
 * Durations as the config writes them: `250ms`, `2s`, `5m`, `1h`. Inside, always milliseconds.
 *
 * A number without a unit is refused, since nobody can tell seconds from milliseconds by sight.
 */
import { mismatch, quoted, type Reading, read, refuse } from './reading.ts';

const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const UNIT_MS: ReadonlyMap<string, number> = new Map(UNITS);

/** Words that people write for the units. */
const OTHER_UNITS: ReadonlyMap<string, string> = new Map([
  ['sec', 's'],
  ['secs', 's'],
  ['second', 's'],
  ['seconds', 's'],
  ['min', 'm'],
  ['mins', 'm'],
  ['minute', 'm'],
  ['minutes', 'm'],
  ['hr', 'h'],
  ['hour', 'h'],
  ['hours', 'h'],
  ['msec', 'ms'],
  ['millis', 'ms'],
  ['milliseconds', 'ms'],
]);

/** Reads a duration; the value is in milliseconds. */
export function readDuration(value: unknown): Reading<number> {
  if (typeof value === 'number') {
    const suggestion = Number.isInteger(value) && value >= 0 ? `write \`${value}s\` or \`${value}ms\`` : null;
    return refuse('duration-invalid', `${value} has no unit: a duration is written as 250ms, 2s, 5m or 1h`, suggestion);
  }
  if (typeof value !== 'string') return mismatch('a duration such as 2s', value);
  const match = /^(\d{1,15})(ms|s|m|h)$/.exec(value);
  const unitMs = UNIT_MS.get(match?.[2] ?? '');
  if (match === null || unitMs === undefined) {
    return refuse(
      'duration-invalid',
      `${quoted(value)} is not a duration: it is written as 250ms, 2s, 5m or 1h`,
      correction(value),
    );
  }
  const milliseconds = Number(match[1]) * unitMs;
  if (!Number.isSafeInteger(milliseconds)) return refuse('duration-invalid', `${quoted(value)} is too long`);
  return read(milliseconds);
}

/** The duration in the largest unit that divides it. `milliseconds` is a whole number, 0 or more. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  for (const [unit, unitMs] of UNITS) {
    if (milliseconds % unitMs === 0) return `${milliseconds / unitMs}${unit}`;
  }
  return `${milliseconds}ms`;
}

function correction(text: string): string | null {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)\s*([a-zA-Z]*)$/.exec(text.trim());
  if (match === null) return null;
  const [, amount = '', word = ''] = match;
  const lower = word.toLowerCase();
  if (lower === '') return `write \`${amount}s\` or \`${amount}ms\``;
  const unitMs = UNIT_MS.get(OTHER_UNITS.get(lower) ?? lower);
  if (unitMs === undefined) return null;
  return `did you mean \`${formatDuration(Math.round(Number(amount) * unitMs))}\`?`;
}
