/** What a running process costs, by the kernel's own books. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

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

/** The sockets of the process that are in a state of `/proc/net/tcp`, by their inodes. */
export function socketsOf(pid: number, state: string): Set<string> {
  const owned = new Set(
    readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
      } catch {
        return undefined;
      }
    }),
  );
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, , , shown, , , , , , inode]) => (shown === state && inode !== undefined ? [inode] : []))
    .filter((inode) => owned.has(inode));
  return new Set(inodes);
}

/** Sockets whose other side has ended and that have not: one that stays is a leak. */
export const CLOSE_WAIT = '08';
