/**
 * A roster over fresh shared memory, with what a test asks of it.
 */
import type { Config } from '../../src/config/schema.ts';
import type { RuntimeChanges } from '../../src/control-plane/changes/runtime-changes.ts';
import { Journal } from '../../src/control-plane/journal.ts';
import { Roster } from '../../src/control-plane/roster/roster.ts';
import { type RosterBackend, RosterError } from '../../src/control-plane/roster/roster-model.ts';
import { BACKEND_SHARED, POOL_BOARD, State } from '../../src/state/layout.ts';
import { FakeClock } from './fake-clock.ts';
import { makeConfig } from './make-config.ts';

const HEALTH_RULE = { path: '/healthz', interval: '30s', fastInterval: '2s', timeout: '3s', rise: 2, fall: 3 };

/** As the config file has them. */
export interface PoolSettings {
  readonly backends: readonly unknown[];
  readonly [setting: string]: unknown;
}

/** How often the balancer sweeps. */
const SWEEP_MS = 250;

/** A config of these pools, each with health checks by `GET /healthz`. */
export const configOf = (pools: Readonly<Record<string, PoolSettings>>): Config =>
  makeConfig({
    pools: Object.fromEntries(Object.entries(pools).map(([name, pool]) => [name, { health: HEALTH_RULE, ...pool }])),
    routes: [{ pool: Object.keys(pools)[0] }],
  });

/** A backend on this port. */
export const at = (port: number, name: string, more = {}): unknown => ({
  url: `http://127.0.0.1:${port}`,
  name,
  ...more,
});
/** Two backends, b1 and b2. */
export const WEB = { web: { backends: [at(8081, 'b1'), at(8082, 'b2')] } };

/** Room for 2 workers, 4 pools and 8 backends. */
export function makeRoster(config: Config, changes?: RuntimeChanges) {
  const state = State.create({ workers: 2, pools: 4, backends: 8, routes: 8 });
  const clock = new FakeClock();
  const journal = new Journal();
  const roster = new Roster({ state, config, journal, clock, ...(changes === undefined ? {} : { changes }) });
  const backend = (name: string, pool = 'web'): RosterBackend => {
    const found = roster.backend(pool, name);
    if (found === undefined) throw new Error(`no backend ${pool}/${name}`);
    return found;
  };
  const pool = (name = 'web') => {
    const found = roster.pool(name);
    if (found === undefined) throw new Error(`no pool ${name}`);
    return found;
  };
  return {
    state,
    clock,
    journal,
    roster,
    backend,
    pool,
    word: (of: RosterBackend, cell: number) => Atomics.load(state.board, state.backendBoard(of.slot) + cell),
    version: (name = 'web') => Atomics.load(state.board, state.poolBoard(pool(name).slot) + POOL_BOARD.VERSION),
    check: (name: string, isPass: boolean, detail = isPass ? 'status 200' : 'status 503') =>
      roster.reportCheck(backend(name), { atMs: 0, isPass, detail, durationMs: 1 }),
    /** Lets time pass, with its sweeps; every worker follows the latest plan. */
    pass: (ms: number) => {
      for (const endMs = clock.nowMs + ms; clock.nowMs < endMs; ) {
        clock.nowMs = Math.min(endMs, clock.nowMs + SWEEP_MS);
        roster.sweep(Number.MAX_SAFE_INTEGER);
      }
    },
    setInFlight: (slot: number, count: number) =>
      Atomics.store(state.shared, state.backendShared(slot) + BACKEND_SHARED.IN_FLIGHT, count),
    kinds: () => journal.latest(100).map(({ kind }) => kind),
    lastText: () => journal.latest(1)[0]?.text ?? '',
  };
}

/** For `assert.throws`: a `RosterError` of this code and status. */
export const failsWith =
  (code: string, status: number) =>
  (error: unknown): boolean =>
    error instanceof RosterError && error.code === code && error.status === status;
