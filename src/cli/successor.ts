/**
 * Starts a new process of this program that inherits the listening sockets of this one: the same
 * command line and environment, and the program as it is on disk now. Used by `serve`.
 */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Successor, SuccessorEvents } from '../control-plane/handover/handover.ts';
import {
  type FromSuccessor,
  HANDOVER_VARIABLE,
  HANDOVER_VERSION,
  type Handover,
  type InheritedSocket,
} from '../protocol/handover.ts';

/** Behind stdin, stdout, stderr and the channel. */
const FIRST_SOCKET = 4;

/** Throws, with one sentence, where there can be no new process. */
export function launchSuccessor(sockets: readonly InheritedSocket[], events: SuccessorEvents): Successor {
  if (process.pid === 1) {
    throw new Error(
      'this is process 1 of a container, which ends with it: let the orchestrator start another container',
    );
  }
  if (process.connected) {
    throw new Error(`process ${process.ppid} started this one and ends with it: run it with Node 22.15 or newer`);
  }
  const script = process.argv[1];
  if (script === undefined) throw new Error('nothing says which program this is');
  const handover: Handover = {
    version: HANDOVER_VERSION,
    sockets: sockets.map((socket, place) => ({ ...socket, fd: FIRST_SOCKET + place })),
  };
  const child = spawn(runtimeOf(script), [...process.execArgv, script, ...process.argv.slice(2)], {
    env: { ...process.env, [HANDOVER_VARIABLE]: JSON.stringify(handover) },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc', ...sockets.map(({ fd }) => fd)],
  });
  child.on('message', (message) => events.onMessage(message as FromSuccessor));
  // Also where it could not be started at all, and where it could not be sent something.
  child.on('error', (error) => {
    if (child.pid === undefined) events.onEnd(error.message);
  });
  child.on('exit', (code, signal) => events.onEnd(`it ended with ${code === null ? signal : `exit code ${code}`}`));
  return {
    pid: child.pid ?? 0,
    send: (message) => void child.send(message, () => {}),
    kill: () => void child.kill('SIGKILL'),
    release: () => {
      if (child.connected) child.disconnect();
      child.unref();
    },
  };
}

/**
 * The runtime that the program on disk would choose. It has to be entered at once: one that
 * replaces itself by another would lose the inherited sockets on the way.
 */
function runtimeOf(script: string): string {
  const root = path.join(realpathSync(script), '..', '..');
  const file = path.join(root, 'bin', 'pinned-runtime.js');
  if (!existsSync(file)) return process.execPath;
  const pinnedRuntime = createRequire(file)(file) as (root: string) => string | null;
  return pinnedRuntime(root) ?? process.execPath;
}
