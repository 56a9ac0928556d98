/**
 * The roster: the live model of pools and backends.
 *
 * The one writer of the board words in shared memory, and the one place that knows a backend's
 * state and reason. The health checker, the resolver, the workers (through the supervisor), the
 * admin API and a reload all report here; what follows for the workers goes out in two ways. What
 * changes from second to second (policy, weight, mode, health) is a word in shared memory, obeyed
 * by the next request of every worker. What is there at all (pools, backends, addresses,
 * listeners, routes) is a new plan, with a new revision.
 *
 * It has no timers and does no I/O. Everything it does is done when a method returns.
 */
import { policyIndex } from '../../balancing/policies.ts';
import { formatDuration } from '../../config/durations.ts';
import type { Config } from '../../config/schema.ts';
import type { AdminMode, BackendAddition, BackendState, StateChange } from '../../protocol/admin-api.ts';
import type { EventLevel } from '../../protocol/dashboard.ts';
import type { FailureCode } from '../../protocol/failures.ts';
import type { Plan } from '../../protocol/worker.ts';
import type { State } from '../../state/layout.ts';
import { mergeChanges, NO_CHANGES, type RuntimeChanges } from '../changes/runtime-changes.ts';
import { addBackend, chooseMode, choosePolicy, chooseWeight, removeBackend } from '../changes/runtime-edits.ts';
import { type Clock, momentOf, SYSTEM_CLOCK } from '../clock.ts';
import { healthRuleOf } from '../health/health-state.ts';
import type { Journal } from '../journal.ts';
import { Listeners } from '../listeners.ts';
import { isOneOfAll, isStandIn, type KnownAddresses, subjectsOfAll } from '../names/all-addresses.ts';
import { KnownNames } from '../names/known-names.ts';
import { inFlightOf, raiseVersion, resetLiveFailures, storeBackend, storePool } from './board.ts';
import { buildPlan } from './build-plan.ts';
import { isCutDue } from './leaving.ts';
import { Membership, type Turnover } from './membership.ts';
import { endEjection, reportLiveTrouble } from './outliers.ts';
import { judgePanic } from './panic.ts';
import { passTime } from './passing-time.ts';
import { NOTHING, type Report } from './report.ts';
import {
  type BackendRecord,
  type Origin,
  type PoolRecord,
  type ReportedCheck,
  type RosterBackend,
  RosterError,
  type RosterPool,
  reasonOf,
  stateOf,
  subjectOf,
} from './roster-model.ts';
import { reportAddress, reportCheckResult } from './roster-reports.ts';
import { RouteSlots } from './route-slots.ts';
import { beginSlowStart } from './slow-start.ts';

/** Who changes addresses, for the journal. */
const NAME_RESOLUTION: Origin = 'name resolution';

export interface RosterOptions {
  readonly state: State;
  readonly config: Config;
  readonly journal: Journal;
  /** Changes made at run time in an earlier life of the process. */
  readonly changes?: RuntimeChanges;
  readonly clock?: Clock;
}

export class Roster {
  readonly #state: State;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #members: Membership;
  readonly #routes: RouteSlots;
  readonly #names = new KnownNames();
  readonly #planListeners = new Listeners();
  readonly #changeListeners = new Listeners();
  readonly #checkListeners = new Listeners<RosterBackend>();
  readonly #cutListeners = new Listeners<RosterBackend>();
  readonly #checkedListeners = new Listeners<{ readonly backend: RosterBackend; readonly result: ReportedCheck }>();
  readonly #stateListeners = new Listeners<{ readonly backend: RosterBackend; readonly was: StateChange }>();
  #config: Config;
  #changes: RuntimeChanges = NO_CHANGES;
  #revision = 0;
  #changeCount = 0;
  #plan: Plan | null = null;
  #isFrozen = false;
  #routeSlots: readonly number[] = [];

  /** Throws `RosterError` when the config does not fit into the shared memory. */
  constructor(options: RosterOptions) {
    this.#state = options.state;
    this.#journal = options.journal;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#members = new Membership(options.state, this.#clock);
    this.#routes = new RouteSlots(options.state);
    this.#config = options.config;
    this.#adopt(options.config, options.changes ?? NO_CHANGES, 'config file');
  }

