/** Builds the plan of a data plane from what a test cares about; the rest are the product's defaults. */
import type { Plan, PlanBackend, PlanPool } from '../../src/protocol/worker.ts';
import type { HEALTH } from '../../src/state/layout.ts';

export interface BackendSpec {
  readonly name: string;
  readonly port: number;
  /** Default 127.0.0.1; null is a name that does not resolve. */
  readonly address?: string | null;
  readonly weight?: number;
  readonly maxConnections?: number;
  readonly isBackup?: boolean;
  readonly health?: keyof typeof HEALTH;
}

export interface PoolSpec {
  /** Default `web`. */
  readonly name?: string;
  /** Default `round-robin`. */
  readonly policy?: string;
  readonly backends: readonly BackendSpec[];
  readonly fall?: number;
  readonly retry?: Partial<PlanPool['retry']>;
  readonly queue?: Partial<PlanPool['queue']>;
  readonly gatewayErrors?: number;
  readonly panicPercent?: number;
  readonly timeouts?: Partial<PlanPool['timeouts']>;
  readonly idleConnections?: Partial<PlanPool['idleConnections']>;
}

export interface PlanSpec {
  readonly pools: readonly PoolSpec[];
  /** By the pool's name; default: everything to the first pool. */
  readonly routes?: readonly { readonly host?: string; readonly path?: string; readonly pool: string }[];
  readonly viaName?: string;
  readonly client?: Partial<Plan['client']>;
  readonly limits?: Partial<Plan['limits']>;
  readonly trust?: Plan['trust'];
  readonly accessLog?: Plan['accessLog'];
  readonly failureField?: string;
}

/** Gives slots to names, the same name always the same one. */
export class SlotBook {
  readonly #slots = new Map<string, number>();

  slot(name: string): number {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    this.#slots.set(name, this.#slots.size);
    return this.#slots.size - 1;
  }

  /** The slot of a name that must be known. */
  known(name: string): number {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new Error(`no slot for "${name}"`);
    return slot;
  }
}

function buildPool(pool: PoolSpec, pools: SlotBook, backends: SlotBook): PlanPool {
  const name = pool.name ?? 'web';
  return {
    slot: pools.slot(name),
    name,
    backends: pool.backends.map(
      ({ name: backend, port, address = '127.0.0.1', maxConnections = 0, isBackup = false }): PlanBackend => ({
        slot: backends.slot(backend),
        name: backend,
        authority: `${address ?? 'unresolved.example'}:${port}`,
        address,
        port,
        maxConnections,
        isBackup,
      }),
    ),
    fall: pool.fall ?? 3,
    retry: {
      attempts: 3,
      bodyBytes: 65_536,
      timeoutMs: 60_000,
      attemptTimeoutMs: 0,
      statuses: [],
      budgetPercent: 20,
      budgetPerSecond: 10,
      ...pool.retry,
    },
    queue: { size: 1_000, timeoutMs: 5_000, ...pool.queue },
    gatewayErrors: pool.gatewayErrors ?? 5,
    panicPercent: pool.panicPercent ?? 0,
    timeouts: {
      connectMs: 2_000,
      responseHeadMs: 30_000,
      bodyIdleMs: 30_000,
      tunnelIdleMs: 3_600_000,
      ...pool.timeouts,
    },
    idleConnections: { max: 256, timeoutMs: 4_000, ...pool.idleConnections },
  };
}

/** The plan for `spec`, listening on `port`. */
export function buildPlan(spec: PlanSpec, port: number, revision: number, pools: SlotBook, backends: SlotBook): Plan {
  const built = spec.pools.map((pool) => buildPool(pool, pools, backends));
  const routes = spec.routes ?? [{ pool: built[0]?.name ?? 'web' }];
  return {
    revision,
    listeners: [{ name: 'web', host: '127.0.0.1', port }],
    routes: routes.map(({ host = null, path = null, pool }, slot) => ({ host, path, pool: pools.known(pool), slot })),
    pools: built,
    viaName: spec.viaName ?? 'ballast',
    client: {
      requestHeadTimeoutMs: 10_000,
      bodyIdleTimeoutMs: 30_000,
      keepAliveTimeoutMs: 60_000,
      writeIdleTimeoutMs: 30_000,
      // Tests shorten the window in which the pace is taken; only the one about the pace asks for one.
      bodyBytesPerSecond: 0,
      ...spec.client,
    },
    limits: {
      headBytes: 32_768,
      fields: 200,
      targetBytes: 16_384,
      bodyBytes: 0,
      pipelineBytes: 65_536,
      chunkExtensionBytes: 16_384,
      trailerBytes: 16_384,
      connections: 20_000,
      connectionsPerClient: 0,
      ...spec.limits,
    },
    trust: spec.trust ?? [],
    accessLog: spec.accessLog ?? null,
    failureField: spec.failureField ?? null,
  };
}
