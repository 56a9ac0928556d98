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
import { type Backends, startBackends } from './backends.ts';
import { faultOf } from './check.ts';
import { type LoadGenerator, loadGenerator } from './load.ts';
import { currentCommit, machineCard } from './machine.ts';
import { coreMicros, usageOf } from './measure.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { type Peer, type PeerSetting, sourceOf } from './peers.ts';
import { freePorts, PROXY_CORE, type Running, startServer } from './processes.ts';
import { scenarioTable, writeReport } from './report.ts';
import { type Round, type ScenarioResult, type SubjectResult, saveResult } from './results.ts';
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
): Promise<Round> {
  const coreBefore = coreMicros(PROXY_CORE);
  const before = usageOf(subject.running.pid);
  const load = await generator.run(subject.port, scenario, seconds);
  const after = usageOf(subject.running.pid);
  const cpuMicros = after.cpuMicros - before.cpuMicros;
  const foreignMicros = coreMicros(PROXY_CORE) - coreBefore - cpuMicros;
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
  const setting: PeerSetting = { port, backends: backends.ports, directory, scenario };
  const configFile = path.join(directory, 'config');
  writeFileSync(configFile, peer.config(setting) ?? '');
  let running: Running;
  try {
    running = await startServer(
      peer.name,
      peer.command(setting, configFile),
      PROXY_CORE,
      [port],
      path.join(directory, 'output.log'),
    );
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const fault = await faultOf(port, backends.ports, scenario);
  if (fault === null) return { peer, port, running, rounds: [] };
  await running.stop();
  return fault;
}

/** The config as it was used, with example ports and paths in place of those of the run. */
function configShown(peer: Peer, scenario: Scenario): string {
  const setting = { port: 8080, backends: [8081, 8082, 8083], directory: '/tmp/ballast-bench', scenario };
  return peer.config(setting) ?? sourceOf(peer);
}

async function measureScenario(scenario: Scenario, options: Options, root: string): Promise<ScenarioResult> {
  const backends = await startBackends(root);
  const generator = loadGenerator(root, options.isOwnLoadWanted);
  const started: { peer: Peer; version: string; outcome: Subject | string }[] = [];
  try {
    for (const peer of options.peers) {
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
    for (const subject of subjects) await generator.run(subject.port, scenario, options.warmUpSeconds);
    for (let round = 0; round < options.rounds; round++) {
      // Every round begins with another subject, so that none always follows the same one.
      for (let turn = 0; turn < subjects.length; turn++) {
        const subject = subjects[(round + turn) % subjects.length];
        subject?.rounds.push(await measureRound(subject, scenario, generator, options.seconds));
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
