/**
 * What the operating system knows of this process, under the names that every Prometheus client
 * uses. Called by `metrics.ts` for every scrape. Figures that a platform does not give are left
 * out, never invented.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import type { MetricsText } from './metrics-text.ts';

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
function readResidentBytes(): number | null {
  try {
    return process.memoryUsage.rss();
  } catch {
    return null;
  }
}

/** Linux only. About 1 ms for 5,000 open connections. */
function countOpenFiles(): number | null {
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
