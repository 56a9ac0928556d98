/**
 * Figures as text. Pure; used by every screen, so that one figure always looks the same.
 * Everything is built to keep its width: at most four significant digits, units where they differ.
 */

/** Nothing was measured: an en dash, never a zero. */
export const NOTHING = '–';

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** A whole number with thin separators: `12 431`. */
export function formatWhole(value: number): string {
  return whole.format(Math.round(value)).replaceAll(',', '\u2009');
}

/** A count in at most five characters: `999`, `12.4k`, `3.1M`. */
export function formatCount(value: number): string {
  const size = Math.abs(value);
  if (size < 1000) return String(Math.round(value));
  for (const [unit, factor] of [
    ['k', 1e3],
    ['M', 1e6],
    ['G', 1e9],
    ['T', 1e12],
  ] as const) {
    const scaled = value / factor;
    // Decided after rounding, so that 999 950 becomes 1M and not 1000k.
    if (Math.abs(scaled) < 99.95) return `${scaled.toFixed(1)}${unit}`;
    if (Math.abs(scaled) < 999.5) return `${Math.round(scaled)}${unit}`;
  }
  return value.toExponential(1);
}

/** A rate a second: one decimal below 10, so that a trickle does not read as nothing. */
export function formatRate(value: number | null): string {
  if (value === null) return NOTHING;
  if (value === 0) return '0';
  if (value < 0.05) return '<0.1';
  if (value < 9.95) return value.toFixed(1);
  return value < 99_999.5 ? formatWhole(value) : formatCount(value);
}

/** Milliseconds without their unit: `0.8`, `4.2`, `61`, `1 240`. */
export function formatMs(value: number | null): string {
  if (value === null) return NOTHING;
  return value < 9.95 ? value.toFixed(1) : formatWhole(value);
}

/** A share 0..1 as `33 %`; null as a dash. */
export function formatShare(share: number | null): string {
  if (share === null) return NOTHING;
  const percent = share * 100;
  if (percent > 0 && percent < 0.05) return '<0.1\u202f%';
  if (percent > 0 && percent < 9.95) return `${percent.toFixed(1)}\u202f%`;
  return `${Math.round(percent)}\u202f%`;
}

const KIB = 1024;

/** Bytes in binary units: `512 B`, `3.4 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < KIB) return `${Math.round(bytes)}\u202fB`;
  let scaled = bytes;
  for (const unit of ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']) {
    scaled /= KIB;
    if (scaled < KIB) return `${scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)}\u202f${unit}`;
  }
  return `${Math.round(scaled)}\u202fPiB`;
}

/** How long something has lasted, in the two largest units: `8 s`, `3 min 12 s`, `3 d 2 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}\u202fs`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return pair(minutes, 'min', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return pair(hours, 'h', minutes % 60, 'min');
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = small === 0 ? '' : ` ${small}\u202f${smallUnit}`;
  return `${large}\u202f${largeUnit}${rest}`;
}

const pad = (value: number): string => String(value).padStart(2, '0');

/** The time of day in the reader's time zone: `14:02:11`. */
export function formatClock(ms: number): string {
  const date = new Date(ms);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** The day in the reader's time zone: `2026-11-23`. */
export function formatDay(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** A moment as fine as its step: `14:02:11`, `14:02`, `11-23 14:00`. */
export function formatMoment(ms: number, stepSeconds: number): string {
  if (stepSeconds < 60) return formatClock(ms);
  const minutes = formatClock(ms).slice(0, 5);
  return stepSeconds < 120 ? minutes : `${formatDay(ms).slice(5)} ${minutes}`;
}

/** A label of a time axis that is so long: `14:02:11`, `14:02`, `11-23`. */
export function formatTick(ms: number, spanSeconds: number): string {
  if (spanSeconds <= 900) return formatClock(ms);
  const minutes = formatClock(ms).slice(0, 5);
  // Midnight says which day begins.
  return minutes === '00:00' && spanSeconds > 86_400 ? formatDay(ms).slice(5) : minutes;
}

/** `1 request`, `3 requests`. */
export function plural(count: number, noun: string): string {
  return `${formatWhole(count)} ${noun}${count === 1 ? '' : 's'}`;
}
