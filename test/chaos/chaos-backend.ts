/**
 * A signing backend as a process: killed without warning, frozen, started again on the same port.
 * What it noted survives it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Cleanup } from '../harness/cleanup.ts';
import { within } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import type { BackendRecord } from './records.ts';

const PROGRAM = new URL('./signing-process.ts', import.meta.url).pathname;
const START_LIMIT_MS = 30_000;

export class ChaosBackend {
  readonly name: string;
  readonly port: number;
  readonly #logFile: string;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | null = null;

  constructor(name: string, port: number, logFile: string, env: NodeJS.ProcessEnv) {
    this.name = name;
    this.port = port;
    this.#logFile = logFile;
    this.#env = env;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const env = {
      ...process.env,
      ...this.#env,
      SERVER_NAME: this.name,
      SERVER_PORT: String(this.port),
      LOG_FILE: this.#logFile,
    };
    const child = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child = child;
    await within(`backend ${this.name} to listen`, START_LIMIT_MS, once(child, 'message'));
  }

  /** SIGKILL: nothing is finished or closed in order. Resolves when it is gone. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** SIGTERM: what it has is answered first. Resolves when it is gone. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** Stands still, with all its connections open, until `thaw`. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }

  /** All that it and its predecessors have noted. */
  records(): BackendRecord[] {
    const lines = readFileSync(this.#logFile, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as BackendRecord);
  }

  /** Forgets what was noted. */
  async forget(): Promise<void> {
    await writeFile(this.#logFile, '');
  }
}

/** Starts one on a port of its own; it is killed when the test ends. @param env see `signing-process.ts` */
export async function startChaosBackend(
  cleanup: Cleanup,
  name: string,
  env: NodeJS.ProcessEnv = {},
): Promise<ChaosBackend> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ballast-chaos-'));
  cleanup.after(() => rm(folder, { recursive: true, force: true }));
  const logFile = path.join(folder, `${name}.log`);
  await writeFile(logFile, '');
  const backend = new ChaosBackend(name, await freePort(), logFile, env);
  cleanup.after(() => backend.kill());
  await backend.start();
  return backend;
}

/** Starts one for each name. */
export function startChaosBackends(cleanup: Cleanup, names: readonly string[]): Promise<ChaosBackend[]> {
  return Promise.all(names.map((name) => startChaosBackend(cleanup, name)));
}
