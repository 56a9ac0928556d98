/**
 * The frame of a long check: runs it, prints one line with its figures and what is wrong, if
 * anything is, and exits 1 then. Long checks are run by hand: `node test/program/long/NAME.ts`.
 */
import { CleanupList } from '../../harness/cleanup.ts';

export interface Verdict {
  /** In words, for people. */
  readonly figures: string;
  /** What must not be; none means that the check has passed. */
  readonly faults: readonly string[];
}

/** Runs `check`, undoes what it started, and ends the process. */
export async function report(name: string, check: (cleanup: CleanupList) => Promise<Verdict[]>): Promise<never> {
  const cleanup = new CleanupList();
  let isPassed = true;
  try {
    for (const { figures, faults } of await check(cleanup)) {
      if (faults.length > 0) isPassed = false;
      process.stdout.write(`${faults.length === 0 ? 'PASS' : 'FAIL'} ${name}: ${figures}\n`);
      for (const fault of faults.slice(0, 10)) process.stdout.write(`  ${fault}\n`);
      if (faults.length > 10) process.stdout.write(`  and ${faults.length - 10} more\n`);
    }
  } catch (error) {
    isPassed = false;
    process.stdout.write(`FAIL ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
  await cleanup.run();
  process.exit(isPassed ? 0 : 1);
}
