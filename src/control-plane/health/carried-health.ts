/**
 * What is known of the backends' health, from one process to the next: without it the new one
 * would send requests to backends that are down, until it has checked them as often as `fall` says.
 *
 * It is told to the new roster as results of checks, for that is what it was, and checked again at
 * once like everything else. Ejections by outlier detection are not carried over: what was seen in
 * live traffic is seen anew.
 */
import type { CarriedHealth } from '../../protocol/handover.ts';
import type { Roster } from '../roster/roster.ts';
import { healthRuleOf } from './health-state.ts';

/** The backends that have been checked; those that nobody knows yet are left out. */
export function healthToCarry(roster: Roster): CarriedHealth[] {
  return roster.pools.flatMap((pool) =>
    pool.backends.flatMap(({ name, url, health, isRemoved, lastCheck, reason }) => {
      if (isRemoved || health === 'unknown' || lastCheck === null) return [];
      // It may be down for what was seen in live traffic, after a check that it has passed.
      const isPass = health === 'healthy';
      const check = lastCheck.isPass === isPass ? lastCheck : { ...lastCheck, isPass, detail: reason };
      return [{ pool: pool.name, backend: name, url, health, check }];
    }),
  );
}

/** To be called before anything is checked. A backend whose URL has changed is another one. */
export function carryHealth(roster: Roster, carried: readonly CarriedHealth[]): void {
  for (const { pool, backend: name, url, health, check } of carried) {
    const backend = roster.backend(pool, name);
    const config = roster.pool(pool)?.config;
    if (backend === undefined || config === undefined || backend.url !== url) continue;
    const times = health === 'healthy' ? 1 : healthRuleOf(config).fall;
    for (let time = 0; time < times; time++) roster.reportCheck(backend, check);
  }
}
