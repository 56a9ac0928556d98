/** Why the config file was not changed, as data: made by the config editor, told by the admin API. */
import type { ReloadRefused } from './reload.ts';

export type EditReason =
  | 'no-file'
  | 'changed'
  | 'read-only'
  | 'invalid'
  | 'not-now'
  | 'not-writable'
  | 'secret-unknown'
  | 'secret-misplaced'
  | 'paths-need-token'
  | 'busy'
  | 'too-costly';

export interface EditRefused {
  readonly ok: false;
  readonly reason: EditReason;
  /** A whole sentence; for `read-only` and `not-writable` the middle of one. */
  readonly detail: string;
  /** What is wrong with the text, as `ballast check --json` has it. */
  readonly diagnostics: readonly object[];
  /** In words, one an error. */
  readonly problems: readonly string[];
}

export function refused(reason: EditReason, detail: string): EditRefused {
  return { ok: false, reason, detail, diagnostics: [], problems: [] };
}

/** The same of a reload that did not come about. */
export function refusedReload({ reason, problems, diagnostics }: ReloadRefused): EditRefused {
  const [first = ''] = problems;
  if (reason === 'not-written') return refused('read-only', first);
  if (reason === 'no-file' || reason === 'not-now') return refused(reason, `${first}.`);
  // Errors in the text are told one by one; what this machine has against it is a sentence.
  const why = diagnostics.length > 0 ? '.' : `: ${problems.join('; ')}.`;
  return { ...refused('invalid', `The config was refused and the old one stays${why}`), diagnostics, problems };
}
