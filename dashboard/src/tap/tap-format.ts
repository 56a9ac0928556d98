/** Figures of single requests as text. Pure. */
import { formatClock, formatDuration } from '../format.ts';

/** The time of day with its milliseconds: `14:02:11.042`. */
export function formatInstant(ms: number): string {
  return `${formatClock(ms)}.${String(Math.floor(ms) % 1000).padStart(3, '0')}`;
}

/** How long one thing took: `0.4 ms`, `38 ms`, `1.24 s`, `3 min 12 s`. */
export function formatTook(ms: number): string {
  const took = Math.max(0, ms);
  if (took < 9.95) return `${took.toFixed(1)}\u202fms`;
  if (took < 999.5) return `${Math.round(took)}\u202fms`;
  if (took < 59_995) return `${(took / 1000).toFixed(2)}\u202fs`;
  return formatDuration(took);
}

const DECADES = 5;
const LEAST_MS = 0.1;

/**
 * The length of the small bar beside a duration, 0..1: 0.1 ms to 10 s by their logarithm. It depends
 * on nothing but the duration itself, so that no bar moves when another request comes.
 */
export function tookShare(ms: number): number {
  return Math.min(1, Math.max(0.02, Math.log10(Math.max(LEAST_MS, ms) / LEAST_MS) / DECADES));
}

/** What an answer was like, as the shape beside its status. */
export function toneOf(request: { readonly status: number; readonly code: string | null }): Tone {
  if (request.status === 0 || request.status >= 500) return 'bad';
  if (request.status >= 400 || request.code !== null) return 'warning';
  return request.status >= 300 || request.status < 200 ? 'info' : 'good';
}

export type Tone = 'good' | 'info' | 'warning' | 'bad';

/** `200`, or `none` where no answer was given. */
export const statusWord = (status: number): string => (status === 0 ? 'none' : String(status));
