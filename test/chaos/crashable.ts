/** What makes the workers of a balancer crash on the wish of a test: see `crash-on-file.ts`. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Cleanup } from '../harness/cleanup.ts';

const PRELOAD = new URL('../harness/crash-on-file.ts', import.meta.url).href;

export interface Crashable {
  /** For the balancer. */
  readonly env: NodeJS.ProcessEnv;
  readonly crash: (worker: number) => Promise<void>;
}

export async function crashable(cleanup: Cleanup): Promise<Crashable> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ballast-crash-'));
  cleanup.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'crash');
  return {
    env: { NODE_OPTIONS: `--import=${PRELOAD}`, CRASH_FILE: file },
    async crash(worker) {
      // In one step: the thread looks at the file all the time.
      await writeFile(`${file}.new`, 'throw');
      await rename(`${file}.new`, `${file}.${worker}`);
    },
  };
}
