/**
 * A whole balancer as a process, on free ports, with its config file in the test's hands: the file
 * can be written anew and reloaded by SIGHUP, and the process can be stopped and started again.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { LiveEvent } from '../../src/protocol/dashboard.ts';
import { AdminClient } from './admin-client.ts';
import type { Cleanup } from './cleanup.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { type Program, type Surroundings, startProgram } from './program.ts';

const START_LIMIT_MS = 30_000;
const RELOAD_LIMIT_MS = 30_000;
const RELOAD_KINDS: readonly string[] = ['config-reloaded', 'reload-refused'];

/** A config file without what the harness fills in; a setting here overrides what it would. */
export type Settings = Readonly<Record<string, unknown>>;

export interface BackendEntry {
  readonly name: string;
  readonly port: number;
}

/** Quick checks, so that tests need not wait for the default pace. */
export const QUICK_HEALTH = {
  path: '/healthz',
  interval: '1s',
  fastInterval: '200ms',
  timeout: '1s',
  rise: 2,
  fall: 3,
};

/** One pool `web`; its backends need nothing but a name and a port on 127.0.0.1. */
export function poolOf(backends: readonly BackendEntry[], more: Settings = {}): Record<string, unknown> {
  return {
    backends: backends.map(({ name, port, ...rest }) => ({ name, url: `http://127.0.0.1:${port}`, ...plain(rest) })),
    ...more,
  };
}

/** Only what a config file knows: an `HttpBackend` has more to it than its name and port. */
function plain(rest: object): Record<string, unknown> {
  const { weight, maxConnections } = rest as { weight?: number; maxConnections?: number };
  return { ...(weight === undefined ? {} : { weight }), ...(maxConnections === undefined ? {} : { maxConnections }) };
}

/** What few tests ask for. */
export interface More extends Surroundings {
  /** Further arguments of `ballast run`. */
  readonly args?: readonly string[];
}

export class BalancerProgram {
  readonly port: number;
  readonly admin: AdminClient;
  readonly configFile: string;
  program: Program;
  readonly #cleanup: Cleanup;
  readonly #env: NodeJS.ProcessEnv;
  readonly #more: More;

  constructor(
    cleanup: Cleanup,
    configFile: string,
    port: number,
    adminPort: number,
    env: NodeJS.ProcessEnv,
    more: More,
  ) {
    this.#cleanup = cleanup;
    this.#more = more;
    this.port = port;
    this.admin = new AdminClient(adminPort);
    this.configFile = configFile;
    // With the runtime of the tests first on the PATH, the process is the balancer itself and not
    // a parent that passes signals on: tests kill it and look at its memory.
    this.#env = { PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}`, BALLAST_ADMIN_TOKEN: '', ...env };
    this.program = this.#launch();
  }

  #launch(): Program {
    const args = ['run', '-c', this.configFile, ...(this.#more.args ?? [])];
    return startProgram(this.#cleanup, args, this.#env, this.#more);
  }

  get pid(): number {
    return this.program.child.pid ?? 0;
  }

  /** Resolves when it has said that it serves, which is when all of its workers accept. */
  async untilServing(): Promise<void> {
    await eventually(
      () => `the balancer to serve\n${this.program.log}`,
      () => {
        if (this.program.exit !== null) throw new Error(`ended with ${this.program.exit}\n${this.program.log}`);
        return this.program.stderr.includes('dashboard and admin API on');
      },
      START_LIMIT_MS,
    );
  }

  /** Starts the process again after it has ended. */
  async startAgain(): Promise<void> {
    this.program = this.#launch();
    await this.untilServing();
  }

  /** Writes the config file anew; nothing is reloaded. */
  async write(settings: Settings): Promise<void> {
    await writeFile(this.configFile, this.textOf(settings));
  }

  /** What `write` writes. */
  textOf(settings: Settings): string {
    return JSON.stringify(withDefaults(settings, this.port, this.admin.port), null, 2);
  }

  /** SIGHUP; resolves with the event that says how it went. */
  async reload(): Promise<LiveEvent> {
    const before = (await this.admin.events()).at(-1)?.id ?? 0;
    this.program.signal('SIGHUP');
    let told: LiveEvent | undefined;
    await eventually(
      () => `the reload to be told\n${this.program.log}`,
      async () => {
        told = (await this.admin.events()).find(({ id, kind }) => id > before && RELOAD_KINDS.includes(kind));
        return told !== undefined;
      },
      RELOAD_LIMIT_MS,
    );
    if (told === undefined) throw new Error('unreachable');
    return told;
  }

  /** Writes the file and reloads it; rejects where it is refused. */
  async reloadWith(settings: Settings): Promise<void> {
    await this.write(settings);
    const { kind, text } = await this.reload();
    if (kind !== 'config-reloaded') throw new Error(`${kind}: ${text}\n${this.program.log}`);
  }
}

function withDefaults(settings: Settings, port: number, adminPort: number): Record<string, unknown> {
  return {
    version: 1,
    workers: 2,
    listeners: { web: { address: `127.0.0.1:${port}` } },
    admin: { address: `127.0.0.1:${adminPort}` },
    ...settings,
  };
}

/** Two workers, listener `web`, an open admin API, and what `settings` say. Resolves when it serves. */
export async function runBalancer(
  cleanup: Cleanup,
  settings: Settings,
  env: NodeJS.ProcessEnv = {},
  more: More = {},
): Promise<BalancerProgram> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ballast-test-'));
  cleanup.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const configFile = path.join(folder, 'ballast.yaml');
  await writeFile(configFile, JSON.stringify(withDefaults(settings, port, adminPort), null, 2));
  const balancer = new BalancerProgram(cleanup, configFile, port, adminPort, env, more);
  await balancer.untilServing();
  return balancer;
}
