/** What a report about one backend leads to: the answer of everything that the roster asks. */
import type { EventLevel } from '../../protocol/dashboard.ts';

export interface Report {
  /** Whether workers must look at the words again. */
  readonly isWordChanged: boolean;
  readonly event: { readonly level: EventLevel; readonly kind: string; readonly text: string } | null;
}

export const NOTHING: Report = { isWordChanged: false, event: null };

/** Workers must look at the words again, and people need not be told. */
export const QUIET_CHANGE: Report = { isWordChanged: true, event: null };
