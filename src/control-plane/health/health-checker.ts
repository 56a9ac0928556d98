/**
 * The health checker: asks every backend how it is, at its pace, and reports to the roster.
 *
 * Every backend is checked at once when it comes, when it gets an address, and when live traffic
 * or an operator gives reason to; then after each check at the pace of its state. Checks are
 * spread over time by a random part of the interval, so that many balancers that were started
 * together do not all ask in the same second. A backend in maintenance is still checked: whoever
 * brings it back wants to know how it is. One without an address or on its way out is not.
 */
import { formatAddress } from '../../config/addresses.ts';
import type { PoolConfig } from '../../config/schema.ts';
import type { CheckRecord } from '../../protocol/admin-api.ts';
import { type Clock, SYSTEM_CLOCK, type Timer } from '../clock.ts';
import type { Roster } from '../roster/roster.ts';
import type { RosterBackend, RosterPool } from '../roster/roster-model.ts';
import { type Probe, probe as systemProbe } from './health-probe.ts';
import { healthRuleOf, paceOf } from './health-state.ts';

/** A wait is shortened by up to this share of it. */
const JITTER = 0.1;
/** The first checks of many backends are spread by so much each, so that they do not go out as one burst. */
const SPREAD_PER_BACKEND_MS = 2;

export interface HealthCheckerOptions {
  readonly roster: Roster;
  readonly clock?: Clock;
  /** 0 to 1, as `Math.random`. */
  readonly random?: () => number;
  readonly probe?: Probe;
  /** A check has failed: its name may stand for another address by now. */
  readonly onFailed?: (backend: RosterBackend) => void;
}

/** The checks of one backend. */
interface Round {
  backend: RosterBackend;
  pool: RosterPool;
  address: string;
  /** The settings that its pace was made from, to see when a reload has changed them. */
  settings: PoolConfig['health'];
  timer: Timer | null;
  /** Calls off the check that is under way; null between checks. */
  underWay: AbortController | null;
  /** Asked for again while a check was under way. */
  isWantedAgain: boolean;
  /** Who waits for the result of the next check that begins. */
  asked: Answer[];
}

/** Null: the check was called off, or could not be made. */
type Answer = (result: CheckRecord | null) => void;

export class HealthChecker {
  readonly #roster: Roster;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #probe: Probe;
  readonly #onFailed: (backend: RosterBackend) => void;
  readonly #rounds = new Map<number, Round>();
  readonly #stops: (() => void)[] = [];

  constructor(options: HealthCheckerOptions) {
    this.#roster = options.roster;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#random = options.random ?? Math.random;
    this.#probe = options.probe ?? systemProbe;
    this.#onFailed = options.onFailed ?? (() => {});
  }

  start(): void {
    this.#stops.push(
      this.#roster.onPlanChange(() => this.#follow()),
      this.#roster.onCheckWanted((backend) => this.checkNow(backend)),
    );
    this.#follow();
  }

  /** No further check begins, and those under way are called off. */
  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    for (const id of [...this.#rounds.keys()]) this.#forget(id);
  }

  /** Checks a backend now, or right after the check that is under way. */
  checkNow(backend: RosterBackend): void {
    const round = this.#rounds.get(backend.id);
    if (round === undefined) return;
    if (round.underWay === null) this.#schedule(round, 0);
    else round.isWantedAgain = true;
  }

  /**
   * The same, with the result of a check that begins after the call. Null where no check is made: of
   * one without an address or on its way out, at the end, and where this machine falls short.
   */
  check(backend: RosterBackend): Promise<CheckRecord | null> {
    const round = this.#rounds.get(backend.id);
    if (round === undefined) return Promise.resolve(null);
    const { promise, resolve } = Promise.withResolvers<CheckRecord | null>();
    round.asked.push(resolve);
    this.checkNow(backend);
    return promise;
  }

  /** Takes up who has come or changed, and drops who has gone. */
  #follow(): void {
    const present = new Map<number, { pool: RosterPool; backend: RosterBackend; address: string }>();
    for (const pool of this.#roster.pools) {
      for (const backend of pool.backends) {
        const { address, isRemoved } = backend;
        if (!isRemoved && address !== null) present.set(backend.id, { pool, backend, address });
      }
    }
    for (const [id, round] of this.#rounds) {
      const now = present.get(id);
      if (now === undefined || now.address !== round.address || isChanged(round, now.pool)) this.#forget(id);
    }
    const fresh = [...present].filter(([id]) => !this.#rounds.has(id));
    for (const [id, { pool, backend, address }] of fresh) {
      const round: Round = {
        backend,
        pool,
        address,
        settings: pool.config.health,
        timer: null,
        underWay: null,
        isWantedAgain: false,
        asked: [],
      };
      this.#rounds.set(id, round);
      this.#schedule(round, Math.floor(this.#random() * (fresh.length - 1) * SPREAD_PER_BACKEND_MS));
    }
  }

  #forget(id: number): void {
    const round = this.#rounds.get(id);
    if (round === undefined) return;
    this.#rounds.delete(id);
    round.timer?.clear();
    round.underWay?.abort();
    for (const answer of round.asked.splice(0)) answer(null);
    this.#roster.setNextCheck(round.backend, null);
  }

  #schedule(round: Round, delayMs: number): void {
    round.timer?.clear();
    round.timer = this.#clock.after(delayMs, () => {
      round.timer = null;
      void this.#check(round);
    });
    this.#roster.setNextCheck(round.backend, this.#clock.wallMs() + delayMs);
  }

  async #check(round: Round): Promise<void> {
    const { backend, pool } = round;
    const rule = healthRuleOf(pool.config);
    const underWay = new AbortController();
    round.underWay = underWay;
    const asked = round.asked.splice(0);
    const target = {
      address: round.address,
      port: backend.port,
      authority: formatAddress(backend),
      health: pool.config.health,
      timeoutMs: rule.timeoutMs,
      isKnownGood: backend.health === 'healthy',
    };
    const result = await this.#probe(target, underWay.signal);
    round.underWay = null;
    const checked = result === null || underWay.signal.aborted ? null : { ...result, atMs: this.#clock.wallMs() };
    if (checked !== null) this.#roster.reportCheck(backend, checked);
    for (const answer of asked) answer(checked);
    if (underWay.signal.aborted) return;
    if (checked?.isPass === false) this.#onFailed(backend);
    // The report may have led to a new address or a removal, and so to another round.
    if (this.#rounds.get(backend.id) !== round) return;
    // A check that could not be made is owed.
    const ownPaceMs = result === null ? Math.min(rule.fastIntervalMs, rule.intervalMs) : paceOf(backend, rule);
    const paceMs = round.isWantedAgain ? 0 : ownPaceMs;
    round.isWantedAgain = false;
    this.#schedule(round, Math.round(paceMs * (1 - JITTER * this.#random())));
  }
}

/** A reload makes new objects of the same settings: they are compared whole once, and then taken over. */
function isChanged(round: Round, pool: RosterPool): boolean {
  const { health } = pool.config;
  if (health === round.settings) return false;
  if (JSON.stringify(health) !== JSON.stringify(round.settings)) return true;
  round.settings = health;
  return false;
}
