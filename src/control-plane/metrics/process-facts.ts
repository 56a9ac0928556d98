/**
 * What is known of the process itself: for the admin API, the live channel and the metrics.
 *
 * Made and called once a second by the balancer. What is dear to find out, such as the number of
 * open descriptors, is looked up when somebody asks, and then at most every five seconds: 5,000
 * open connections cost 1 ms of the main thread.
 */
import { Resolver } from 'node:dns';
import os from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { HandoverState, ProcessStatus, ShortageStatus, ThreadFigures } from '../../protocol/process.ts';
import { type ThreadVitals, watchThread } from '../../state/thread-vitals.ts';
import { type Clock, SYSTEM_CLOCK } from '../clock.ts';
import { type DescriptorBudget, descriptorLimit } from '../workers/descriptor-budget.ts';
import { processMemoryBytes } from '../workers/share-heap.ts';
import { countOpenFiles, readResidentBytes } from './metrics-process.ts';

const SLOW_MS = 5_000;

export interface ProcessParts {
  readonly version: string;
  readonly configFile: ProcessStatus['configFile'];
  readonly stateFile: () => ProcessStatus['stateFile'];
  readonly sharedBytes: number;
  readonly descriptors: DescriptorBudget;
  readonly shortages: () => readonly ShortageStatus[];
  readonly handover: () => HandoverState;
  readonly tookOverFrom: number | null;
  /** Those of the settings; none stands for those of the system. */
  readonly dnsServers: () => readonly string[];
  readonly clock?: Clock;
  /** How this thread does; other figures in tests. */
  readonly look?: () => ThreadVitals;
}

/** What is looked up every now and then. */
interface Slow {
  readonly atMs: number;
  readonly open: number | null;
  readonly dnsServers: readonly string[];
}

export class ProcessFacts {
  readonly #parts: ProcessParts;
  readonly #clock: Clock;
  readonly #look: () => ThreadVitals;
  readonly #descriptorLimit = descriptorLimit();
  readonly #memoryLimitBytes = processMemoryBytes();
  readonly #heapLimitBytes = getHeapStatistics().heap_size_limit;
  #vitals: ThreadVitals;
  #slow: Slow | null = null;
  /** Seconds that the main thread has stood still for collecting garbage since the start. */
  gcSeconds = 0;

  constructor(parts: ProcessParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? SYSTEM_CLOCK;
    this.#look = parts.look ?? watchThread();
    this.#vitals = this.#look();
  }

  /** A second is over. */
  tick(): void {
    this.#vitals = this.#look();
    this.gcSeconds += this.#vitals.gcSeconds;
  }

  /** How the main thread has done in the last second. */
  controlPlane(): ThreadFigures {
    const { cpuShare, loopBusy, loopDelayMs, loopDelayP99Ms, heapBytes, gcShare } = this.#vitals;
    return {
      cpuShare: rounded(cpuShare, 4),
      loopBusy: rounded(loopBusy, 4),
      loopDelayMs: rounded(loopDelayMs, 3),
      loopDelayP99Ms: rounded(loopDelayP99Ms, 3),
      heapBytes,
      heapLimitBytes: this.#heapLimitBytes,
      gcShare: rounded(gcShare, 4),
    };
  }

  status(): ProcessStatus {
    const { version, configFile, stateFile, sharedBytes, descriptors, shortages, handover, tookOverFrom } = this.#parts;
    const { open, dnsServers } = this.#slowFacts();
    return {
      pid: process.pid,
      node: os.hostname(),
      version,
      build: { node: process.versions.node, v8: process.versions.v8, platform: `${process.platform} ${process.arch}` },
      startedAtMs: Math.round(performance.timeOrigin),
      cores: os.availableParallelism(),
      configFile,
      stateFile: stateFile(),
      memory: { residentBytes: readResidentBytes(), limitBytes: this.#memoryLimitBytes, sharedBytes },
      descriptors: {
        open,
        limit: finite(this.#descriptorLimit),
        connectionsPerWorker: finite(descriptors.connectionsPerWorker),
        adminConnections: descriptors.adminConnections,
      },
      shortages: shortages(),
      handover: handover(),
      tookOverFrom,
      dnsServers,
      controlPlane: this.controlPlane(),
    };
  }

  #slowFacts(): Slow {
    const nowMs = this.#clock.monotonicMs();
    if (this.#slow !== null && nowMs - this.#slow.atMs < SLOW_MS) return this.#slow;
    const configured = this.#parts.dnsServers();
    // A new one reads resolv.conf as it is now.
    const dnsServers = configured.length > 0 ? configured : new Resolver().getServers();
    this.#slow = { atMs: nowMs, open: countOpenFiles(), dnsServers };
    return this.#slow;
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
