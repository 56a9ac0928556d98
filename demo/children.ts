/**
 * The demo's child processes: its backends and its traffic. Used by `fleet.ts` only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A child gets that long to end by itself. */
const STOP_LIMIT_MS = 6000;

const FILES = {
  backend: new URL('./backend.ts', import.meta.url),
  traffic: new URL('./traffic.ts', import.meta.url),
} as const;

/**
 * Starts a file of this folder with Node.
 *
 * A session of its own keeps a Ctrl-C in the terminal away from it: the fleet ends its members in
 * order. The IPC channel ends it when the fleet dies without a chance to do so.
 */
export function startChild(name: keyof typeof FILES, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(FILES[name]), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true,
  });
}

/** Resolves when the child says that it listens; rejects when it ends instead. */
export async function untilReady(child: ChildProcess): Promise<void> {
  const given = new AbortController();
  const ended = once(child, 'exit', { signal: given.signal }).then(() => {
    throw new Error(`process ${child.pid} ended before it was ready`);
  });
  try {
    await Promise.race([once(child, 'message', { signal: given.signal }), ended]);
  } finally {
    given.abort();
    ended.catch(() => {});
  }
}

/** Asks children to end and waits for it; one that does not is killed. */
export async function stopChildren(children: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      child.kill('SIGTERM');
      await once(child, 'exit');
      clearTimeout(timer);
    }),
  );
}
