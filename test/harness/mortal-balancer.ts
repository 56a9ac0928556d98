/**
 * A running balancer whose workers a test can harm: `crash-on-file.ts` is preloaded into it.
 */
import { rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { WorkerStatus } from '../../src/protocol/admin-api.ts';
import { type BalancerProgram, type More, poolOf, runBalancer, type Settings } from './balancer-program.ts';
import type { Cleanup } from './cleanup.ts';
import { eventually } from './eventually.ts';
import { type HttpBackend, startHttpBackends } from './http-backends.ts';

const PRELOAD = new URL('./crash-on-file.ts', import.meta.url).href;

/** A stuck worker is ended after so much processor time, which may be long in coming. */
const REPLACE_LIMIT_MS = 120_000;

export interface MortalBalancer {
  readonly balancer: BalancerProgram;
  readonly backends: readonly HttpBackend[];
  /** Lets a worker thread do something to itself: see `crash-on-file.ts`. Resolves when it has heard. */
  readonly harm: (worker: number, deed?: string) => Promise<void>;
  readonly workerStatus: (worker: number) => Promise<WorkerStatus>;
  /** Resolves when the thread runs that has come after so many others. */
  readonly untilReplaced: (worker: number, restarts: number) => Promise<void>;
  /** Answers to `/slow` wait here. */
  readonly held: (() => void)[];
}

/**
 * Two backends, `a` and `b`, by least connections, and two workers unless the settings say otherwise.
 * @param more see `runBalancer`
 */
export async function startMortalBalancer(
  cleanup: Cleanup,
  settings: Settings = {},
  more: More = {},
): Promise<MortalBalancer> {
  const held: (() => void)[] = [];
  const backends = await startHttpBackends(cleanup, ['a', 'b'], {
    handle(request, response, { name }) {
      if (request.url === '/slow') held.push(() => response.end(name));
      else response.end(name);
    },
  });
  const file = path.join(os.tmpdir(), `ballast-crash-${process.pid}-${backends[0]?.port}`);
  // What a worker that was too busy to look has left.
  cleanup.after(async () => {
    for (const worker of [0, 1]) await rm(`${file}.${worker}`, { force: true });
  });
  const balancer = await runBalancer(
    cleanup,
    { pools: { web: poolOf(backends, { policy: 'least-connections' }) }, ...settings },
    { NODE_OPTIONS: `--import=${PRELOAD}`, CRASH_FILE: file },
    more,
  );
  const workerStatus = async (worker: number): Promise<WorkerStatus> => {
    const status = (await balancer.admin.status()).workers[worker];
    if (status === undefined) throw new Error(`there is no worker ${worker}`);
    return status;
  };
  return {
    balancer,
    backends,
    held,
    workerStatus,
    async harm(worker, deed = 'throw') {
      // In one step: the thread looks at the file all the time.
      await writeFile(`${file}.new`, deed);
      await rename(`${file}.new`, `${file}.${worker}`);
    },
    untilReplaced: (worker, restarts) =>
      eventually(
        `worker ${worker} to be replaced`,
        async () => {
          const status = await workerStatus(worker);
          return status.state === 'running' && status.restarts === restarts;
        },
        REPLACE_LIMIT_MS,
      ),
  };
}
