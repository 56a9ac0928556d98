/** What a running process costs, by the kernel's own books. */
import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory in bytes. */
export const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

/** Processor time of all its threads so far, in microseconds. */
export function cpuMicrosOf(pid: number): number {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // The thread has ended meanwhile.
    }
  }
  return nanos / 1000;
}

/** Open file descriptors. */
export const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Sockets in a state of `/proc/net/tcp` that one of the ports is an end of. */
export function socketsIn(state: string, ports: readonly number[]): number {
  const wanted = new Set(ports.map((port) => port.toString(16).toUpperCase().padStart(4, '0')));
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , shown]) => shown === state && wanted.has(local.slice(-4))).length;
}

/** Sockets whose other side has ended and that have not: one that stays is a leak. */
export const CLOSE_WAIT = '08';
