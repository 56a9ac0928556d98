/**
 * Starts and ends the programs under measurement, each pinned to one core, in a directory of its
 * own under the system's temporary one. Whatever was started is ended by its process id, also when
 * a run is interrupted; nothing is ever ended by name.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The proxy has a core for itself; the load and the backends share the other. */
export const PROXY_CORE = 1;
export const OTHER_CORE = 0;
export const BOTH_CORES = '0,1';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Running {
  readonly pid: number;
  stop(): Promise<void>;
}

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** The command as run on one core, or on several: `0,1`. */
export function pinned({ command, args, env }: Command, core: number | string): Command {
  return { command: 'taskset', args: ['-c', String(core), command, ...args], ...(env === undefined ? {} : { env }) };
}

/**
 * Starts a server on a core and waits until its ports accept. Its output goes to `logFile`, from
 * which the error quotes a line if it does not come up within 10 s.
 */
export async function startServer(
  name: string,
  command: Command,
  core: number | string,
  ports: readonly number[],
  logFile: string,
): Promise<Running> {
  const { command: file, args, env } = pinned(command, core);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  children.add(child);
  const log = createWriteStream(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = once(child, 'close').finally(() => {
    children.delete(child);
    log.end();
  });
  const pid = child.pid;
  if (pid === undefined) {
    await ended.catch(() => {});
    throw new Error(`${name}: ${file} cannot be started`);
  }
  const running: Running = {
    pid,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
      await ended;
      clearTimeout(timer);
    },
  };
  for (const port of ports) {
    if (await accepts(port, () => child.exitCode === null && child.signalCode === null)) continue;
    await running.stop();
    throw new Error(`${name} does not listen on port ${port}: ${complaintIn(readFileSync(logFile, 'utf8'))}`);
  }
  return running;
}

/** The first line that speaks of an error, else the last one. */
function complaintIn(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => /error|\[(emerg|ALERT)\]/i.test(line)) ?? lines.at(-1) ?? 'it says nothing').slice(
    0,
    300,
  );
}

async function accepts(port: number, isAlive: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < 10_000 && isAlive(); waited += 50) {
    const socket = net.connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return true;
    await sleep(50);
  }
  return false;
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = net.createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** The first match of `pattern` in what a program says of itself, or null where it is not installed. */
export function versionBy(command: string, args: readonly string[], pattern: RegExp): string | null {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 5000 });
  if (error !== undefined) return null;
  return pattern.exec(`${stdout}\n${stderr}`)?.[1] ?? null;
}
