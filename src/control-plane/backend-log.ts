/**
 * What has happened to each backend of late: its last checks, and its states of the last day.
 *
 * Made by the admin server, which gives it to people; written by what the roster tells. A log goes
 * with its backend: it is held by the record, which outlives reloads and ends with the sweep.
 * Memory is bounded for each backend: about 6 kB of checks, and 20 kB of states at the most.
 */
import type { BackendState, CheckResult, StateChange } from '../protocol/admin-api.ts';
import type { RosterBackend } from './roster-model.ts';

export const KEPT_CHECKS = 50;
export const KEPT_STATES_MS = 24 * 3600 * 1000;
/** A backend that flaps more often than this loses its oldest changes before the day is over. */
export const KEPT_STATES = 200;

/** What a log needs of the roster. */
export interface LoggedRoster {
  onCheck(listener: (check: { readonly backend: RosterBackend; readonly result: CheckResult }) => void): () => void;
  onStateChange(listener: (change: { readonly backend: RosterBackend; readonly was: StateChange }) => void): () => void;
  stateOf(backend: RosterBackend): BackendState;
}

interface Log {
  readonly checks: CheckResult[];
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
  checksOf(backend: RosterBackend): readonly CheckResult[] {
    return this.#logs.get(backend)?.checks ?? [];
  }

  /** When each state began, oldest first: those of the last day, the one that it began with included. */
  statesOf(backend: RosterBackend): readonly StateChange[] {
    return this.#logs.get(backend)?.states ?? [this.#present(backend)];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #addCheck(backend: RosterBackend, result: CheckResult): void {
    const { checks } = this.#logOf(backend);
    checks.push(result);
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
