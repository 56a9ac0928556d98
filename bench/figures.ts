/**
 * What Ballast costs beside its requests: memory, start, reload, dashboard. Each figure is measured
 * on the real program; `run.ts` runs them by name like scenarios, and saves what they answer.
 */
import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startBackends } from './backends.ts';
import { loadGenerator } from './load.ts';
import { usageOf } from './measure.ts';
import { freePorts, OTHER_CORE, PROXY_CORE, pinned } from './processes.ts';
import type { FigureResult } from './results.ts';
import { spreadOf } from './results.ts';
import { SCENARIOS } from './scenarios.ts';

export interface Figure {
  readonly name: string;
  /** For the report: what it is. */
  readonly summary: string;
  readonly unit: string;
  /** What it shall not exceed. */
  readonly goal: number;
  /** The values of several runs, and what else was seen. */
  measure(directory: string): Promise<Pick<FigureResult, 'values' | 'notes'>>;
}

const ROOT = path.resolve(import.meta.dirname, '..');
const COMMAND = path.join(ROOT, 'bin/ballast');
const RUNS = 7;
const MEGABYTE = 1e6;

interface Setting {
  readonly port: number;
  readonly backends: readonly string[];
  readonly adminPort?: number;
  /** Of every second backend; a change of the file that a reload has to carry out. */
  readonly weight?: number;
}

function configText({ port, backends, adminPort, weight = 1 }: Setting): string {
  const entries = backends.map(
    (address, index) => `      - { url: "http://${address}", weight: ${index % 2 === 0 ? weight : 1} }`,
  );
  const admin = adminPort === undefined ? '' : `admin: { address: "127.0.0.1:${adminPort}" }\n`;
  return `version: 1
workers: 1
stateFile: false
listeners: { web: { address: "127.0.0.1:${port}" } }
${admin}pools:
  web:
    policy: weighted-round-robin
    backends:
${entries.join('\n')}
`;
}

