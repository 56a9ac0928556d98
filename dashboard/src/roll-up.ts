/**
 * The state of a pool, and of everything, in one word: the worst case, in the words that the API
 * and the command line use as well. Pure; used by the screens, the page's title and its icon.
 */
import type { BackendState, BackendStatus, PoolStatus } from '../../src/protocol/admin-api.ts';

/** How bad it is. Decides the shape and the colour beside the words. */
export type Severity = 'up' | 'unchecked' | 'degraded' | 'down';

export interface RollUp {
  readonly severity: Severity;
  /** `all up`, `degraded 2 of 3`, `down`, `unchecked`, `no backends`. */
  readonly words: string;
  readonly upCount: number;
  readonly count: number;
}

/** Backends that are on their way out count no more. */
export function rollUpPool(pool: Pick<PoolStatus, 'backends'>): RollUp {
  const present = pool.backends.filter((backend) => !backend.isRemoved);
  const count = present.length;
  const upCount = present.filter((backend) => backend.state === 'up').length;
  const uncheckedCount = present.filter((backend) => backend.state === 'unknown').length;
  const counts = { upCount, count };
  if (count === 0) return { severity: 'down', words: 'no backends', ...counts };
  if (upCount === count) return { severity: 'up', words: 'all up', ...counts };
  if (upCount > 0) return { severity: 'degraded', words: `degraded ${upCount} of ${count}`, ...counts };
  if (uncheckedCount > 0) return { severity: 'unchecked', words: 'unchecked', ...counts };
  return { severity: 'down', words: 'down', ...counts };
}

const ORDER: readonly Severity[] = ['up', 'unchecked', 'degraded', 'down'];

/** The worst pool speaks for all: `all up`, `2 of 5 pools degraded`, `api down`. */
export function rollUpAll(pools: readonly Pick<PoolStatus, 'name' | 'backends'>[]): {
  readonly severity: Severity;
  readonly words: string;
} {
  if (pools.length === 0) return { severity: 'unchecked', words: 'no pools' };
  const rolled = pools.map((pool) => ({ name: pool.name, ...rollUpPool(pool) }));
  const severity = rolled.reduce<Severity>(
    (worst, pool) => (ORDER.indexOf(pool.severity) > ORDER.indexOf(worst) ? pool.severity : worst),
    'up',
  );
  if (severity === 'up') return { severity, words: 'all up' };
  const affected = rolled.filter((pool) => pool.severity === severity);
  const only = affected.length === 1 ? affected[0] : undefined;
  if (only !== undefined) return { severity, words: pools.length === 1 ? only.words : `${only.name} ${only.words}` };
  return { severity, words: `${affected.length} of ${pools.length} pools ${severity}` };
}

/** The state in words, as a person says it: with what is left to do where that is known. */
export function stateWords(backend: Pick<BackendStatus, 'state' | 'inFlight' | 'isRemoved'>): string {
  if (backend.isRemoved) return `leaving, ${backend.inFlight} left`;
  if (backend.state === 'draining') return backend.inFlight > 0 ? `draining, ${backend.inFlight} left` : 'drained';
  return STATE_WORDS[backend.state];
}

const STATE_WORDS: Readonly<Record<BackendState, string>> = {
  up: 'up',
  down: 'down',
  unknown: 'unchecked',
  ejected: 'ejected',
  draining: 'draining',
  maintenance: 'maintenance',
  unresolved: 'unresolved',
};

/** Whether the operator should look at it: a fault, as against something that was asked for. */
export function needsAttention(backend: BackendStatus): boolean {
  return (
    !backend.isRemoved && (backend.state === 'down' || backend.state === 'ejected' || backend.state === 'unresolved')
  );
}

/** Worst first, for sorting by state. */
export const STATE_RANK: Readonly<Record<BackendState, number>> = {
  down: 0,
  unresolved: 1,
  ejected: 2,
  unknown: 3,
  draining: 4,
  maintenance: 5,
  up: 6,
};
