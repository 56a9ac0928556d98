/**
 * How much JavaScript heap each worker may have.
 *
 * Called by the balancer at start. A worker can only refuse work in time when its own limit comes
 * before that of the machine, or of the container: the system ends the whole process without a
 * word.
 */
import os from 'node:os';
import type { Config } from '../../config/schema.ts';
import { formatSize } from '../../config/sizes.ts';
import type { Journal } from '../journal.ts';

const MIB = 1024 * 1024;
/** The rest is for buffers, the main thread and the program itself. */
const HEAPS_SHARE = 3 / 4;
/** A worker that has less cannot start in peace. */
const MIN_HEAP_BYTES = 64 * MIB;

/** The heap of each worker, MiB; `memoryBytes` is what the process can have in all. */
export function heapMiBFor(wantedBytes: number, workers: number, memoryBytes: number): number {
  const shareBytes = (memoryBytes * HEAPS_SHARE) / workers;
  return Math.floor(Math.max(MIN_HEAP_BYTES, Math.min(wantedBytes, shareBytes)) / MIB);
}

/** The same by the config, told where it is less than that wants. */
export function shareHeap(config: Config, journal: Journal): number {
  const memoryBytes = processMemoryBytes();
  const heapMiB = heapMiBFor(config.workerHeapBytes, config.workers, memoryBytes);
  if (heapMiB < Math.floor(config.workerHeapBytes / MIB)) {
    const text =
      `each worker has ${heapMiB} MiB of heap instead of workerHeap (${formatSize(config.workerHeapBytes)}): ` +
      `there are ${Math.floor(memoryBytes / MIB)} MiB of memory for ${config.workers} workers`;
    journal.add({ level: 'info', kind: 'heap-small', subject: '', text, origin: 'supervisor' });
  }
  return heapMiB;
}

/** That of the machine, or of the container where it has less. */
export function processMemoryBytes(): number {
  const limitBytes = process.constrainedMemory();
  const machineBytes = os.totalmem();
  return limitBytes > 0 ? Math.min(limitBytes, machineBytes) : machineBytes;
}
