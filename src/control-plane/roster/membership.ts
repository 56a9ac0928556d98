/**
 * Which pools and backends there are: who comes, who stays, who leaves.
 *
 * The part of the roster that gives out and takes back rows of shared memory. A backend or pool
 * that stays keeps its row, and so its counters, health and turn counters. One that leaves stays
 * visible while its requests finish; its row is given out again only after every worker has
 * applied a plan without it and nothing of it has been in flight, in any worker, for two sweeps
 * in a row: a worker settles its counters in the same turn of its event loop in which it lowers
 * the in-flight word, and the second sweep is sure to come after that turn.
 */
import { isIP } from 'node:net';
import { formatAddress } from '../../config/addresses.ts';
import { BACKEND_GAUGES, FULL_RAMP, type State } from '../../state/layout.ts';
import type { WantedBackend, WantedPool } from '../changes/runtime-changes.ts';
import { type Clock, momentOf } from '../clock.ts';
import { UNCHECKED } from '../health/health-state.ts';
import { inFlightOf } from './board.ts';
import { beginLeaving, stopLeaving } from './leaving.ts';
import { type BackendRecord, type Origin, type PoolRecord, RosterError } from './roster-model.ts';
import { clearBackendSlot, clearPoolSlot, Slots } from './slots.ts';

const RESTING_SWEEPS = 2;

/** Who came and went. */
export interface Turnover {
  readonly added: readonly BackendRecord[];
  /** Begun to leave. */
  readonly leaving: readonly BackendRecord[];
  /** Ready again, after a drain or maintenance. */
  readonly returned: readonly BackendRecord[];
  readonly addedPools: readonly PoolRecord[];
  readonly leavingPools: readonly PoolRecord[];
}

export class Membership {
  readonly pools: PoolRecord[] = [];
  readonly #state: State;
  readonly #clock: Clock;
  readonly #poolSlots: Slots;
  readonly #backendSlots: Slots;
  readonly #bySlot: (BackendRecord | undefined)[] = [];
  #nextId = 1;

  constructor(state: State, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
    this.#poolSlots = new Slots(state.capacity.pools);
    this.#backendSlots = new Slots(state.capacity.backends);
  }

  /** The backend in this row, unless it is leaving. */
  backendInSlot(slot: number): BackendRecord | null {
    const backend = this.#bySlot[slot];
    return backend === undefined || backend.isRemoved ? null : backend;
  }

