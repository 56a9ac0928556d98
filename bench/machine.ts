/** The machine card: what a result depends on and a reader cannot see. */
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import type { Machine } from './results.ts';

export function machineCard(load: string, backends: string): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGib: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    node: process.versions.node,
    load,
    backends,
  };
}

/** The commit that is measured, marked where files differ from it; `unknown` outside a repository. */
export function currentCommit(): string {
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : 'unknown';
}
