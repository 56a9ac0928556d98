/**
 * A demo backend as a process of its own that can be killed without warning and started again on
 * the same port. It is started without `bin/ballast`, so that a signal reaches it and nobody else.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Cleanup } from './cleanup.ts';
import { within } from './eventually.ts';
import { freePort } from './free-port.ts';

const BACKEND = new URL('../../demo/backend.ts', import.meta.url).pathname;
const START_LIMIT_MS = 20_000;

export class BackendProcess {
  readonly name: string;
  readonly port: number;
  readonly #delayMs: number;
  #child: ChildProcess | null = null;

  constructor(name: string, port: number, delayMs: number) {
    this.name = name;
    this.port = port;
    this.#delayMs = delayMs;
  }

  /** As a config file names it. */
  get entry(): { readonly name: string; readonly url: string } {
    return { name: this.name, url: `http://127.0.0.1:${this.port}` };
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const env = {
      ...process.env,
      SERVER_NAME: this.name,
      SERVER_PORT: String(this.port),
      DELAY_MS: String(this.#delayMs),
      JITTER_MS: '0',
      ERROR_RATE: '0',
    };
    const child = spawn(process.execPath, [BACKEND], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child = child;
    await within(`backend ${this.name} to listen`, START_LIMIT_MS, once(child, 'message'));
  }

  /** SIGKILL: no answer is finished, no connection is closed in order. Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

/** Starts one on a port of its own; it is killed when the test ends. */
export async function startBackendProcess(cleanup: Cleanup, name: string, delayMs = 0): Promise<BackendProcess> {
  const backend = new BackendProcess(name, await freePort(), delayMs);
  cleanup.after(() => backend.kill());
  await backend.start();
  return backend;
}

/** Starts one for each name. */
export function startBackendProcesses(cleanup: Cleanup, names: readonly string[]): Promise<BackendProcess[]> {
  return Promise.all(names.map((name) => startBackendProcess(cleanup, name)));
}
