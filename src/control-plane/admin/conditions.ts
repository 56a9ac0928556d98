/**
 * On what terms a change is to be made: only if nothing has changed since the sender looked
 * (`If-Match`, RFC 9110 section 13.1.1), or not at all (`?dryRun=1`).
 *
 * The tag stands for the settings, by the file and at run time, and not for the counters beside
 * them: two readings of the status with the same tag differ in numbers, and a change that was
 * meant for the one holds for the other. That is why reads never answer 304.
 */
import { randomBytes } from 'node:crypto';
import { ProblemError } from './problems.ts';
import { queryProblem } from './query.ts';

/** Counting begins anew with each process; a tag of the one before must not match. */
const PROCESS = randomBytes(4).toString('hex');

/** The entity tag of the settings: see `Roster.changeCount`. */
export function settingsTag(changeCount: number): string {
  return `"${changeCount}-${PROCESS}"`;
}

/** Throws where the sender has seen other settings than those of `tag`. */
export function checkIfMatch(field: string | undefined, tag: string): void {
  // By strong comparison: a weak tag matches nothing.
  if (field === undefined || field.split(',').some((one) => one.trim() === '*' || one.trim() === tag)) return;
  const detail = 'The settings have changed since they were read; read them again.';
  throw new ProblemError(412, 'settings-changed', detail, { headers: { etag: tag } });
}

/** Whether the change is only to be shown. Throws for any other query: a misspelt one must not do it for real. */
export function isDryRun(query: Readonly<Record<string, string>>): boolean {
  const { dryRun, ...others } = query;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw queryProblem(`${JSON.stringify(unknown)} is not known here; there is dryRun`);
  if (dryRun === undefined || dryRun === '0' || dryRun === 'false') return false;
  if (dryRun === '1' || dryRun === 'true') return true;
  throw queryProblem('dryRun is 1 or 0');
}
