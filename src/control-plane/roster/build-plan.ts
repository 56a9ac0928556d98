/**
 * From config and roster to the plan that workers carry out: pure, but for this process's own id.
 *
 * A removed backend or pool is not in it, so that a worker forgets it once its requests are done.
 */
import { randomBytes } from 'node:crypto';
import { formatAddress } from '../../config/addresses.ts';
import type { Config } from '../../config/schema.ts';
import type { Plan, PlanPool } from '../../protocol/worker.ts';
import { healthRuleOf } from '../health/health-state.ts';
import type { RosterPool } from './roster-model.ts';

/**
 * Tells this process from every other: two balancers in a row may share the name in `via`, and
 * only a request that comes back to the very same one is in a loop.
 */
const INSTANCE = randomBytes(3).toString('hex');

/** The plan of this revision. `routeSlots`: the row of each route of the config. A route whose pool is gone is left out; the loader refuses such a file. */
export function buildPlan(
  config: Config,
  pools: readonly RosterPool[],
  routeSlots: readonly number[],
  revision: number,
): Plan {
  const present = pools.filter((pool) => !pool.isRemoved);
  const slots = new Map(present.map((pool) => [pool.name, pool.slot]));
  return {
    revision,
    listeners: config.listeners.map(({ name, address }) => ({ name, host: address.host, port: address.port })),
    routes: config.routes.flatMap(({ host, path, pool: name }, index) => {
      const pool = slots.get(name);
      return pool === undefined ? [] : [{ host, path, pool, slot: routeSlots[index] ?? 0 }];
    }),
    pools: present.map(toPlanPool),
    viaName: `${config.via}-${INSTANCE}`,
    client: { ...config.client },
    limits: { ...config.limits },
    trust: [...config.forwarded.trust],
    accessLog: config.accessLog,
    failureField: config.failureField,
  };
}

function toPlanPool(pool: RosterPool): PlanPool {
  const { retry, timeouts, idleConnections, queue, outlier, panicPercent } = pool.config;
  return {
    slot: pool.slot,
    name: pool.name,
    backends: pool.backends
      .filter((backend) => !backend.isRemoved)
      .map((backend) => ({
        slot: backend.slot,
        name: backend.name,
        authority: formatAddress(backend),
        address: backend.address,
        port: backend.port,
        maxConnections: backend.maxConnections,
        isBackup: backend.isBackup,
      })),
    fall: healthRuleOf(pool.config).fall,
    retry: { ...retry },
    queue: { ...queue },
    gatewayErrors: outlier.maxSharePercent === 0 ? 0 : outlier.gatewayErrors,
    panicPercent,
    timeouts: { ...timeouts },
    idleConnections: { ...idleConnections },
  };
}