  /** In the order of the file, then removed ones whose backends finish their requests. */
  get pools(): readonly RosterPool[] {
    return this.#members.pools;
  }

  /** The config in force. */
  get config(): Config {
    return this.#config;
  }

  /** What stands beside the config file, for the state file and for people. */
  get changes(): RuntimeChanges {
    return this.#changes;
  }

  /** What the names of the config stand for. */
  get knownAddresses(): KnownAddresses {
    return this.#names.used;
  }

  /** Raised with every new plan. */
  get revision(): number {
    return this.#revision;
  }

  /** Raised whenever a setting has changed, by the file or at run time; by nothing else. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** No setting changes any more: another process has been told what they are. */
  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
  }

  /** The pool of this name, unless it has been removed. */
  pool(name: string): RosterPool | undefined {
    return this.#members.pools.find((pool) => pool.name === name && !pool.isRemoved);
  }

  /** The backend of this name; also one that is being removed, if no other has its name. */
  backend(pool: string, name: string): RosterBackend | undefined {
    const named = this.#members.pools.find((candidate) => candidate.name === pool);
    return named?.backends.find((backend) => backend.name === name);
  }

  stateOf(backend: RosterBackend): BackendState {
    return stateOf(backend);
  }

  /** What its host stands for, the address in use first; empty while its name does not resolve. */
  addressesOf(backend: RosterBackend): readonly string[] {
    const { address, host } = backend;
    if (address === null) return [];
    const others = isOneOfAll(backend) ? [] : (this.#names.used.get(host) ?? []);
    return [address, ...others.filter((other) => other !== address)];
  }

  /** The row in shared memory of each route of the config, in order. */
  get routeSlots(): readonly number[] {
    return this.#routeSlots;
  }

  /** What workers carry out. The same object until the revision changes. */
  plan(): Plan {
    if (this.#plan?.revision !== this.#revision) {
      this.#plan = buildPlan(this.#config, this.#members.pools, this.#routeSlots, this.#revision);
    }
    return this.#plan;
  }

  /** Calls `listener` when there is a new plan; answers how to stop that. */
  onPlanChange(listener: () => void): () => void {
    return this.#planListeners.add(listener);
  }

  /** Calls `listener` when a change made at run time has come or gone. */
  onChangesChange(listener: () => void): () => void {
    return this.#changeListeners.add(listener);
  }

  /** Calls `listener` when something suggests to check a backend now. */
  onCheckWanted(listener: (backend: RosterBackend) => void): () => void {
    return this.#checkListeners.add(listener);
  }

  /** Calls `listener` when workers are to cut what they have in flight on a backend. */
  onCut(listener: (backend: RosterBackend) => void): () => void {
    return this.#cutListeners.add(listener);
  }

  /** Calls `listener` when a check has been reported, and what follows from it is done. */
  onCheck(listener: (check: { readonly backend: RosterBackend; readonly result: ReportedCheck }) => void): () => void {
    return this.#checkedListeners.add(listener);
  }

  /** Calls `listener` when a backend has changed its state; `was` is the state that has ended. */
  onStateChange(
    listener: (change: { readonly backend: RosterBackend; readonly was: StateChange }) => void,
  ): () => void {
    return this.#stateListeners.add(listener);
  }

  /** Throws `RosterError`, as do all setters: nothing has changed then. */
  setPolicy(pool: RosterPool, policy: string, origin: Origin): void {
    const was = pool.policy;
    if (!this.#edit(pool, choosePolicy(this.#changes, pool, policy), origin)) return;
    this.#tell('info', 'policy-changed', pool.name, `policy ${was} → ${policy}`, origin);
  }

  /** `weight`: a whole number, 1..256. */
  setWeight(backend: RosterBackend, weight: number, origin: Origin): void {
    const pool = this.#poolOf(backend);
    const was = backend.weight;
    if (!this.#edit(pool, chooseWeight(this.#changes, pool, backend, weight), origin)) return;
    this.#tell('info', 'weight-changed', subjectOf(backend), `weight ${was} → ${weight}`, origin);
  }

  setMode(backend: RosterBackend, mode: AdminMode, origin: Origin): void {
    const pool = this.#poolOf(backend);
    const was = backend.mode;
    if (!this.#edit(pool, chooseMode(this.#changes, pool, backend, mode), origin)) return;
    this.#tell('info', 'mode-changed', subjectOf(backend), `mode ${was} → ${mode}`, origin);
    if (mode === 'ready') this.#checkListeners.tell(backend);
  }

  addBackend(pool: RosterPool, addition: BackendAddition, origin: Origin): RosterBackend {
    const { changes, name } = addBackend(this.#changes, this.#config, pool, addition);
    this.#edit(pool, changes, origin);
    const backend = this.backend(pool.name, name) ?? pool.backends.find(({ entry }) => entry === name);
    if (backend === undefined) throw new Error(`backend ${pool.name}/${name} was added and is not there`);
    this.#tell('info', 'backend-added', subjectOf(backend), `added, ${backend.url}, weight ${backend.weight}`, origin);
    return backend;
  }

  /** Drains, then removes. It stays visible until nothing of it is in flight. */
  removeBackend(backend: RosterBackend, origin: Origin): void {
    if (backend.isRemoved) return;
    const pool = this.#poolOf(backend);
    this.#edit(pool, removeBackend(this.#changes, pool, backend), origin);
    this.#tell('info', 'backend-removing', subjectOf(backend), 'takes no new requests and goes when idle', origin);
  }

  /** One more result of a health check. */
  reportCheck(backend: RosterBackend, result: ReportedCheck): void {
    const record = this.#recordOf(backend);
    if (record === null) return;
    const report = reportCheckResult(this.#state, this.#poolOf(record), record, result, momentOf(this.#clock));
    this.#tellReport(record, report, 'health check');
    this.#checkedListeners.tell({ backend: record, result });
  }

  /** Live traffic has seen the backend in this slot fail as often in a row as it may; `code` is null for gateway errors. */
  reportFailing(slot: number, code: FailureCode | null, detail: string): void {
    const record = this.#members.backendInSlot(slot);
    if (record === null) return;
    const trouble = { isGatewayErrors: code === null, last: detail || (code ?? '') };
    const now = momentOf(this.#clock);
    const report = reportLiveTrouble(this.#state, this.#poolOf(record), record, trouble, now);
    this.#tellReport(record, report, 'live traffic');
    if (report.event !== null) this.#checkListeners.tell(record);
  }

  /** What the name resolves to; null with the reason when it does not. The last good address stays in use. */
  setAddress(backend: RosterBackend, address: string | null, error = ''): void {
    this.#move(backend, (record) => reportAddress(record, address, error, this.#config));
  }

  /**
   * Every address that a name has now, best first and at least one; `error` says why they may be
   * out of date. Entries that use all of them follow.
   */
  setAddresses(host: string, addresses: readonly string[], error = ''): void {
    const entries = subjectsOfAll(this.#config, host);
    const before = this.#names.used.get(host);
    const events = this.#names.report(host, addresses, error, (known) => {
      const { pools } = mergeChanges(this.#config, this.#changes, known);
      return Math.ceil(this.#members.missingRows(pools) / Math.max(1, entries.length));
    });
    if (entries.length === 0) return;
    if (this.#names.used.get(host) !== before) this.#followNames(before === undefined);
    for (const subject of entries) {
      for (const event of events) this.#journal.add({ ...event, subject, origin: NAME_RESOLUTION });
    }
  }

  /** Nobody asks for this name any more: what it stood for may be wrong when somebody does again. */
  forgetName(host: string): void {
    this.#names.forget(host);
  }

  /** Another address of the same name, since this one does not answer. Not worth an event. */
  tryAddress(backend: RosterBackend, address: string): void {
    this.#move(backend, (record) => ({ ...reportAddress(record, address, '', this.#config), event: null }));
  }

  /** When the next check is due, milliseconds since the epoch; null where none is. */
  setNextCheck(backend: RosterBackend, atMs: number | null): void {
    const record = this.#recordOf(backend);
    if (record !== null) record.nextCheckMs = atMs;
  }

  /** Why this config with these changes does not fit into the running process, or null where it does. */
  shortageFor(config: Config, changes: RuntimeChanges = this.#changes): string | null {
    return (
      this.#members.shortage(mergeChanges(config, changes, this.#names.used).pools) ??
      this.#routes.shortage(config.routes)
    );
  }

  /** Takes over a new config. What stays keeps its health, counters and turns. Throws `RosterError` when full. */
  apply(config: Config, origin: Origin = 'config file'): Turnover {
    return this.#adopt(config, this.#changes, origin);
  }

  /** How many attempts a cut would end now. Throws `RosterError` for a backend that takes requests. */
  inFlightToCut(backend: RosterBackend): number {
    if (backend.mode === 'ready' && !backend.isRemoved) {
      throw new RosterError('backend-ready', 409, `backend ${backend.name} takes requests: drain it first`);
    }
    return inFlightOf(this.#state, backend.slot);
  }

  /** Ends at once what is in flight on a backend that takes no new requests, and answers how much. */
  cut(backend: RosterBackend, origin: Origin): number {
    const inFlight = this.inFlightToCut(backend);
    const record = this.#members.pools.flatMap(({ backends }) => backends).find(({ id }) => id === backend.id);
    if (record !== undefined) this.#cut(record, inFlight, `cut by ${origin}`, origin);
    return inFlight;
  }

  /**
   * Carries out what time brings: ends ejections, goes on with slow starts, cuts what has had its
   * time, lets go of removed backends that have finished. To be called a few times a second.
   */
  sweep(appliedRevision: number): void {
    const now = momentOf(this.#clock);
    for (const pool of this.#members.pools) {
      for (const backend of pool.backends) {
        const report = passTime(this.#state, pool, backend, now);
        if (report !== NOTHING) this.#tellReport(backend, report, 'outlier detection');
        const inFlight = inFlightOf(this.#state, backend.slot);
        if (!isCutDue(backend, inFlight, now)) continue;
        const news = backend.isCut ? null : `cut after ${formatDuration(pool.config.drainTimeoutMs)}`;
        this.#cut(backend, inFlight, news, 'drain limit');
      }
    }
    for (const backend of this.#members.sweep(appliedRevision)) {
      // It never was more than a place for the addresses that have come.
      if (isStandIn(backend)) continue;
      this.#tell('info', 'backend-removed', subjectOf(backend), 'removed, nothing is in flight', backend.modeOrigin);
    }
  }

  /** Tells the workers; people hear the news where there is something to cut. */
  #cut(backend: BackendRecord, inFlight: number, news: string | null, origin: Origin): void {
    if (inFlight > 0 && news !== null) {
      this.#tell('warning', 'backend-cut', subjectOf(backend), `${news}: ${inFlight} were still in flight`, origin);
    }
    backend.isCut = true;
    this.#cutListeners.tell(backend);
  }

  #move(backend: RosterBackend, report: (record: BackendRecord) => Report): void {
    const record = this.#recordOf(backend);
    if (record === null) return;
    const was = record.address;
    this.#tellReport(record, report(record), NAME_RESOLUTION);
    if (record.address === was) return;
    this.#judge(this.#poolOf(record));
    this.#raiseRevision();
    this.#checkListeners.tell(record);
  }

  #adopt(config: Config, changes: RuntimeChanges, origin: Origin): Turnover {
    const merged = mergeChanges(config, changes, this.#names.used);
    const shortage = this.#routes.shortage(config.routes);
    if (shortage !== null) throw new RosterError('capacity-exceeded', 507, `${shortage}; a restart makes more`);
    const turnover = this.#members.reconcile(merged.pools, this.#revision + 1, origin);
    this.#routeSlots = this.#routes.assign(config.routes);
    // At the start of the process all are as cold as each other.
    if (this.#revision > 0) this.#welcome(turnover);
    this.#config = config;
    for (const pool of this.#members.pools) this.#store(pool);
    for (const { subject, text } of merged.overruled) {
      this.#tell('warning', 'runtime-change-overruled', subject, text, 'config file');
    }
    this.#changes = merged.changes;
    this.#changeCount++;
    this.#changeListeners.tell();
    this.#raiseRevision();
    return turnover;
  }

  /** Carries out an edit of the run-time changes in one pool; false where it changes nothing. */
  #edit(pool: RosterPool, changes: RuntimeChanges, origin: Origin): boolean {
    if (changes === this.#changes) return false;
    if (this.#isFrozen) {
      throw new RosterError('restarting', 503, 'the balancer is being restarted: try again in a moment');
    }
    const merged = mergeChanges(this.#config, changes, this.#names.used);
    const turnover = this.#members.reconcile(merged.pools, this.#revision + 1, origin);
    this.#welcome(turnover);
    const record = this.#members.pools.find(({ id }) => id === pool.id);
    if (record !== undefined) this.#store(record);
    this.#changes = merged.changes;
    this.#changeCount++;
    this.#changeListeners.tell();
    if (turnover.added.length > 0 || turnover.leaving.length > 0) this.#raiseRevision();
    return true;
  }

  /** Those who come, or come back by an operator's word, begin afresh. */
  #welcome({ added, returned }: Turnover): void {
    const now = momentOf(this.#clock);
    for (const backend of [...added, ...returned]) {
      endEjection(backend, now);
      backend.ejections = 0;
      resetLiveFailures(this.#state, backend.slot);
      beginSlowStart(backend, this.#poolOf(backend).config.slowStartMs, now);
    }
  }

  /** Brings in the backends that the names of entries with `addresses: all` stand for now. */
  #followNames(isFirst: boolean): void {
    const merged = mergeChanges(this.#config, this.#changes, this.#names.used);
    const turnover = this.#members.reconcile(merged.pools, this.#revision + 1, NAME_RESOLUTION);
    if (turnover.added.length + turnover.leaving.length === 0) return;
    // The first addresses of a name are as cold as each other.
    if (!isFirst) this.#welcome(turnover);
    for (const pool of this.#members.pools) this.#store(pool);
    this.#changes = merged.changes;
    this.#changeListeners.tell();
    this.#raiseRevision();
  }

  #store(pool: PoolRecord): void {
    storePool(this.#state, pool, policyIndex(pool.policy));
    for (const backend of pool.backends) this.#refresh(backend);
    this.#judge(pool);
  }

  /** Tells when the pool falls into panic, and when that is over. */
  #judge(pool: PoolRecord): void {
    const { isPanic, level, kind, text } = judgePanic(pool);
    if (isPanic === pool.isPanic) return;
    pool.isPanic = isPanic;
    if (!pool.isRemoved) this.#tell(level, kind, pool.name, text, 'rotation');
  }

  #raiseRevision(): void {
    this.#revision++;
    this.#planListeners.tell();
  }

  /** Brings state, reason and words of one backend up to date, and journals what there is to say. */
  #tellReport(backend: BackendRecord, report: Report, origin: Origin): void {
    storeBackend(this.#state, backend);
    const pool = this.#poolOf(backend);
    if (report.isWordChanged) raiseVersion(this.#state, pool.slot);
    this.#refresh(backend);
    if (report.event !== null) this.#journal.add({ ...report.event, subject: subjectOf(backend), origin });
    if (report.isWordChanged) this.#judge(pool);
  }

  #refresh(backend: BackendRecord): void {
    const was = { atMs: backend.sinceMs, state: backend.state, reason: backend.reason };
    const state = stateOf(backend);
    if (state !== was.state) backend.sinceMs = this.#clock.wallMs();
    backend.state = state;
    backend.reason = reasonOf(backend, healthRuleOf(this.#poolOf(backend).config).fall);
    if (state !== was.state) this.#stateListeners.tell({ backend, was });
  }

  #recordOf(backend: RosterBackend): BackendRecord | null {
    const record = this.#members.backendInSlot(backend.slot);
    return record?.id === backend.id ? record : null;
  }

  #poolOf(backend: RosterBackend): PoolRecord {
    const pool = this.#members.pools.find(({ name }) => name === backend.pool);
    if (pool === undefined) throw new RosterError('pool-not-found', 404, `there is no pool ${backend.pool}`);
    return pool;
  }

  #tell(level: EventLevel, kind: string, subject: string, text: string, origin: Origin): void {
    this.#journal.add({ level, kind, subject, text, origin });
  }
}
