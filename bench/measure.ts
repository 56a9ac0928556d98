/**
 * What a process and everything below it has used, from `/proc` (Linux).
 *
 * Processor time is that of all threads: a runtime's compiler and collector threads and a control
 * plane count like the thread that does the work. `schedstat` gives it in nanoseconds where `stat`
 * counts in ticks of 10 ms; threads that ended between two readings are lost there, so the larger
 * of both is taken.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks a second in `/proc/PID/stat`: fixed at 100 for user space on Linux. */
const TICKS_PER_SECOND = 100;

export interface Usage {
  /** Processor time since start, microseconds. */
  readonly cpuMicros: number;
  /** Resident memory, bytes; pages shared by several processes count in each. */
  readonly residentBytes: number;
}

/** Usage of a process and all its descendants. */
export function usageOf(rootPid: number): Usage {
  let cpuMicros = 0;
  let residentBytes = 0;
  for (const pid of treeOf(rootPid)) {
    const fields = statOf(pid);
    if (fields === null) continue;
    // Fields 14 and 15 of stat(5): time in user and in kernel mode.
    const ticks = Number(fields[11]) + Number(fields[12]);
    cpuMicros += Math.max((ticks * 1e6) / TICKS_PER_SECOND, scheduledMicros(pid));
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(readOr(`/proc/${pid}/status`, ''))?.[1] ?? '0';
    residentBytes += Number(resident) * 1024;
  }
  return { cpuMicros, residentBytes };
}

/**
 * Processor time that all programs together have used on a core, microseconds. Interrupts are left
 * out: they serve the load as well and belong to nobody.
 */
export function coreMicros(core: number): number {
  const fields = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readOr('/proc/stat', ''))?.[1]?.split(' ') ?? [];
  const [user = 0, nice = 0, system = 0] = fields.map(Number);
  return ((user + nice + system) * 1e6) / TICKS_PER_SECOND;
}

function treeOf(rootPid: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const parent = Number.isInteger(pid) ? Number(statOf(pid)?.[1]) : Number.NaN;
    if (Number.isNaN(parent)) continue;
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid]);
  }
  const tree = [rootPid];
  for (const pid of tree) tree.push(...(childrenOf.get(pid) ?? []));
  return tree;
}

/** The fields of stat(5) from the third (state) on: the second, a name, may hold anything. */
function statOf(pid: number): string[] | null {
  const text = readOr(`/proc/${pid}/stat`, '');
  return text === '' ? null : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function scheduledMicros(pid: number): number {
  let nanos = 0;
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanos += Number(readOr(`/proc/${pid}/task/${thread}/schedstat`, '0').split(' ')[0]);
    }
  } catch {
    return 0; // It has ended, or the kernel keeps no such count.
  }
  return nanos / 1000;
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}
