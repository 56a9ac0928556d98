/** Runs cases in every segmentation over several lanes, and turns what came of them into tests. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CleanupList } from '../harness/cleanup.ts';
import { SEGMENTATION_NAMES, type SegmentationName } from '../harness/segmentations.ts';
import { readExceptions } from './cases.ts';

/** What one run of one case came to. */
export interface Verdict {
  /** What is wrong; empty when all is well. */
  readonly problems: readonly string[];
  /** What happened, in a form that must be the same in every segmentation. */
  readonly outcome: string;
}

/** One place where cases run one after the other: a worker with a backend of its own. */
export interface Lane<C> {
  run(one: C, segmentation: SegmentationName): Promise<Verdict>;
}

interface Finished {
  readonly id: string;
  readonly segmentation: SegmentationName;
  readonly verdict: Verdict;
}

async function runAll<C extends { id: string }>(cases: readonly C[], lanes: readonly Lane<C>[]): Promise<Finished[]> {
  const tasks = cases.flatMap((one) => SEGMENTATION_NAMES.map((segmentation) => ({ one, segmentation })));
  const finished: Finished[] = [];
  let next = 0;
  const work = async (lane: Lane<C>): Promise<void> => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) {
      const { one, segmentation } = task;
      const verdict = await lane.run(one, segmentation).catch((error: unknown) => ({
        problems: [`the run itself failed: ${error instanceof Error ? error.message : String(error)}`],
        outcome: 'none',
      }));
      finished.push({ id: one.id, segmentation, verdict });
    }
  };
  await Promise.all(lanes.map(work));
  return finished;
}

function problemsOf(id: string, finished: readonly Finished[]): string[] {
  const runs = finished.filter((run) => run.id === id);
  const segmentationsOf = new Map<string, SegmentationName[]>();
  for (const { segmentation, verdict } of runs) {
    for (const problem of verdict.problems) {
      segmentationsOf.set(problem, [...(segmentationsOf.get(problem) ?? []), segmentation]);
    }
  }
  const problems = [...segmentationsOf].map(([problem, where]) => {
    const isEverywhere = where.length === SEGMENTATION_NAMES.length;
    return `${id} [${isEverywhere ? 'always' : where.join(', ')}] ${problem}`;
  });
  const outcomes = new Map(runs.map(({ segmentation, verdict }) => [verdict.outcome, segmentation]));
  if (problems.length === 0 && outcomes.size > 1) {
    const shown = [...outcomes].map(([outcome, segmentation]) => `[${segmentation}] ${outcome}`).join(' | ');
    problems.push(`${id} comes out differently by segmentation: ${shown}`);
  }
  return problems;
}

export interface Suite<C> {
  readonly name: string;
  readonly cases: readonly C[];
  readonly lanes: number;
  startLane(cleanup: CleanupList): Promise<Lane<C>>;
}

/** Declares one test for each class of cases, and one for the exceptions. */
export function declareSuite<C extends { id: string; class: string }>(suite: Suite<C>): void {
  const { name, cases } = suite;
  const exceptions = readExceptions();
  const cleanup = new CleanupList();
  let finished: Finished[] = [];

  before(async () => {
    const count = Math.min(suite.lanes, Math.max(1, cases.length));
    const lanes = await Promise.all(Array.from({ length: count }, () => suite.startLane(cleanup)));
    finished = await runAll(cases, lanes);
  });
  after(() => cleanup.run());

  for (const group of new Set(cases.map((one) => one.class))) {
    const ids = cases.filter((one) => one.class === group && !exceptions.has(one.id)).map(({ id }) => id);
    if (ids.length === 0) continue;
    test(`${name}: ${group} (${ids.length})`, () => {
      const problems = ids.flatMap((id) => problemsOf(id, finished));
      if (problems.length > 0) assert.fail(`\n${problems.join('\n')}\n`);
    });
  }

  test(`${name}: every listed exception still fails`, () => {
    const passing = cases.filter(({ id }) => exceptions.has(id) && problemsOf(id, finished).length === 0);
    assert.deepEqual(
      passing.map(({ id }) => id),
      [],
      'these pass: take them off the list',
    );
  });

  test(`${name}: summary`, (t) => {
    const failed = cases.filter(({ id }) => problemsOf(id, finished).length > 0);
    t.diagnostic(`${cases.length - failed.length} of ${cases.length} cases pass, ${finished.length} runs`);
    for (const { id } of failed) t.diagnostic(`fails: ${id}`);
    assert.equal(finished.length, cases.length * SEGMENTATION_NAMES.length);
  });
}
