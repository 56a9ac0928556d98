/**
 * Writes `docs/benchmarks.md` from the saved results, and nothing else does: `node bench/report.ts`
 * writes it again without measuring.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { FIGURES } from './figures.ts';
import { BAR, barOf, TUNED_BAR } from './peers.ts';
import {
  type FigureResult,
  type Machine,
  type Round,
  ratioToBar,
  type ScenarioResult,
  type Spread,
  type SubjectResult,
  savedFigures,
  savedResults,
  spreadOf,
} from './results.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

const REPORT = path.resolve(import.meta.dirname, '../docs/benchmarks.md');
/** What a quiet machine's own housekeeping stays below. */
const FOREIGN_SHARE_MAX = 0.03;

const digits = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
const withSpread = (spread: Spread | null, show: (value: number) => string): string =>
  spread === null ? '-' : `${show(spread.median)} (${show(spread.lowest)} to ${show(spread.highest)})`;
const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

function medianOf(subject: SubjectResult, valueOf: (round: Round) => number): Spread | null {
  return spreadOf(subject.rounds.map(valueOf));
}

const scenarioOf = (result: ScenarioResult): Scenario | undefined =>
  SCENARIOS.find(({ name }) => name === result.scenario);

/** One scenario as a table, cheapest subject first. */
export function scenarioTable(result: ScenarioResult): string {
  const scenario = scenarioOf(result);
  const bar = scenario === undefined ? BAR : barOf(scenario);
  const measure = scenario?.measure ?? 'cpu';
  const cpu = (subject: SubjectResult): Spread | null => medianOf(subject, (round) => round.cpuMicrosPerRequest);
  const measured = result.subjects
    .filter((subject) => subject.rounds.length > 0)
    .sort((a, b) => (cpu(a)?.median ?? 0) - (cpu(b)?.median ?? 0));
  const rows = measured.map((subject) => {
    const one = (valueOf: (round: Round) => number, show: (value: number) => string): string => {
      const spread = medianOf(subject, valueOf);
      return spread === null ? '-' : show(spread.median);
    };
    const errors = subject.rounds.reduce((sum, round) => sum + round.errors, 0);
    return [
      subject.peer,
      withSpread(cpu(subject), digits),
      withSpread(ratioToBar(result, subject, bar, measure), (value) => value.toFixed(2)),
      one((round) => round.requestsPerSecond, whole),
      one((round) => round.p50Micros / 1000, digits),
      one((round) => round.p99Micros / 1000, digits),
      one((round) => round.residentBytes / 2 ** 20, whole),
      one((round) => round.cpuShare * 100, whole),
      whole(errors),
    ];
  });
  const head = ['', 'CPU µs a request', 'ratio', 'requests/s', 'p50 ms', 'p99 ms', 'RSS MiB', 'core %', 'errors'];
  const lines = [head, ['---', ...head.slice(1).map(() => '---:')], ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const foreign = spreadOf(result.subjects.flatMap(({ rounds }) => rounds.map((round) => round.foreignShare)));
  if (foreign !== null && foreign.median > FOREIGN_SHARE_MAX) {
    const share = `${whole(foreign.median * 100)} %`;
    lines.push('', `**Not a quiet machine**: other programs took ${share} of the proxy's core. Measure again.`);
  }
  for (const { peer, fault } of result.subjects) if (fault !== null) lines.push('', `Not measured: ${peer}: ${fault}`);
  return lines.join('\n');
}

function machineLine(machine: Machine): string {
  return (
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB; ${machine.kernel}; Node ${machine.node}; ` +
    `load by ${machine.load}; backends: ${machine.backends}`
  );
}

function summary(results: readonly ScenarioResult[]): string {
  const rows = results.map((result) => {
    const scenario = scenarioOf(result);
    // Compared with itself: what comes last is what is asked about.
    const own =
      scenario?.variants === null ? result.subjects.find(({ peer }) => peer === 'ballast') : result.subjects.at(-1);
    const ratioTo = (bar: readonly string[]): string => {
      const ratio = own === undefined ? null : ratioToBar(result, own, bar, scenario?.measure);
      return withSpread(ratio, (value) => value.toFixed(2));
    };
    const cells = [
      `[${result.scenario}](#${result.scenario})`,
      ratioTo(scenario === undefined ? BAR : barOf(scenario)),
      scenario?.goal?.toFixed(2) ?? '-',
      ratioTo(TUNED_BAR),
      scenario?.tunedGoal?.toFixed(2) ?? '-',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| scenario | ratio | goal | to tuned peers | goal |', '|---|---:|---:|---:|---:|', ...rows].join('\n');
}

function scenarioSection(result: ScenarioResult): string {
  const about = SCENARIOS.find((scenario) => scenario.name === result.scenario)?.summary ?? '';
  const rounds = Math.max(0, ...result.subjects.map((subject) => subject.rounds.length));
  return `### ${result.scenario}

${about}

${scenarioTable(result)}

Rounds: ${rounds} of ${result.roundSeconds} s; ${result.measuredAt.slice(0, 10)}, commit ${result.commit}.`;
}

/** What Ballast costs beside its requests; empty where nothing was measured. */
function figuresTable(saved: readonly FigureResult[]): string {
  const rows = FIGURES.flatMap((figure) => {
    const result = saved.find(({ figure: name }) => name === figure.name);
    if (result === undefined) return [];
    const spread = withSpread(spreadOf(result.values), digits);
    const cells = [
      figure.summary,
      `${spread} ${figure.unit}`,
      `${figure.goal} ${figure.unit}`,
      result.notes,
      result.commit,
    ];
    return [`| ${cells.join(' | ')} |`];
  });
  if (rows.length === 0) return '';
  const head = ['| beside requests | measured | goal | | commit |', '|---|---:|---:|---|---|'];
  return `${[...head, ...rows].join('\n')}\n\n`;
}

/** Each config that was used, with the scenarios that it was used in. */
function configSections(results: readonly ScenarioResult[]): string {
  const uses = new Map<string, { subject: SubjectResult; scenarios: string[] }>();
  for (const { scenario, subjects } of results) {
    for (const subject of subjects) {
      const key = JSON.stringify([subject.peer, subject.version, subject.config]);
      const use = uses.get(key);
      if (use === undefined) uses.set(key, { subject, scenarios: [scenario] });
      else use.scenarios.push(scenario);
    }
  }
  return [...uses.values()]
    .sort((a, b) => a.subject.peer.localeCompare(b.subject.peer))
    .map(({ subject, scenarios }) => {
      const scope = scenarios.length === results.length ? 'all scenarios' : scenarios.join(', ');
      const title = `### ${subject.peer} ${subject.version} (${scope})`;
      return `${title}\n\n${subject.kind}\n\n\`\`\`\n${subject.config.trimEnd()}\n\`\`\``;
    })
    .join('\n\n');
}

/** The whole page. */
export function reportOf(saved: readonly ScenarioResult[], figures: readonly FigureResult[] = []): string {
  const results = SCENARIOS.flatMap((scenario) => saved.filter((result) => result.scenario === scenario.name));
  const machines = new Set(results.map((result) => machineLine(result.machine)));
  return `# Benchmarks

Written by \`bench/report.ts\` from the measurements of \`npm run bench\`; never edited by hand.

What is compared is the processor time that a proxy needs for a request, in user and kernel mode, over all its
threads and processes, Ballast's control plane included. The ratio is that time divided by what the better of
HAProxy and nginx needs, taken in each round: 1.00 is as good, less is better. Each figure is the median over the
rounds; in brackets the lowest and the highest. Peers are measured as they come, and for large answers once more
with the buffers that suited them best. For \`latency\` it is the 99th percentile that is compared; for
\`two-workers\`, \`backends\` and \`routes\` Ballast is compared with itself.

${summary(results)}

${figuresTable(figures)}## How it was measured

${[...machines].map((machine) => `- ${machine}`).join('\n')}

Everything runs on one machine over loopback. The proxy is pinned to core 1 with one worker; the load and the three
backends share core 0. All subjects are started, each is checked to answer correctly and to use all backends,
warmed up, and then they take turns, round by round, because the speed of a shared machine drifts. The
configurations below are printed as they were used, but for ports and paths; each passes on \`X-Forwarded-*\` and
\`Via\` where it can be told to.

Read with care: but for \`latency\` the load is a closed loop at full speed, so that latencies are those of a saturated system and
tell nothing about a calm one; core % is the share of the proxy's core in use, and where it is far below 100 the
load or the backends were the limit, not the proxy, so that requests/s says little. Resident memory counts pages
that several processes share in each of them.

## Results

${results.map(scenarioSection).join('\n\n')}

## Configurations

${configSections(results)}
`;
}

/** Writes the page from what has been saved; answers its path. */
export function writeReport(): string {
  writeFileSync(REPORT, reportOf(savedResults(), savedFigures()));
  return REPORT;
}

if (import.meta.main) console.log(writeReport());
