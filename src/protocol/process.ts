/**
 * The process as a whole: what it is, where it runs, what it holds and may hold. Topic `process` of
 * the live channel, and `GET /api/v1/process`.
 */

/** How a thread does, over the last second. */
export interface ThreadFigures {
  /** Processor time as a share of one core, 0..1. */
  readonly cpuShare: number;
  /** Share of the time that its event loop was not waiting, 0..1. */
  readonly loopBusy: number;
  /** How late its event loop was, at most and in the 99th percentile. */
  readonly loopDelayMs: number;
  readonly loopDelayP99Ms: number;
  /** JavaScript heap in use, and the most that it may have. */
  readonly heapBytes: number;
  readonly heapLimitBytes: number;
  /** Share of the time that it stood still for collecting garbage, 0..1. */
  readonly gcShare: number;
}

/** Something that this machine falls short of now. */
export interface ShortageStatus {
  /** The failure code of the requests or connections that it costs. */
  readonly code: string;
  /** In words. */
  readonly text: string;
  readonly sinceMs: number;
  /** How often it has come up since then. */
  readonly count: number;
}

/** `under-way`: a new process is being started; `handed-over`: it serves, and this one finishes what it has. */
export type HandoverState = 'none' | 'under-way' | 'handed-over';

export interface ProcessStatus {
  readonly pid: number;
  /** The name of the machine, or of the container. */
  readonly node: string;
  readonly version: string;
  readonly build: { readonly node: string; readonly v8: string; readonly platform: string };
  readonly startedAtMs: number;
  /** Processor cores that it may use. */
  readonly cores: number;
  /** Null where the config did not come from a file. */
  readonly configFile: { readonly path: string; readonly isWatched: boolean } | null;
  /** Where changes made at run time are kept; `problem` says why they are not. */
  readonly stateFile: { readonly path: string | null; readonly problem: string | null };
  readonly memory: {
    /** In physical memory, of all threads; null where the system does not say. */
    readonly residentBytes: number | null;
    /** What the machine or the container has. */
    readonly limitBytes: number;
    /** What the threads share: counters, gauges, histograms. */
    readonly sharedBytes: number;
  };
  readonly descriptors: {
    /** At most five seconds old; null where the system does not say. */
    readonly open: number | null;
    /** Null is no limit. */
    readonly limit: number | null;
    /** Of them, what each worker may use for either side, and the admin side; null is no limit. */
    readonly connectionsPerWorker: number | null;
    readonly adminConnections: number;
  };
  readonly shortages: readonly ShortageStatus[];
  readonly handover: HandoverState;
  /** The process that it took the ports over from; null where it opened its own. */
  readonly tookOverFrom: number | null;
  /** Name servers that are asked, with their ports where they are not 53. */
  readonly dnsServers: readonly string[];
  /** The main thread. */
  readonly controlPlane: ThreadFigures;
}

/** Topic `process`. */
export interface ProcessFields extends ProcessStatus {
  /** As in every snapshot: another process has another one. */
  readonly instance: string;
}
