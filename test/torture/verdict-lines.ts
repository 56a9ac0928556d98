/** Reads what a long check has printed: one line a verdict, with what was wrong below it. Pure. */
import type { Promised } from './promises.ts';

export interface VerdictLine {
  readonly isPassed: boolean;
  /** The promise that it names; null where it is about all of the check's. */
  readonly promise: string | null;
  readonly figures: string;
  readonly faults: readonly string[];
}

const LINE = /^(PASS|FAIL) [\w-]+(?: \[(D\d+)\])?: (.*)$/;

export function readVerdicts(stdout: string): VerdictLine[] {
  const verdicts: { isPassed: boolean; promise: string | null; figures: string; faults: string[] }[] = [];
  for (const line of stdout.split('\n')) {
    const match = LINE.exec(line);
    if (match !== null) {
      const [, word, promise = null, figures = ''] = match;
      verdicts.push({ isPassed: word === 'PASS', promise, figures, faults: [] });
    } else if (line.startsWith('  ')) verdicts.at(-1)?.faults.push(line.trim());
  }
  return verdicts;
}

export interface Outcome {
  readonly isPassed: boolean;
  readonly measured: string;
  readonly faults: readonly string[];
}

/** What the verdicts say of one promise; a check that says nothing of it has failed it. */
export function outcomeOf(promised: Promised, verdicts: readonly VerdictLine[], exit: number | null): Outcome {
  const own = verdicts.filter(({ promise }) => promise === null || promise === promised.id);
  // A check that breaks off says so without naming a promise, and fails all of its own.
  const isPassed = own.length > 0 && own.every((verdict) => verdict.isPassed) && (exit === 0 || own.some(isNamed));
  return {
    isPassed,
    measured: own.map(({ figures }) => figures).join('; ') || `the check ended with ${exit} and without a verdict`,
    faults: own.flatMap(({ faults }) => faults),
  };
}

const isNamed = ({ promise }: VerdictLine): boolean => promise !== null;
