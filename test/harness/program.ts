/** Runs `bin/ballast` as users do, with a config file of its own, and collects what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { Cleanup } from './cleanup.ts';
import { eventually, within } from './eventually.ts';

const BALLAST = new URL('../../bin/ballast', import.meta.url).pathname;
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 15_000;

export class Program {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  /** Exit code, or the signal's name; null while it runs. */
  exit: number | string | null = null;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    child.on('exit', (code, signal) => {
      this.exit = code ?? signal ?? 'unknown';
    });
  }

  /** Sends a signal and does not wait. */
  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Waits for the end; resolves with the exit code or the signal's name. */
  async ended(limitMs = STOP_LIMIT_MS): Promise<number | string> {
    if (this.exit === null) await within('the end of the program', limitMs, once(this.child, 'exit'));
    return this.exit ?? 'unknown';
  }

  /** SIGTERM and the exit code. */
  async stop(): Promise<number | string> {
    if (this.exit === null) this.signal('SIGTERM');
    return this.ended();
  }

  get log(): string {
    return `stdout:\n${this.stdout}\nstderr:\n${this.stderr}`;
  }
}

/** What surrounds a program. */
export interface Surroundings {
  /** What `ballast` is; left out, that of the checkout. */
  readonly command?: string;
  /** A command of bash that comes first, such as `ulimit -n 64`. */
  readonly before?: string;
  /** Whether what that command mounts is seen by nobody else; for root only. */
  readonly hasOwnMounts?: boolean;
}

/** Starts `ballast` with arguments; it is killed when the test ends. */
export function startProgram(
  cleanup: Cleanup,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  { command = BALLAST, before, hasOwnMounts = false }: Surroundings = {},
): Program {
  const words = [
    ...(hasOwnMounts ? ['unshare', '-m'] : []),
    ...(before === undefined ? [] : ['bash', '-c', `${before} && exec "$@"`, 'bash']),
    command,
    ...args,
  ];
  const child = spawn(words[0] ?? '', words.slice(1), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const program = new Program(child);
  cleanup.after(async () => {
    if (program.exit !== null) return;
    program.signal('SIGKILL');
    await program.ended();
  });
  return program;
}

/** Whether something accepts connections there. */
export function accepts(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export interface RunningProgram {
  readonly program: Program;
  readonly configFile: string;
}

/** `ballast run -c FILE` with `yaml` in a folder of its own; resolves when all `ports` accept. */
export async function runBallast(
  cleanup: Cleanup,
  yaml: string,
  ports: readonly number[],
  env: NodeJS.ProcessEnv = {},
): Promise<RunningProgram> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ballast-test-'));
  const configFile = path.join(folder, 'ballast.yaml');
  await writeFile(configFile, yaml);
  const program = startProgram(cleanup, ['run', '-c', configFile], env);
  cleanup.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await eventually(
    () => `ports ${ports.join(', ')} to accept\n${program.log}`,
    async () => {
      if (program.exit !== null) throw new Error(`ended with ${program.exit} before it was ready\n${program.log}`);
      return (await Promise.all(ports.map((port) => accepts(port)))).every(Boolean);
    },
    START_LIMIT_MS,
  );
  return { program, configFile };
}
