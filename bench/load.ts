/**
 * Puts a scenario's load on a port for a fixed time. For a closed loop `wrk` where it is installed,
 * since it costs the least, else our own generator; requests by the clock and messages always by
 * our own. All run on the core of the backends, never on the proxy's.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { BOTH_CORES, type Command, OTHER_CORE, pinned, versionBy } from './processes.ts';
import type { Scenario } from './scenarios.ts';

export interface LoadResult {
  /** Answers with status 2xx or 3xx. */
  readonly requests: number;
  /** Everything else: other statuses, connections refused or cut, answers that took too long. */
  readonly errors: number;
  readonly seconds: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

export interface LoadGenerator {
  /** Program and version, for the report. */
  readonly program: string;
  /** `perSecond` is for loads by the clock. */
  run(port: number, scenario: Scenario, seconds: number, perSecond?: number): Promise<LoadResult>;
}

/** The best generator that is installed; `directory` takes the script that wrk needs for a POST. */
export function loadGenerator(directory: string, isOwnWanted: boolean): LoadGenerator {
  const version = isOwnWanted ? null : versionBy('wrk', ['-v'], /wrk (\S+)/);
  if (version === null) {
    return {
      program: `bench/load-generator.ts on Node ${process.versions.node}`,
      run: runOwn,
    };
  }
  return {
    program: `wrk ${version}`,
    run: async (port, scenario, seconds, perSecond) =>
      scenario.load === 'closed'
        ? parseWrk(await outputOf(wrkCommand(port, scenario, seconds, directory), seconds, scenario))
        : runOwn(port, scenario, seconds, perSecond),
  };
}

const OWN = { closed: 'load-generator.ts', paced: 'paced-load.ts', messages: 'message-load.ts' } as const;

async function runOwn(port: number, scenario: Scenario, seconds: number, perSecond = 0): Promise<LoadResult> {
  const file = path.join(import.meta.dirname, OWN[scenario.load]);
  const args = [file, String(port), scenario.name, String(seconds), String(perSecond)];
  return JSON.parse(await outputOf({ command: process.execPath, args }, seconds, scenario)) as LoadResult;
}

function wrkCommand(port: number, scenario: Scenario, seconds: number, directory: string): Command {
  const args = [
    scenario.isPinned ? '-t1' : '-t2',
    `-c${scenario.connections}`,
    `-d${seconds}s`,
    '--latency',
    '--timeout',
    '5s',
  ];
  if (scenario.closesConnections) args.push('-H', 'Connection: close');
  if (scenario.host !== '127.0.0.1') args.push('-H', `Host: ${scenario.host}`);
  if (scenario.method !== 'GET') {
    const script = path.join(directory, `${scenario.name}.lua`);
    writeFileSync(script, wrkScript(scenario));
    args.push('-s', script);
  }
  return { command: 'wrk', args: [...args, `http://127.0.0.1:${port}${scenario.path}`] };
}

const CHUNK_BYTES = 4096;

/** In chunks wrk writes nothing by itself: the whole request is given as it shall be. */
function wrkScript({ method, path: target, host, requestBytes, isChunked }: Scenario): string {
  if (!isChunked) return `wrk.method = "${method}"\nwrk.body = string.rep("x", ${requestBytes})\n`;
  return `local head = "${method} ${target} HTTP/1.1\\r\\nHost: ${host}\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
local chunk = "${CHUNK_BYTES.toString(16)}\\r\\n" .. string.rep("x", ${CHUNK_BYTES}) .. "\\r\\n"
local whole = head .. string.rep(chunk, ${requestBytes / CHUNK_BYTES}) .. "0\\r\\n\\r\\n"
request = function() return whole end
`;
}

/** Reads wrk's report; throws where it has another shape. */
export function parseWrk(report: string): LoadResult {
  const total = /(\d+) requests in (\S+), /.exec(report);
  if (total === null) throw new Error(`wrk reports no requests: ${report.slice(-300)}`);
  const socketErrors =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(report)?.slice(1) ?? [];
  const badStatuses = Number(/Non-2xx or 3xx responses: (\d+)/.exec(report)?.[1] ?? 0);
  return {
    requests: Number(total[1]) - badStatuses,
    errors: socketErrors.reduce((sum, count) => sum + Number(count), badStatuses),
    seconds: microsOf(total[2]) / 1e6,
    p50Micros: microsOf(/^\s+50%\s+(\S+)/m.exec(report)?.[1]),
    p99Micros: microsOf(/^\s+99%\s+(\S+)/m.exec(report)?.[1]),
  };
}

function microsOf(duration: string | undefined): number {
  const match = /^([\d.]+)(us|ms|s|m|h)$/.exec(duration ?? '');
  if (match === null) throw new Error(`wrk reports "${duration}" where a duration is due`);
  const unit = { us: 1, ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9 }[match[2] as 'us' | 'ms' | 's' | 'm' | 'h'];
  return Number(match[1]) * unit;
}

async function outputOf(command: Command, seconds: number, { isPinned }: Scenario): Promise<string> {
  const { command: file, args } = pinned(command, isPinned ? OTHER_CORE : BOTH_CORES);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + 15_000);
  const end = once(child, 'close');
  const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await end;
  clearTimeout(timer);
  if (child.exitCode !== 0) throw new Error(`${command.command} failed: ${complaint.trim().slice(-300)}`);
  return output;
}
