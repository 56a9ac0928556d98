/**
 * `npm run bench [-- SCENARIO… --quick]`: Ballast beside its peers, on this machine.
 *
 * For each scenario every installed peer is started on a core of its own, checked to answer
 * correctly, warmed up, and then all of them take turns under the same load for several rounds:
 * the speed of a shared machine drifts by a fifth within minutes, so only what was measured in
 * alternation is compared. A full run saves its results and writes `docs/benchmarks.md`; a quick
 * one only prints. Everything listens on loopback, on free ports, and ends with the run.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Backends, startBackends } from './backends.ts';
import { faultOf } from './check.ts';
import { type LoadGenerator, loadGenerator } from './load.ts';
import { currentCommit, machineCard } from './machine.ts';
import { coreMicros, usageOf } from './measure.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { BAR, type Peer, type PeerSetting, peersOf, sourceOf } from './peers.ts';
import { freePorts, PROXY_CORE, type Running, startServer } from './processes.ts';
import { scenarioTable, writeReport } from './report.ts';
import { type Round, type ScenarioResult, type SubjectResult, saveFigure, saveResult } from './results.ts';
import type { Scenario } from './scenarios.ts';

interface Subject {
  readonly peer: Peer;
  readonly port: number;
  readonly running: Running;
  readonly rounds: Round[];
}

async function measureRound(
  subject: Subject,
  scenario: Scenario,
  generator: LoadGenerator,
  seconds: number,
  perSecond: number,
): Promise<Round> {
  const coreBefore = coreMicros(PROXY_CORE);
  const before = usageOf(subject.running.pid);
  const load = await generator.run(subject.port, scenario, seconds, perSecond);
  const after = usageOf(subject.running.pid);
  const cpuMicros = after.cpuMicros - before.cpuMicros;
  const foreignMicros = scenario.isPinned ? coreMicros(PROXY_CORE) - coreBefore - cpuMicros : 0;
  return {
    cpuMicrosPerRequest: cpuMicros / Math.max(1, load.requests),
    cpuShare: cpuMicros / 1e6 / load.seconds,
    foreignShare: Math.max(0, foreignMicros / 1e6 / load.seconds),
    requestsPerSecond: load.requests / load.seconds,
    p50Micros: load.p50Micros,
    p99Micros: load.p99Micros,
    residentBytes: after.residentBytes,
    errors: load.errors,
  };
}

/** Starts a peer and proves it; answers the running subject, or why it cannot be measured. */
async function startSubject(
  peer: Peer,
  scenario: Scenario,
  backends: Backends,
  root: string,
): Promise<Subject | string> {
  const directory = path.join(root, scenario.name, peer.name);
  mkdirSync(directory, { recursive: true });
  const [port = 0] = await freePorts(1);
  const setting: PeerSetting = { port, backends: addressesOf(peer, scenario, backends), directory, scenario };
  const configFile = path.join(directory, 'config');
  writeFileSync(configFile, peer.config(setting) ?? '');
  let running: Running;
  try {
    running = await startServer(
      peer.name,
      peer.command(setting, configFile),
      peer.cores ?? PROXY_CORE,
      [port],
      path.join(directory, 'output.log'),
    );
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  let fault = await faultOf(port, setting.backends.length, scenario);
  // Its port may have been open before it was ready.
  for (let tries = 1; fault !== null && tries < CHECKS; tries++) {
    await sleep(CHECK_PAUSE_MS);
    fault = await faultOf(port, setting.backends.length, scenario);
  }
  if (fault === null) return { peer, port, running, rounds: [] };
  await running.stop();
  return fault;
}

/** As many of the backends as the variant has. */
function addressesOf(peer: Peer, { variants }: Scenario, { addresses }: Backends): readonly string[] {
  return addresses.slice(0, variants?.find(({ name }) => name === peer.name)?.backendCount ?? BACKENDS);
}

const BACKENDS = 3;
const CHECKS = 3;
const CHECK_PAUSE_MS = 500;
/** Of what the first bar can do, in a load by the clock. */
const PACE_SHARE = 0.5;

/** Requests a second for a load by the clock; 0 for others. */
async function paceOf(
  scenario: Scenario,
  subjects: readonly Subject[],
  generator: LoadGenerator,
  seconds: number,
): Promise<number> {
  const first = subjects.find(({ peer }) => BAR.includes(peer.name)) ?? subjects[0];
  if (scenario.load !== 'paced' || first === undefined) return 0;
  const { requests, seconds: taken } = await generator.run(first.port, { ...scenario, load: 'closed' }, seconds);
  return Math.round((requests / taken) * PACE_SHARE);
}

/** The config as it was used, with example ports and paths in place of those of the run. */
function configShown(peer: Peer, scenario: Scenario): string {
  const backends = ['127.0.0.1:8081', '127.0.0.1:8082', '127.0.0.1:8083'];
  const setting = { port: 8080, backends, directory: '/tmp/ballast-bench', scenario };
  return peer.config(setting) ?? sourceOf(peer);
}

async function measureScenario(scenario: Scenario, options: Options, root: string): Promise<ScenarioResult> {
  const count = Math.max(BACKENDS, ...(scenario.variants ?? []).map(({ backendCount = 0 }) => backendCount));
  const backends = await startBackends(root, count, scenario.load === 'messages');
  const generator = loadGenerator(root, options.isOwnLoadWanted);
  const started: { peer: Peer; version: string; outcome: Subject | string }[] = [];
  try {
    for (const peer of peersOf(scenario, options.peers)) {
      const version = peer.version();
      if (version === null) {
        console.error(`  ${peer.name}: not installed`);
        continue;
      }
      const outcome = await startSubject(peer, scenario, backends, root);
      if (typeof outcome === 'string') console.error(`  ${peer.name} is not measured: ${outcome}`);
      started.push({ peer, version, outcome });
    }
    const subjects = started.flatMap(({ outcome }) => (typeof outcome === 'string' ? [] : [outcome]));
    const perSecond = await paceOf(scenario, subjects, generator, options.warmUpSeconds);
    for (const { port } of subjects) await generator.run(port, scenario, options.warmUpSeconds, perSecond);
    for (let round = 0; round < options.rounds; round++) {
      // Every round begins with another subject, so that none always follows the same one.
      for (let turn = 0; turn < subjects.length; turn++) {
        const subject = subjects[(round + turn) % subjects.length];
        subject?.rounds.push(await measureRound(subject, scenario, generator, options.seconds, perSecond));
      }
    }
  } finally {
    const running = started.flatMap(({ outcome }) => (typeof outcome === 'string' ? [] : [outcome.running]));
    await Promise.all([...running, backends].map((each) => each.stop()));
  }
  return {
    scenario: scenario.name,
    measuredAt: new Date().toISOString(),
    commit: currentCommit(),
    machine: machineCard(generator.program, backends.program),
    roundSeconds: options.seconds,
    subjects: started.map(
      ({ peer, version, outcome }): SubjectResult => ({
        peer: peer.name,
        kind: peer.kind,
        version,
        config: configShown(peer, scenario),
        fault: typeof outcome === 'string' ? outcome : null,
        rounds: typeof outcome === 'string' ? [] : outcome.rounds,
      }),
    ),
  };
}

async function main(options: Options): Promise<void> {
  if (process.platform !== 'linux' || os.availableParallelism() < 2) {
    throw new Error('the benchmarks read /proc and pin by taskset: they need Linux and two cores');
  }
  const root = mkdtempSync(path.join(os.tmpdir(), 'ballast-bench-'));
  try {
    for (const scenario of options.scenarios) {
      console.error(`${scenario.name}: ${scenario.summary}`);
      const result = await measureScenario(scenario, options, root);
      console.log(`\n${scenarioTable(result)}\n`);
      if (options.isSaved) saveResult(result);
    }
    for (const figure of options.figures) {
      console.error(`${figure.name}: ${figure.summary}`);
      const directory = path.join(root, figure.name);
      mkdirSync(directory);
      const { values, notes } = await figure.measure(directory);
      const shown = values.map((value) => value.toFixed(2)).join(', ');
      console.log(`${shown} ${figure.unit}, at most ${figure.goal}${notes === '' ? '' : `; ${notes}`}`);
      const result = {
        figure: figure.name,
        measuredAt: new Date().toISOString(),
        commit: currentCommit(),
        values,
        notes,
      };
      if (options.isSaved) saveFigure(result);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  if (options.isSaved) console.error(`wrote ${writeReport()}`);
}

/** Exit codes as `ballast` has them: 1 failed, 2 usage. */
function fail(exitCode: 1 | 2, error: unknown): never {
  console.error(error instanceof Error ? error.message : error);
  if (exitCode === 2) console.error(`\n${USAGE}`);
  process.exit(exitCode);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
let options: Options;
try {
  options = readOptions();
} catch (error) {
  fail(2, error);
}
await main(options).catch((error: unknown) => fail(1, error));
