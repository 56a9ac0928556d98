/**
 * What the operating system knows of this process, under the names that every Prometheus client
 * uses. Called by `metrics.ts` for every scrape. Figures that a platform does not give are left
 * out, never invented.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import type { ThreadFigures } from '../../protocol/process.ts';
import type { MetricsText } from './metrics-text.ts';

/** The main thread: how it did in the last second, and the garbage that it has collected since the start. */
export interface MainThread {
  readonly gcSeconds: number;
  controlPlane(): ThreadFigures;
}

/** Counters and gauges of the main thread, beside those of the workers. */
export function writeControlPlane(text: MetricsText, main: MainThread): void {
  const { user, system } = process.threadCpuUsage();
  const { loopDelayMs, loopDelayP99Ms, loopBusy, heapLimitBytes } = main.controlPlane();
  const single = (name: string, type: 'counter' | 'gauge', help: string, value: number): void =>
    text.single(`ballast_control_plane_${name}`, type, help, value);
  single('cpu_seconds_total', 'counter', 'Processor time of the main thread.', (user + system) / 1e6);
  single('gc_seconds_total', 'counter', 'Time that it stood still for collecting garbage.', main.gcSeconds);
  single('loop_busy_ratio', 'gauge', 'Share of the last second that the main thread was busy.', loopBusy);
  single('loop_delay_seconds', 'gauge', 'Longest turn of its event loop in the last second.', loopDelayMs / 1000);
  single(
    'loop_delay_p99_seconds',
    'gauge',
    '99th percentile of the delays of its event loop in the last second.',
    loopDelayP99Ms / 1000,
  );
  single('heap_limit_bytes', 'gauge', 'Most JavaScript heap that it may have.', heapLimitBytes);
}

export function writeProcessMetrics(text: MetricsText): void {
  const { user, system } = process.cpuUsage();
  text.single('process_cpu_seconds_total', 'counter', 'CPU time of all threads.', (user + system) / 1e6);
  const residentBytes = readResidentBytes();
  if (residentBytes !== null) text.single('process_resident_memory_bytes', 'gauge', 'Resident memory.', residentBytes);
  const { used_heap_size: heapBytes } = getHeapStatistics();
  text.single('nodejs_heap_size_used_bytes', 'gauge', 'JavaScript heap in use, main thread.', heapBytes);
  text.single('process_start_time_seconds', 'gauge', 'Start, seconds since the epoch.', performance.timeOrigin / 1000);
  const openFds = countOpenFiles();
  if (openFds !== null) text.single('process_open_fds', 'gauge', 'Open file descriptors.', openFds);
  const maxFds = readMaxFiles();
  if (maxFds !== null) text.single('process_max_fds', 'gauge', 'Most file descriptors that may be open.', maxFds);
}

/** Node opens a file for it, and throws where no descriptor is left. */
export function readResidentBytes(): number | null {
  try {
    return process.memoryUsage.rss();
  } catch {
    return null;
  }
}

/** Linux only. About 1 ms for 5,000 open connections. */
export function countOpenFiles(): number | null {
  try {
    // Reading the directory takes a descriptor itself.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return null;
  }
}

function readMaxFiles(): number | null {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}