interface Program {
  readonly pid: number;
  readonly port: number;
  readonly adminPort: number;
  readonly configFile: string;
  /** From the start of the process to the last byte of the first answer through it. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** Makes the package as it is published; answers its command. */
async function makePackage(directory: string): Promise<string> {
  const folder = path.join(directory, 'package');
  await promisify(execFile)(process.execPath, [path.join(ROOT, 'scripts/package.mjs'), folder]);
  return path.join(folder, 'bin/ballast');
}

async function startProgram(directory: string, backends: readonly string[], command = COMMAND): Promise<Program> {
  const [port = 0, adminPort = 0] = await freePorts(2);
  const configFile = path.join(directory, 'ballast.yaml');
  writeFileSync(configFile, configText({ port, adminPort, backends }));
  const run = pinned({ command, args: ['run', '-c', configFile] }, PROXY_CORE);
  const startedMs = performance.now();
  const child = spawn(run.command, run.args, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  process.once('exit', () => child.kill('SIGKILL'));
  while ((await statusOf(port, '/64b')) !== 200) {
    if (performance.now() - startedMs > 30_000 || child.exitCode !== null) throw new Error('it does not serve');
    await sleep(2);
  }
  return {
    pid: child.pid ?? 0,
    port,
    adminPort,
    configFile,
    startMs: performance.now() - startedMs,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Status of a GET on a connection of its own, once its body has come; 0 where there is no answer. */
function statusOf(port: number, target: string): Promise<number> {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, path: target, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', () => resolve(0));
  });
}

/** With three backends, or as many as are wanted, for as long as `use` takes. */
async function withBackends<Value>(
  directory: string,
  count: number,
  use: (addresses: readonly string[]) => Promise<Value>,
): Promise<Value> {
  const backends = await startBackends(directory, count, false);
  try {
    return await use(backends.addresses);
  } finally {
    await backends.stop();
  }
}

const medianOf = (values: readonly number[]): string => spreadOf(values)?.median.toFixed(0) ?? '–';

async function measureStart(directory: string): Promise<Pick<FigureResult, 'values' | 'notes'>> {
  const packaged = await makePackage(directory);
  return withBackends(directory, 3, async (addresses) => {
    const startsOf = async (command: string): Promise<number[]> => {
      const values: number[] = [];
      for (let run = 0; run <= RUNS; run++) {
        const program = await startProgram(directory, addresses, command);
        // The first run compiles what the others find compiled.
        if (run > 0) values.push(program.startMs);
        await program.stop();
      }
      return values;
    };
    const values = await startsOf(packaged);
    return {
      values,
      notes: `the package; a checkout, from its sources: ${medianOf(await startsOf(COMMAND))} ms`,
    };
  });
}

const SETTLE_MS = 3_000;

async function measureResident(directory: string): Promise<Pick<FigureResult, 'values' | 'notes'>> {
  const packaged = await makePackage(directory);
  return withBackends(directory, 3, async (addresses) => {
    /** After the start, and once somebody has looked at the dashboard. */
    const residentOf = async (command: string): Promise<[atRest: number, inUse: number]> => {
      const program = await startProgram(directory, addresses, command);
      const resident = (): number => usageOf(program.pid).residentBytes / MEGABYTE;
      await sleep(SETTLE_MS);
      const atRest = resident();
      await statusFrom(program.adminPort);
      await statusOf(program.adminPort, '/');
      await sleep(SETTLE_MS);
      const inUse = resident();
      await program.stop();
      return [atRest, inUse];
    };
    const runs: [number, number][] = [];
    for (let run = 0; run < 3; run++) runs.push(await residentOf(packaged));
    const inUse = medianOf(runs.map(([, used]) => used));
    const [sources, sourcesInUse] = (await residentOf(COMMAND)).map((value) => value.toFixed(0));
    const notes = `the package; ${inUse} MB once the dashboard was asked for; a checkout: ${sources} and ${sourcesInUse} MB`;
    return { values: runs.map(([atRest]) => atRest), notes };
  });
}

/** With those before them they must fit into the descriptors that a usual limit leaves a worker. */
const IDLE_CONNECTIONS = 4_000;

/** Connections that have had one answer and wait. */
async function openIdle(port: number, count: number): Promise<net.Socket[]> {
  const sockets: net.Socket[] = [];
  for (let index = 0; index < count; index++) {
    sockets.push(
      await new Promise<net.Socket>((resolve, reject) => {
        const socket = net.connect({ port, host: '127.0.0.1' });
        socket.once('connect', () => socket.write('GET /64b HTTP/1.1\r\nHost: a.example\r\n\r\n'));
        socket.once('data', () => resolve(socket));
        socket.once('error', reject);
      }),
    );
  }
  return sockets;
}

async function measureIdle(directory: string): Promise<Pick<FigureResult, 'values' | 'notes'>> {
  return withBackends(directory, 3, async (addresses) => {
    const program = await startProgram(directory, addresses);
    const values: number[] = [];
    const all: net.Socket[] = [];
    try {
      // The first ones pay for code and buffers.
      all.push(...(await openIdle(program.port, IDLE_CONNECTIONS / 4)));
      await sleep(SETTLE_MS);
      const before = usageOf(program.pid).residentBytes;
      all.push(...(await openIdle(program.port, IDLE_CONNECTIONS)));
      await sleep(SETTLE_MS);
      values.push((usageOf(program.pid).residentBytes - before) / IDLE_CONNECTIONS / 1000);
    } finally {
      for (const socket of all) socket.destroy();
      await program.stop();
    }
    return { values, notes: `${IDLE_CONNECTIONS.toLocaleString('en-US')} connections, resident memory of all threads` };
  });
}

interface Status {
  readonly revision: number;
  readonly workers: readonly { readonly loopDelayMs: number }[];
}

async function statusFrom(port: number): Promise<Status> {
  return (await (await fetch(`http://127.0.0.1:${port}/api/v1/status`)).json()) as Status;
}

const RELOADS = 10;
const MANY_BACKENDS = 999;

/** The longest that a worker's event loop stood still in a second with a reload under load. */
async function measureReload(directory: string): Promise<Pick<FigureResult, 'values' | 'notes'>> {
  return withBackends(directory, MANY_BACKENDS, async (backends) => {
    const program = await startProgram(directory, backends);
    const generator = loadGenerator(directory, false);
    const scenario = SCENARIOS.find(({ name }) => name === 'small');
    if (scenario === undefined) throw new Error('no scenario small');
    const { port, adminPort, configFile, pid } = program;
    const load = generator.run(port, scenario, RELOADS * 2 + 6);
    const stallMs = async (): Promise<number> =>
      Math.max(...(await statusFrom(adminPort)).workers.map((worker) => worker.loopDelayMs));
    const values: number[] = [];
    const calm: number[] = [];
    try {
      await sleep(3_000);
      for (let second = 0; second < 3; second++) {
        calm.push(await stallMs());
        await sleep(1_000);
      }
      for (let reload = 0; reload < RELOADS; reload++) {
        const { revision } = await statusFrom(adminPort);
        writeFileSync(configFile, configText({ port, adminPort, backends, weight: 2 + (reload % 2) }));
        process.kill(pid, 'SIGHUP');
        let most = 0;
        for (const endMs = performance.now() + 2_000; performance.now() < endMs; await sleep(100)) {
          most = Math.max(most, await stallMs());
        }
        if ((await statusFrom(adminPort)).revision === revision) throw new Error('the reload was not carried out');
        values.push(most);
      }
      const { requests, errors } = await load;
      const lost = `${errors} of ${requests.toLocaleString('en-US')} requests lost`;
      return { values, notes: `${lost}; ${Math.max(...calm).toFixed(1)} ms in seconds without one` };
    } finally {
      await load.catch(() => {});
      await program.stop();
    }
  });
}

async function measureDashboard(): Promise<Pick<FigureResult, 'values' | 'notes'>> {
  const file = path.join(import.meta.dirname, 'micro/live-channel.ts');
  const { command, args } = pinned({ command: process.execPath, args: [file] }, OTHER_CORE);
  const { stdout } = await promisify(execFile)(command, args);
  const share = (name: string): number =>
    Number(new RegExp(`^${name}: .*?([\\d.]+) % of a core`, 'm').exec(stdout)?.[1]);
  return { values: [share('10 pages')], notes: `${share('no page')} % without a page; half of them show a pool` };
}

export const FIGURES: readonly Figure[] = [
  {
    name: 'idle-memory',
    summary: 'Memory of an idle kept-alive client connection.',
    unit: 'KB',
    goal: 2.5,
    measure: measureIdle,
  },
  {
    name: 'resident',
    summary: 'Resident memory three seconds after the start, one worker, control plane included.',
    unit: 'MB',
    goal: 90,
    measure: measureResident,
  },
  {
    name: 'start',
    summary: 'From the start of `ballast run` to the first proxied answer.',
    unit: 'ms',
    goal: 300,
    measure: measureStart,
  },
  {
    name: 'reload',
    summary: 'The longest stall of a worker in a reload of 1,000 backends under full load.',
    unit: 'ms',
    goal: 50,
    measure: measureReload,
  },
  {
    name: 'dashboard',
    summary: 'What ten open dashboards cost the control plane, with 1,000 busy backends in 50 pools.',
    unit: '% of a core',
    goal: 2,
    measure: measureDashboard,
  },
];
