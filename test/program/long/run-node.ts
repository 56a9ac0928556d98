/** Runs another program of this repository to its end, for long checks that have one already. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Cleanup } from '../../harness/cleanup.ts';

const ROOT = new URL('../../../', import.meta.url).pathname;

export interface Ended {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `node ARGUMENTS`, from the root of the repository. */
export async function runNode(cleanup: Cleanup, argv: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, argv, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  cleanup.after(() => void child.kill('SIGTERM'));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [exit] = (await once(child, 'close')) as [number | null];
  return { exit, stdout, stderr };
}
