/** Finds what a path or a query of the admin API names, or says that there is no such thing. */
import type { Roster } from '../roster/roster.ts';
import type { RosterBackend, RosterPool } from '../roster/roster-model.ts';
import { ProblemError } from './problems.ts';

export function findPool(roster: Roster, name: string): RosterPool {
  const pool = roster.pool(name);
  if (pool === undefined) throw new ProblemError(404, 'pool-not-found', `There is no pool ${JSON.stringify(name)}.`);
  return pool;
}

export function findBackend(roster: Roster, poolName: string, name: string): RosterBackend {
  const pool = findPool(roster, poolName);
  const backend = roster.backend(pool.name, name);
  if (backend !== undefined) return backend;
  const members = pool.backends.filter(({ entry, isRemoved }) => entry === name && !isRemoved);
  const hint =
    members.length === 0 ? '' : ` Its addresses are backends: ${members.map((each) => each.name).join(', ')}.`;
  const detail = `There is no backend ${JSON.stringify(name)} in pool ${JSON.stringify(pool.name)}.${hint}`;
  throw new ProblemError(404, 'backend-not-found', detail);
}
