/**
 * What has happened to each backend of late: its last checks, and its states of the last day.
 *
 * Made by the admin server, which gives it to people; written by what the roster tells. A log goes
 * with its backend: it is held by the record, which outlives reloads and ends with the sweep.
 * Memory is bounded for each backend: about 8 kB of checks, 30 kB where all have failed with
 * different bodies, and 20 kB of states at the most.
 */
import type { BackendState, CheckRecord, StateChange } from '../../protocol/admin-api.ts';
import type { ReportedCheck, RosterBackend } from '../roster/roster-model.ts';

export const KEPT_CHECKS = 50;
export const KEPT_STATES_MS = 24 * 3600 * 1000;
/** A backend that flaps more often than this loses its oldest changes before the day is over. */
export const KEPT_STATES = 200;

/** What a log needs of the roster. */
export interface LoggedRoster {
  onCheck(listener: (check: { readonly backend: RosterBackend; readonly result: ReportedCheck }) => void): () => void;
  onStateChange(listener: (change: { readonly backend: RosterBackend; readonly was: StateChange }) => void): () => void;
  stateOf(backend: RosterBackend): BackendState;
}

interface Log {
  readonly checks: CheckRecord[];
  readonly states: StateChange[];
}

export class BackendLog {
  readonly #roster: LoggedRoster;
  readonly #stops: readonly (() => void)[];
  readonly #logs = new WeakMap<RosterBackend, Log>();

  constructor(roster: LoggedRoster) {
    this.#roster = roster;
    this.#stops = [
      roster.onCheck(({ backend, result }) => this.#addCheck(backend, result)),
      roster.onStateChange(({ backend, was }) => this.#addState(backend, was)),
    ];
  }

  /** The last checks, oldest first. */
  checksOf(backend: RosterBackend): readonly CheckRecord[] {
    return this.#logs.get(backend)?.checks ?? [];
  }

  /** When each state began, oldest first: those of the last day, the one that it began with included. */
  statesOf(backend: RosterBackend): readonly StateChange[] {
    return this.#logs.get(backend)?.states ?? [this.#present(backend)];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #addCheck(backend: RosterBackend, result: ReportedCheck): void {
    const { checks } = this.#logOf(backend);
    const { connectMs = null, firstByteMs = null, body = null } = result;
    // What fails again and again mostly says the same: one text for all of them.
    const last = checks.at(-1)?.body ?? null;
    checks.push({
      atMs: result.atMs,
      isPass: result.isPass,
      detail: result.detail,
      durationMs: hundredths(result.durationMs),
      connectMs: connectMs === null ? null : hundredths(connectMs),
      firstByteMs: firstByteMs === null ? null : hundredths(firstByteMs),
      body: body === last ? last : body,
    });
    if (checks.length > KEPT_CHECKS) checks.shift();
  }

  #addState(backend: RosterBackend, was: StateChange): void {
    const { states } = this.#logOf(backend, was);
    const now = this.#present(backend);
    states.push(now);
    // The first one kept began before the day: it is what the day begins with.
    while ((states[1]?.atMs ?? now.atMs) < now.atMs - KEPT_STATES_MS) states.shift();
    if (states.length > KEPT_STATES) states.shift();
  }

  #logOf(backend: RosterBackend, first: StateChange = this.#present(backend)): Log {
    let log = this.#logs.get(backend);
    if (log === undefined) this.#logs.set(backend, (log = { checks: [], states: [first] }));
    return log;
  }

  #present(backend: RosterBackend): StateChange {
    return { atMs: backend.sinceMs, state: this.#roster.stateOf(backend), reason: backend.reason };
  }
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;
