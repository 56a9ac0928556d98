/**
 * The frame of a long check: runs it, prints one line a verdict with its figures and what is
 * wrong, if anything is, and exits 1 then. By hand: `node test/program/long/NAME.ts`; all of
 * them: `npm run torture`.
 */
import { CleanupList } from '../../harness/cleanup.ts';

export interface Verdict {
  /** The promise of `docs/reliability.md` that it is about, where the check is about several. */
  readonly promise?: string;
  /** In words, for people. */
  readonly figures: string;
  /** What must not be; none means that the check has passed. */
  readonly faults: readonly string[];
}

const SHOWN_FAULTS = 10;

/** Runs `check`, undoes what it started, and ends the process. */
export async function report(name: string, check: (cleanup: CleanupList) => Promise<Verdict[]>): Promise<never> {
  const cleanup = new CleanupList();
  let isPassed = true;
  try {
    for (const { promise, figures, faults } of await check(cleanup)) {
      if (faults.length > 0) isPassed = false;
      const subject = promise === undefined ? name : `${name} [${promise}]`;
      process.stdout.write(`${faults.length === 0 ? 'PASS' : 'FAIL'} ${subject}: ${figures}\n`);
      for (const fault of faults.slice(0, SHOWN_FAULTS)) process.stdout.write(`  ${fault}\n`);
      if (faults.length > SHOWN_FAULTS) process.stdout.write(`  and ${faults.length - SHOWN_FAULTS} more\n`);
    }
  } catch (error) {
    isPassed = false;
    process.stdout.write(`FAIL ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
  await cleanup.run();
  process.exit(isPassed ? 0 : 1);
}
