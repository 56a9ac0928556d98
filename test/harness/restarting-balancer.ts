/**
 * A balancer that is restarted without loss: which of its processes serves is in its pid file. It
 * is started through a link of its own, which a test may break, as an upgrade that went wrong
 * would. Every process that ever served is ended with the test.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { LiveEvent } from '../../src/protocol/dashboard.ts';
import { AdminClient } from './admin-client.ts';
import type { Settings } from './balancer-program.ts';
import type { Cleanup } from './cleanup.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { Program } from './program.ts';

export const BALLAST = new URL('../../bin/ballast', import.meta.url).pathname;
const START_LIMIT_MS = 90_000;

export class RestartingBalancer {
  readonly port: number;
  readonly admin: AdminClient;
  readonly folder: string;
  readonly #cleanup: Cleanup;
  readonly #pids = new Set<number>();
  #program: Program | null = null;

  constructor(cleanup: Cleanup, folder: string, port: number, adminPort: number) {
    this.#cleanup = cleanup;
    this.folder = folder;
    this.port = port;
    this.admin = new AdminClient(adminPort);
  }

  /** Starts the first process; resolves when it serves. */
  async start(env: NodeJS.ProcessEnv): Promise<void> {
    const args = ['run', '-c', this.configFile, '--pid-file', this.pidFile];
    // With the runtime of the tests first on the PATH, the process is the balancer itself.
    const PATH = `${path.dirname(process.execPath)}:${process.env['PATH']}`;
    const child = spawn(this.command, args, {
      env: { ...process.env, PATH, BALLAST_ADMIN_TOKEN: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#program = new Program(child);
    if (child.pid !== undefined) this.#pids.add(child.pid);
    this.#cleanup.after(() => this.#end());
    await this.untilServing();
  }

  /** The first process; all that follow write to its stderr. */
  get program(): Program {
    if (this.#program === null) throw new Error('not started');
    return this.#program;
  }

  /** What `ballast` is to this balancer: a link that a test may replace. */
  get command(): string {
    return path.join(this.folder, 'ballast');
  }

  get configFile(): string {
    return path.join(this.folder, 'ballast.yaml');
  }

  get pidFile(): string {
    return path.join(this.folder, 'ballast.pid');
  }

  /** Of the process that serves; 0 before the first one does. */
  get pid(): number {
    try {
      const pid = Number.parseInt(readFileSync(this.pidFile, 'utf8'), 10);
      this.#pids.add(pid);
      return pid;
    } catch {
      return 0;
    }
  }

  /** Processes that served once and still finish something. */
  draining(): number[] {
    const { pid } = this;
    return [...this.#pids].filter((other) => other !== pid && isAlive(other));
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  async write(settings: Settings): Promise<void> {
    const text = JSON.stringify({
      version: 1,
      workers: 2,
      listeners: { web: { address: `127.0.0.1:${this.port}` } },
      admin: { address: `127.0.0.1:${this.admin.port}` },
      ...settings,
    });
    await writeFile(this.configFile, text);
  }

  /** Resolves when a process other than `before` serves. */
  async untilServing(before = 0): Promise<void> {
    await eventually(
      () => `a process other than ${before} to serve\n${this.program.log}`,
      () => ![0, before].includes(this.pid),
      START_LIMIT_MS,
    );
  }

  /** SIGUSR2; resolves when the next process serves, and the one before answers nobody new. */
  async restart(): Promise<void> {
    const { pid } = this;
    this.signal('SIGUSR2');
    await this.untilServing(pid);
    const isDraining = new RegExp(`"pid":${pid},.*"kind":"draining"`);
    await eventually(`process ${pid} to drain`, () => isDraining.test(this.program.stderr), START_LIMIT_MS);
  }

  /** SIGUSR2; resolves with the event that says why the old process goes on. */
  async restartInVain(kind: string): Promise<LiveEvent> {
    const known = (await this.admin.eventsOf(kind)).length;
    this.signal('SIGUSR2');
    let told: LiveEvent | undefined;
    await eventually(
      () => `${kind} to be told\n${this.program.log}`,
      async () => {
        told = (await this.admin.eventsOf(kind))[known];
        return told !== undefined;
      },
      START_LIMIT_MS,
    );
    if (told === undefined) throw new Error('unreachable');
    return told;
  }

  /** Resolves when no process but the one that serves is left. */
  async untilAlone(limitMs = START_LIMIT_MS): Promise<void> {
    await eventually(
      () => `the old processes to end: ${this.draining().join(', ')}\n${this.program.log}`,
      () => this.draining().length === 0,
      limitMs,
    );
  }

  async #end(): Promise<void> {
    // One that has just begun to serve is known by its file only.
    const isAnyAlive = (): boolean => {
      void this.pid;
      const alive = [...this.#pids].filter(isAlive);
      for (const pid of alive) kill(pid);
      return alive.length > 0;
    };
    await eventually('all processes to end', () => !isAnyAlive(), START_LIMIT_MS);
  }
}

/** Two workers unless `settings` say otherwise. Resolves when it serves. */
export async function runRestartingBalancer(
  cleanup: Cleanup,
  settings: Settings,
  env: NodeJS.ProcessEnv = {},
): Promise<RestartingBalancer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ballast-test-'));
  cleanup.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const balancer = new RestartingBalancer(cleanup, folder, await freePort(), await freePort());
  await symlink(BALLAST, balancer.command);
  await balancer.write(settings);
  await balancer.start(env);
  return balancer;
}

/** Not so for one that has ended and that nobody has asked for its exit code. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
