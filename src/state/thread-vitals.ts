/**
 * How a thread is doing: its share of a core, the delays of its event loop, its heap, and the time
 * that collecting garbage takes.
 *
 * Looked at once a second: by each worker, which shows it in its gauges, and by the control plane
 * for its own thread. Nothing of it runs on the path of a request. The delays come from a timer
 * of libuv every 10 ms; the time of collections from an observer that is called once after each of
 * them. With 100 collections a second under full load neither can be told from noise.
 */
import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** Between two looks. */
export interface ThreadVitals {
  /** Processor time as a share of one core, 0..1. */
  readonly cpuShare: number;
  readonly cpuSeconds: number;
  /** Share of the time that the event loop was not waiting, 0..1. */
  readonly loopBusy: number;
  /** How much later than due a timer fired: the 99th percentile, and the longest. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMs: number;
  /** JavaScript heap in use. */
  readonly heapBytes: number;
  /** Share of the time that the thread stood still for collecting garbage, 0..1. */
  readonly gcShare: number;
  readonly gcSeconds: number;
}

const RESOLUTION_MS = 10;
const NANOS_IN_MS = 1e6;
const MICROS_IN_SECOND = 1e6;

/** Watches this thread from now on; each call answers what was so since the last one. */
export function watchThread(): () => ThreadVitals {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let gcMs = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) gcMs += duration;
  });
  observer.observe({ entryTypes: ['gc'] });
  let atMs = performance.now();
  let cpu = process.threadCpuUsage();
  let utilization = performance.eventLoopUtilization();
  return () => {
    const nowMs = performance.now();
    const elapsedSeconds = Math.max(nowMs - atMs, 1) / 1_000;
    const used = process.threadCpuUsage(cpu);
    const turned = performance.eventLoopUtilization();
    const cpuSeconds = (used.user + used.system) / MICROS_IN_SECOND;
    const gcSeconds = gcMs / 1_000;
    const vitals: ThreadVitals = {
      cpuShare: Math.min(1, cpuSeconds / elapsedSeconds),
      cpuSeconds,
      loopBusy: performance.eventLoopUtilization(turned, utilization).utilization,
      loopDelayP99Ms: lateMs(delay.percentile(99)),
      loopDelayMs: lateMs(delay.max),
      // Not by `process.memoryUsage`, which throws where no file descriptor is left.
      heapBytes: getHeapStatistics().used_heap_size,
      gcShare: Math.min(1, gcSeconds / elapsedSeconds),
      gcSeconds,
    };
    atMs = nowMs;
    cpu = process.threadCpuUsage();
    utilization = turned;
    gcMs = 0;
    delay.reset();
    return vitals;
  };
}

/** The histogram holds the time between two firings, in nanoseconds. */
function lateMs(nanos: number): number {
  return Math.max(0, nanos / NANOS_IN_MS - RESOLUTION_MS);
}
