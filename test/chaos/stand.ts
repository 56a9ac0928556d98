/**
 * The stand of a chaos run: signing backends, each behind a fault proxy, the real program with an
 * access log, and one more fault proxy that clients can go through. It hands out the evidence.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BalancerProgram, poolOf, QUICK_HEALTH, runBalancer, type Settings } from '../harness/balancer-program.ts';
import type { Cleanup } from '../harness/cleanup.ts';
import { eventually } from '../harness/eventually.ts';
import { type ChaosBackend, startChaosBackends } from './chaos-backend.ts';
import { type Climate, PLAIN_CLIMATE } from './climates.ts';
import { type Figures, judgeCounters, judgeRest } from './counter-rules.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import type { Evidence } from './judge.ts';
import type { BackendRecord, ClientRecord, LogLine } from './records.ts';

/** `retry.attempts` of the pool. */
export const ATTEMPTS = 3;
const REST_LIMIT_MS = 20_000;
/** Within that the access log is written. */
const LOG_MS = 300;
/** Within that a backend has noted the end of its connections. */
const NOTE_MS = 200;

/** Short limits, so that a silent peer costs a second and not half a minute. */
export const HASTE: Settings = {
  health: { ...QUICK_HEALTH, timeout: '500ms' },
  retry: { attempts: ATTEMPTS },
  timeouts: { connect: '500ms', responseHead: '1s', bodyIdle: '1s' },
};
/** The time limits of every day, and checks that a busy machine does not fail: what is slow is not lost. */
export const PATIENCE: Settings = {
  health: { ...QUICK_HEALTH, interval: '3s', timeout: '3s' },
  timeouts: { connect: '2s' },
};
const CLIENT_HASTE: Settings = {
  requestHeadTimeout: '3s',
  bodyIdleTimeout: '2s',
  writeIdleTimeout: '5s',
};

export interface StandOptions {
  readonly names?: readonly string[];
  /** Without fault proxies between the balancer and its backends. */
  readonly isDirect?: boolean;
  /** Settings of the pool in place of those of `HASTE`. */
  readonly pool?: Settings;
  /** Settings of the whole file. */
  readonly settings?: Settings;
  readonly env?: NodeJS.ProcessEnv;
}

export class Stand {
  readonly backends: readonly ChaosBackend[];
  /** One a backend, in the same order. */
  readonly proxies: readonly FaultProxy[];
  readonly balancer: BalancerProgram;
  /** Between clients and the balancer. */
  readonly front: FaultProxy;
  /** Under which settings it runs: those of the options, and these over them. */
  climate: Climate = PLAIN_CLIMATE;
  readonly #logFile: string;
  readonly #options: StandOptions;
  #before: Figures;

  private constructor(
    parts: Pick<Stand, 'backends' | 'proxies' | 'balancer' | 'front'>,
    logFile: string,
    options: StandOptions,
    before: Figures,
  ) {
    this.backends = parts.backends;
    this.proxies = parts.proxies;
    this.balancer = parts.balancer;
    this.front = parts.front;
    this.#logFile = logFile;
    this.#options = options;
    this.#before = before;
  }

  static async start(cleanup: Cleanup, options: StandOptions = {}): Promise<Stand> {
    const backends = await startChaosBackends(cleanup, options.names ?? ['a', 'b', 'c']);
    const proxies = await Promise.all(backends.map(({ port }) => startFaultProxy(cleanup, port)));
    const folder = await mkdtemp(path.join(os.tmpdir(), 'ballast-chaos-'));
    cleanup.after(() => rm(folder, { recursive: true, force: true }));
    const logFile = path.join(folder, 'access.log');
    const settings = standSettings(backends, proxies, logFile, options);
    const balancer = await runBalancer(cleanup, settings, options.env);
    const front = await startFaultProxy(cleanup, balancer.port);
    await balancer.admin.until(
      'up',
      backends.map(({ name }) => name),
      30_000,
    );
    return new Stand({ backends, proxies, balancer, front }, logFile, options, await figuresOf(balancer));
  }

  /** What the file says; a pool setting here replaces the usual one. */
  settings(pool: Settings = {}): Settings {
    const { backends, proxies, climate } = this;
    const options = { ...this.#options, pool: { ...this.#options.pool, ...climate.pool, ...pool } };
    return standSettings(backends, proxies, this.#logFile, options, climate.maxConnections);
  }

  /** The lines of the access log since the last `begin`. */
  lines(): LogLine[] {
    const lines = readFileSync(this.#logFile, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as LogLine);
  }

  /** What all backends have noted since the last `begin`. */
  seen(): BackendRecord[] {
    return this.backends.flatMap((backend) => backend.records());
  }

  /** Forgets what was written down, and takes the figures to compare with. At rest only. */
  async begin(): Promise<void> {
    // Its last lines are written in the background.
    for (let before = -1; before !== this.lines().length; await delay(LOG_MS)) before = this.lines().length;
    // It is open in append mode: the next line begins at the start.
    writeFileSync(this.#logFile, '');
    for (const backend of this.backends) await backend.forget();
    this.#before = await figuresOf(this.balancer);
  }

  /** Waits until everything has come to rest, as far as it does, and hands out what there is. */
  async evidence(clients: readonly ClientRecord[]): Promise<Evidence> {
    let after = await figuresOf(this.balancer);
    let lines = this.lines();
    const isAtRest = async (): Promise<boolean> => {
      after = await figuresOf(this.balancer);
      lines = this.lines();
      return judgeRest(after).length === 0 && judgeCounters(this.#before, after, lines, false).length === 0;
    };
    // What has not come to rest by then is for the judge to say.
    await eventually('rest', isAtRest, REST_LIMIT_MS).catch(() => {});
    // What a slow wire still carries was given up long ago; its backend must not note it later.
    const wires = [...this.proxies, this.front];
    for (const wire of wires) wire.cut();
    await eventually('the wires to be gone', () => wires.every(({ openCount }) => openCount === 0), REST_LIMIT_MS);
    await delay(NOTE_MS);
    return { clients, lines, seen: this.seen(), before: this.#before, after };
  }
}

async function figuresOf({ admin }: BalancerProgram): Promise<Figures> {
  return { status: await admin.status(), metrics: await admin.metrics() };
}

function standSettings(
  backends: readonly ChaosBackend[],
  proxies: readonly FaultProxy[],
  logFile: string,
  { pool, settings, isDirect = false }: StandOptions,
  maxConnections = 0,
): Settings {
  const entries = backends.map(({ name, port }, index) => ({
    name,
    port: isDirect ? port : (proxies[index]?.port ?? 0),
    ...(maxConnections === 0 ? {} : { maxConnections }),
  }));
  return {
    failureField: 'X-Failure',
    accessLog: { path: logFile },
    client: CLIENT_HASTE,
    pools: { web: poolOf(entries, { ...HASTE, ...pool }) },
    ...settings,
  };
}
