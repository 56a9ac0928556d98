/**
 * What the roster holds: pools and backends as they are now, and what state that adds up to.
 *
 * Readers (health checker, sampler, admin API) see the read-only shapes. Only `roster.ts` writes.
 */
import { isAvailable as isInGoodStanding, type Standing } from '../../balancing/rotation.ts';
import type { PoolConfig } from '../../config/schema.ts';
import type { AdminMode, BackendState, CheckDetails, CheckResult } from '../../protocol/admin-api.ts';
import type { Health } from '../health/health-state.ts';
import type { Member } from '../names/all-addresses.ts';

/** Who wants something changed, in words, for the journal: `admin API`, `config file`. */
export type Origin = string;

export interface RosterBackend extends Member {
  /** Never given twice in a process, unlike the slot. */
  readonly id: number;
  /** Row in shared memory. */
  readonly slot: number;
  /** Name of its pool. */
  readonly pool: string;
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** IP address that it is reached at; null while the name does not resolve. */
  readonly address: string | null;
  readonly weight: number;
  readonly maxConnections: number;
  /** Serves only while no other backend of the pool can. */
  readonly isBackup: boolean;
  readonly mode: AdminMode;
  readonly health: Health;
  readonly passesInRow: number;
  readonly failsInRow: number;
  readonly isEjected: boolean;
  /** When its ejection ends, milliseconds since the epoch; null while it is not ejected. */
  readonly ejectedUntilMs: number | null;
  /** How often it was ejected of late: what its next ejection is measured by. */
  readonly ejections: number;
  /** How often it was ever ejected. */
  readonly ejectionsTotal: number;
  /** Tenths of its share that it may have: 1..10, less than 10 in its slow start. */
  readonly ramp: number;
  /** When what is still in flight on it is cut, milliseconds since the epoch; null where it takes requests, or may finish. */
  readonly cutAtMs: number | null;
  /** What it had in flight when it began to leave; null while it is not leaving. */
  readonly inFlightAtLeave: number | null;
  /** Why it is in its state, in words; may be empty while it is up. */
  readonly reason: string;
  /** When its state began, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly lastCheck: CheckResult | null;
  /** When the next check is due, milliseconds since the epoch; null where none is. */
  readonly nextCheckMs: number | null;
  /** True while a removed backend finishes its requests. */
  readonly isRemoved: boolean;
  /** Whether the config file names it, or the admin API added it. */
  readonly origin: 'file' | 'runtime';
}

export interface RosterPool {
  /** Never given twice in a process, unlike the slot. */
  readonly id: number;
  /** Row in shared memory. */
  readonly slot: number;
  readonly name: string;
  /** As the config file has it, without the changes made at run time. */
  readonly config: PoolConfig;
  readonly policy: string;
  /** In the order of the file, then those added at run time, then those being removed. */
  readonly backends: readonly RosterBackend[];
  /** Too few of its backends are available, so that health and ejection are ignored. */
  readonly isPanic: boolean;
  /** True while the backends of a removed pool finish their requests. */
  readonly isRemoved: boolean;
}

/** The same things for their one writer, with what only it needs. */
export type BackendRecord = { -readonly [Key in keyof RosterBackend]: RosterBackend[Key] } & {
  state: BackendState;
  /** The latest word of the health checks or of live traffic. */
  healthReason: string;
  /** Who set the mode. */
  modeOrigin: Origin;
  /** Why there is no address, or why the address may be out of date; empty where all is well. */
  addressError: string;
  /** First plan without this backend; 0 while it is in the plan. */
  removedInRevision: number;
  /** Sweeps in a row in which a removed backend had nothing in flight in any worker. */
  restingSweeps: number;
  /** Why it was ejected; empty while it is not. */
  ejectionReason: string;
  // The times below decide, and are by the monotonic clock; what people see stands above.
  /** When its ejection ends. */
  readmitDueMs: number;
  /** Since when it is in rotation without a further ejection, or since the last one was forgotten. */
  calmSinceMs: number;
  /** Until when further failures of one that is kept in rotation are not worth an event. */
  quietUntilMs: number;
  /** When its slow start began; null while it has its whole share. */
  rampSinceMs: number | null;
  /** When what is in flight on it is cut; null as `cutAtMs`. */
  cutDueMs: number | null;
  /** It has been cut since it began to leave. */
  isCut: boolean;
};

export type PoolRecord = { -readonly [Key in keyof Omit<RosterPool, 'backends'>]: RosterPool[Key] } & {
  backends: BackendRecord[];
  removedInRevision: number;
};

/** What the roster is told of a check. Of another process only the result is known. */
export type ReportedCheck = CheckResult & Partial<CheckDetails>;

/** A change that cannot be made; `status` is for the admin API's answer. */
export class RosterError extends Error {
  readonly code: string;
  readonly status: number;
  readonly detail: string;

  constructor(code: string, status: number, detail: string) {
    super(detail);
    this.name = 'RosterError';
    this.code = code;
    this.status = status;
    this.detail = detail;
  }
}

/** What can keep a backend out, strongest cause first. A removed one only ever drains. */
export function stateOf(backend: RosterBackend): BackendState {
  if (backend.isRemoved) return 'draining';
  if (backend.address === null) return 'unresolved';
  if (backend.mode === 'maintenance') return 'maintenance';
  if (backend.mode === 'drain') return 'draining';
  if (backend.health === 'unhealthy') return 'down';
  if (backend.isEjected) return 'ejected';
  return backend.health === 'healthy' ? 'up' : 'unknown';
}

/** What the rotation is decided by. */
export function standingOf({ slot, mode, address, health, isEjected, isBackup }: RosterBackend): Standing {
  return {
    backend: slot,
    isReady: mode === 'ready' && address !== null,
    isHealthy: health !== 'unhealthy',
    isEjected,
    isBackup,
  };
}

/** Whether new requests may go to it. One that was never checked may have them. */
export function isAvailable(backend: RosterBackend): boolean {
  return !backend.isRemoved && isInGoodStanding(standingOf(backend));
}

/** The words for `stateOf`. */
export function reasonOf(backend: BackendRecord, fall: number): string {
  switch (stateOf(backend)) {
    case 'unresolved':
      return backend.addressError;
    case 'maintenance':
      return `maintenance set by ${backend.modeOrigin}`;
    case 'draining':
      return backend.isRemoved ? `removed by ${backend.modeOrigin}` : `drain set by ${backend.modeOrigin}`;
    case 'ejected':
      return backend.ejectionReason;
    case 'down':
      return backend.healthReason;
    case 'unknown':
    case 'up':
      return backend.failsInRow > 0
        ? `failing ${backend.failsInRow} of ${fall}: ${backend.healthReason}`
        : backend.healthReason;
  }
}

/** `b1` of pool `web`, as the journal names it. */
export function subjectOf(backend: RosterBackend): string {
  return `${backend.pool}/${backend.name}`;
}
