/** A peer that is installed, or is not, as a process of its own with a folder of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Cleanup } from '../harness/cleanup.ts';
import { eventually } from '../harness/eventually.ts';
import { accepts } from '../harness/program.ts';

/** Where an installed program is; null where it is not. System folders need not be on the PATH. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  const isProgram = (file: string): boolean => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return folders.map((folder) => path.join(folder, name)).find(isProgram) ?? null;
}

/** A folder that is gone when the test ends. */
export async function temporaryFolder(cleanup: Cleanup): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ballast-peer-'));
  cleanup.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface PeerProcess {
  /** All that it has said on its standard output. */
  stdout(): string;
}

/** Starts it in the foreground and waits until it accepts on `port`. */
export async function startPeerProcess(
  cleanup: Cleanup,
  program: string,
  args: readonly string[],
  port: number,
): Promise<PeerProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    stderr += text;
  });
  cleanup.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await eventually(
    () => `${program} to accept: ${stderr}`,
    () => {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${stderr}`);
      return accepts(port);
    },
    10_000,
  );
  return { stdout: () => stdout };
}
