/**
 * What all charts of the page share while somebody points at one of them: the moment under the
 * cursor, and the stretch of time that is being selected. Seconds since the epoch.
 */
import { signal } from '@preact/signals';

/** Null for the latest. */
export const cursorAt = signal<number | null>(null);

/** Where it began, and where it has come to: either may be the earlier one. */
export interface Selection {
  readonly anchorAt: number;
  readonly headAt: number;
}

export const selection = signal<Selection | null>(null);
