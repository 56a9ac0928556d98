/**
 * Who may have how many of the process's file descriptors.
 *
 * Called once, at start. A process that runs out of them fails wherever it happens to ask for the
 * next one: in the admin API, in the state file, in a health check. So they are given out before:
 * what the process needs for itself is set aside, and of what is left each client connection is
 * given two, one for itself and one for the backend that answers it. A worker that has as many
 * clients as it may closes further ones at once; those that it has are served as ever.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** State file, config file, name lookups, the admin port, a log that is opened anew. */
const MAIN_RESERVE = 24;
/** Event loop, access log, and a connection that is accepted only to be closed. */
const WORKER_RESERVE = 12;
/** A reload opens the new listeners before it closes the old ones. */
const PER_LISTENER = 2;
/** Of what is left, the admin side gets this share, within bounds. */
const ADMIN_SHARE = 1 / 8;
const MIN_ADMIN_CONNECTIONS = 8;
const MAX_ADMIN_CONNECTIONS = 1024;
/** Checks of all backends at once may take up to this share of what is left. */
const MAX_CHECKS_SHARE = 1 / 4;
/** For each client connection: itself and one to a backend, in use or idle. */
const PER_CLIENT = 2;
/** A worker that may have fewer clients than this is of no use. */
const MIN_CLIENTS = 4;

export interface DescriptorNeeds {
  /** The most that may be open in the process; infinite where the system sets no limit. */
  readonly limit: number;
  /** Open before anything was started. */
  readonly open: number;
  readonly workers: number;
  readonly listeners: number;
  readonly backends: number;
}

export interface DescriptorBudget {
  /** Client connections, and connections to backends, in each worker; infinite where there is no limit. */
  readonly connectionsPerWorker: number;
  readonly adminConnections: number;
}

/** Null where there are too few to serve at all. */
export function divideDescriptors(needs: DescriptorNeeds): DescriptorBudget | null {
  const { limit, workers } = needs;
  if (limit === Number.POSITIVE_INFINITY) {
    return { connectionsPerWorker: Number.POSITIVE_INFINITY, adminConnections: MAX_ADMIN_CONNECTIONS };
  }
  const left = limit - reserveOf(needs);
  const checks = Math.min(needs.backends, Math.floor(left * MAX_CHECKS_SHARE));
  const adminShare = Math.floor(left * ADMIN_SHARE);
  const adminConnections = Math.min(Math.max(adminShare, MIN_ADMIN_CONNECTIONS), MAX_ADMIN_CONNECTIONS);
  const connectionsPerWorker = Math.floor((left - checks - adminConnections) / (workers * PER_CLIENT));
  return connectionsPerWorker < MIN_CLIENTS ? null : { connectionsPerWorker, adminConnections };
}

/** The lowest limit with which `divideDescriptors` has an answer. */
export function leastDescriptors(needs: Omit<DescriptorNeeds, 'limit'>): number {
  let limit = reserveOf(needs);
  while (divideDescriptors({ ...needs, limit }) === null) limit++;
  return limit;
}

function reserveOf({ open, workers, listeners }: Omit<DescriptorNeeds, 'limit'>): number {
  return open + MAIN_RESERVE + workers * (WORKER_RESERVE + listeners * PER_LISTENER);
}

/**
 * The most files that this process may have open; infinite where there is no limit or the system
 * does not say. Node has raised it as far as it may before this runs.
 */
export function descriptorLimit(): number {
  try {
    // A report takes 10 ms, and this is on the way to the first answer.
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    if (soft !== undefined) return Number(soft);
  } catch {
    // Another system.
  }
  const { report } = process;
  // Or the report would ask name servers for the names of the other ends of open connections.
  Object.assign(report, { excludeNetwork: true });
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}

/** Descriptors that are open now; where the system does not say, as many as Node is wont to have. */
export function openDescriptors(): number {
  for (const folder of ['/proc/self/fd', '/dev/fd']) {
    try {
      // Reading the folder takes one itself.
      return readdirSync(folder).length - 1;
    } catch {
      // Another system.
    }
  }
  return 32;
}