  /**
   * Why `wanted` does not fit into shared memory, or null where it does. Rows of those that are
   * leaving count as taken.
   */
  shortage(wanted: readonly WantedPool[]): string | null {
    const pools = wanted.filter(({ config }) => !this.pools.some(({ name }) => name === config.name)).length;
    const backends = this.#fresh(wanted);
    const { capacity } = this.#state;
    if (pools > this.#poolSlots.freeCount)
      return `there is no room for ${pools} more pools (room in all: ${capacity.pools})`;
    if (backends > this.#backendSlots.freeCount) {
      return `there is no room for ${backends} more backends (room in all: ${capacity.backends})`;
    }
    return null;
  }

  /** How many rows for backends `wanted` would need beyond those that are free; 0 where it fits. */
  missingRows(wanted: readonly WantedPool[]): number {
    return Math.max(0, this.#fresh(wanted) - this.#backendSlots.freeCount);
  }

  /** How many of the wanted backends have no row yet. */
  #fresh(wanted: readonly WantedPool[]): number {
    let count = 0;
    for (const { config, backends } of wanted) {
      const pool = this.pools.find(({ name }) => name === config.name);
      for (const backend of backends) if (!pool?.backends.some((record) => isSame(record, backend))) count++;
    }
    return count;
  }

  /** Makes the pools as wanted. `nextRevision` is the first plan that shows it. Throws `RosterError` when full. */
  reconcile(wanted: readonly WantedPool[], nextRevision: number, origin: Origin): Turnover {
    const shortage = this.shortage(wanted);
    if (shortage !== null) throw new RosterError('capacity-exceeded', 507, `${shortage}; a restart makes more`);
    const added: BackendRecord[] = [];
    const leaving: BackendRecord[] = [];
    const returned: BackendRecord[] = [];
    const addedPools: PoolRecord[] = [];
    const leavingPools: PoolRecord[] = [];
    const present = wanted.map((want) => {
      let pool = this.pools.find(({ name }) => name === want.config.name);
      if (pool === undefined || pool.isRemoved) addedPools.push((pool ??= this.#newPool(want)));
      pool.isRemoved = false;
      pool.config = want.config;
      pool.policy = want.policy;
      this.#reconcileBackends(pool, want.backends, nextRevision, origin, { added, leaving, returned });
      return pool;
    });
    const gone = this.pools.filter((pool) => !present.includes(pool));
    for (const pool of gone) {
      if (pool.isRemoved) continue;
      pool.isRemoved = true;
      pool.removedInRevision = nextRevision;
      leavingPools.push(pool);
      for (const backend of pool.backends) this.#leave(pool, backend, nextRevision, origin, leaving);
    }
    this.pools.splice(0, this.pools.length, ...present, ...gone);
    return { added, leaving, returned, addedPools, leavingPools };
  }

  /**
   * Lets go of those that have left. `appliedRevision` is the oldest plan that any worker still
   * follows. Answers who is gone for good.
   */
  sweep(appliedRevision: number): BackendRecord[] {
    const gone: BackendRecord[] = [];
    for (const pool of [...this.pools]) {
      for (const backend of pool.backends) {
        if (!backend.isRemoved) continue;
        const isResting = appliedRevision >= backend.removedInRevision && this.#isResting(backend.slot);
        backend.restingSweeps = isResting ? backend.restingSweeps + 1 : 0;
      }
      // A removed pool goes as a whole: a request of it may still turn from one backend to another.
      const isHeld = pool.isRemoved && pool.backends.some(({ restingSweeps }) => restingSweeps < RESTING_SWEEPS);
      pool.backends = pool.backends.filter((backend) => {
        if (!backend.isRemoved || isHeld || backend.restingSweeps < RESTING_SWEEPS) return true;
        clearBackendSlot(this.#state, backend.slot);
        this.#bySlot[backend.slot] = undefined;
        this.#backendSlots.give(backend.slot);
        gone.push(backend);
        return false;
      });
      if (pool.isRemoved && pool.backends.length === 0 && appliedRevision >= pool.removedInRevision) {
        this.pools.splice(this.pools.indexOf(pool), 1);
        clearPoolSlot(this.#state, pool.slot);
        this.#poolSlots.give(pool.slot);
      }
    }
    return gone;
  }

  #newPool(want: WantedPool): PoolRecord {
    const slot = this.#poolSlots.take();
    if (slot === null) throw new Error('no free pool slot although the shortage check passed');
    const { config, policy } = want;
    return {
      id: this.#nextId++,
      slot,
      name: config.name,
      config,
      policy,
      backends: [],
      isPanic: false,
      isRemoved: false,
      removedInRevision: 0,
    };
  }

  #reconcileBackends(
    pool: PoolRecord,
    wanted: readonly WantedBackend[],
    nextRevision: number,
    origin: Origin,
    { added, leaving, returned }: Record<'added' | 'leaving' | 'returned', BackendRecord[]>,
  ): void {
    const present = wanted.map((want) => {
      let backend = pool.backends.find((record) => isSame(record, want));
      if (backend === undefined || backend.isRemoved) added.push((backend ??= this.#newBackend(pool.name, want)));
      backend.isRemoved = false;
      backend.removedInRevision = 0;
      backend.restingSweeps = 0;
      backend.addresses = want.addresses;
      backend.url = want.url;
      backend.weight = want.weight;
      backend.maxConnections = want.maxConnections;
      backend.isBackup = want.isBackup;
      if (backend.mode !== want.mode) backend.modeOrigin = origin;
      if (backend.mode !== want.mode && want.mode === 'ready') returned.push(backend);
      backend.mode = want.mode;
      if (want.mode === 'ready') stopLeaving(backend);
      else this.#beginLeaving(pool, backend);
      backend.origin = want.origin;
      return backend;
    });
    const gone = pool.backends.filter((backend) => !present.includes(backend));
    const taken = new Set(present.map(({ name }) => name));
    for (const backend of gone) {
      // Another server has taken its name: while the old one finishes, it goes by name and address.
      if (taken.has(backend.name)) backend.name = freeName(`${backend.name} (${formatAddress(backend)})`, taken);
      taken.add(backend.name);
      this.#leave(pool, backend, nextRevision, origin, leaving);
    }
    pool.backends = [...present, ...gone];
  }

  #newBackend(pool: string, want: WantedBackend): BackendRecord {
    const slot = this.#backendSlots.take();
    if (slot === null) throw new Error('no free backend slot although the shortage check passed');
    const address = isIP(want.host) === 0 ? want.address : want.host;
    const backend: BackendRecord = {
      ...want,
      ...UNCHECKED,
      id: this.#nextId++,
      slot,
      pool,
      address,
      isEjected: false,
      ejectedUntilMs: null,
      ejections: 0,
      ejectionsTotal: 0,
      ramp: FULL_RAMP,
      cutAtMs: null,
      inFlightAtLeave: null,
      reason: '',
      sinceMs: this.#clock.wallMs(),
      lastCheck: null,
      nextCheckMs: null,
      isRemoved: false,
      state: 'unknown',
      healthReason: 'not checked yet',
      modeOrigin: 'the run-time state file',
      addressError: address === null ? `${want.host} is not resolved yet` : '',
      removedInRevision: 0,
      restingSweeps: 0,
      ejectionReason: '',
      readmitDueMs: 0,
      calmSinceMs: 0,
      quietUntilMs: 0,
      rampSinceMs: null,
      cutDueMs: null,
      isCut: false,
    };
    this.#bySlot[slot] = backend;
    return backend;
  }

  #leave(
    pool: PoolRecord,
    backend: BackendRecord,
    nextRevision: number,
    origin: Origin,
    leaving: BackendRecord[],
  ): void {
    if (backend.isRemoved) return;
    this.#beginLeaving(pool, backend);
    backend.isRemoved = true;
    backend.removedInRevision = nextRevision;
    backend.restingSweeps = 0;
    backend.modeOrigin = origin;
    backend.nextCheckMs = null;
    leaving.push(backend);
  }

  #beginLeaving(pool: PoolRecord, backend: BackendRecord): void {
    const inFlight = inFlightOf(this.#state, backend.slot);
    beginLeaving(backend, inFlight, pool.config.drainTimeoutMs, momentOf(this.#clock));
  }

  /** Nothing in flight and no connection open, in any worker. */
  #isResting(slot: number): boolean {
    if (inFlightOf(this.#state, slot) !== 0) return false;
    for (let worker = 0; worker < this.#state.capacity.workers; worker++) {
      const at = this.#state.backendGauges(worker, slot);
      for (const gauge of [BACKEND_GAUGES.IN_FLIGHT, BACKEND_GAUGES.CONNECTIONS]) {
        if (Atomics.load(this.#state.gauges, at + gauge) !== 0) return false;
      }
    }
    return true;
  }
}

/** Whether the record is this very server under this very name. */
function isSame(record: BackendRecord, want: WantedBackend): boolean {
  return record.name === want.name && record.host === want.host && record.port === want.port;
}

function freeName(wish: string, taken: ReadonlySet<string>): string {
  let name = wish;
  for (let number = 2; taken.has(name); number++) name = `${wish} ${number}`;
  return name;
}
